import type * as z from "zod";

/** Where a program that is asked about an artifact finds things, all inside its sandbox. */
export interface ToolPlaces {
  /** The artifact: an absolute path, so that no name can pass for an option. */
  readonly artifact: string;
  /** Where a tool that reports to a file puts it. */
  readonly reportFile: string;
  /** The folder of our own rules for scanners that take some. */
  readonly rules: string;
  /** Where an extra file of the job lies, such as a public key. Throws when the job has none of that name. */
  input(name: string): string;
}

/** How a run ended and what it printed. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  /** The end of it. */
  readonly stderr: string;
}

/** A run that ended with a code that is an answer. */
export interface Answered {
  readonly code: number;
  /** Its report, from where it reports to; empty when there is none. */
  readonly report: string;
  /** The end of its standard error. */
  readonly stderr: string;
}

/**
 * What an exit code means by the program's own documentation. `answer`: the report says the rest. A code that is in
 * no table is not understood.
 */
export type ExitMeaning = "answer" | "nothing-scanned" | "failed";

/**
 * One outside program that may be asked about an artifact, and everything needed to understand its answer. It runs,
 * and `read` runs beside it, in a sandbox with nothing but the artifact.
 */
export interface Tool<Report = unknown> {
  /** Its own name. */
  readonly name: string;
  /** Arguments by which it says its version. */
  readonly versionArgs: readonly string[];
  /** Finds the version in what it says; null when there is none. */
  version(said: string): string | null;
  readonly args: (places: ToolPlaces) => readonly string[];
  /** Variables it needs beside the fixed ones. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly exits: Readonly<Record<number, ExitMeaning>>;
  /** Most it may print, and the most its report may be. */
  readonly maxOutputBytes: number;
  readonly reportsTo: "stdout" | "file";
  /** What `read` makes of an answer; checked again on the other side, which does not trust the sandbox. */
  readonly report: z.ZodType<Report>;
  /** Reads an answer. Throws `UndecidedError` with a `scanner/…` rule for one that is not whole or contradicts itself. */
  read(answered: Answered, places: ToolPlaces): Report;
}
