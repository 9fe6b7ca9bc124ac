import { StartupError } from "../model/mod.ts";

/** Path of a key inside a document: names for mappings, numbers for lists. */
export type KeyPath = readonly (string | number)[];

/** One-based, as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Something wrong in a configuration file. A file with any problem is not used at all. */
export interface Problem {
  /** `syntax`: not the YAML we read. `schema`: a key or value we do not know. `forbidden`: known, and not allowed. */
  readonly kind: "syntax" | "schema" | "forbidden";
  readonly path: KeyPath;
  /** What `path` is about: the key itself (it should not be there) or its value. */
  readonly about: "key" | "value";
  readonly message: string;
}

/** A problem with its place in the text; `position` is `null` for what was never text. */
export interface PlacedProblem extends Problem {
  readonly position: Position | null;
}

/** `policy.yaml:12:3: quarantine.scaner_missing: unknown key; did you mean scanner_missing?` */
export function formatProblem(file: string, problem: PlacedProblem): string {
  const { position } = problem;
  const place = position === null ? file : `${file}:${position.line}:${position.column}`;
  const key = formatPath(problem.path);
  return key === "" ? `${place}: ${problem.message}` : `${place}: ${key}: ${problem.message}`;
}

export function formatPath(path: KeyPath): string {
  return path.map((step, i) => typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`).join("");
}

/** The codes one kind of file fails with. */
export interface FileCodes {
  readonly syntax: StartupError["code"];
  readonly schema: StartupError["code"];
  readonly forbidden: StartupError["code"];
}

/** One error that lists every problem, one a line, under the code of the gravest kind. */
export function startupError(
  file: string,
  codes: FileCodes,
  problems: readonly PlacedProblem[],
): StartupError {
  const gravest =
    (["syntax", "schema", "forbidden"] as const).find((kind) => problems.some((p) => p.kind === kind)) ??
      "schema";
  return new StartupError(codes[gravest], problems.map((p) => formatProblem(file, p)).join("\n"));
}
