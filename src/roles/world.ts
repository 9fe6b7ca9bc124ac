import type { Pipeline, Sha256 } from "../model/mod.ts";
import type { Allowlist } from "../policy/sources.ts";
import type { ModelsLock } from "../policy/lock.ts";
import type { PinSet } from "../policy/pin_set.ts";
import type { EarlySandbox } from "./early_examiner.ts";
import type { Environment } from "./environment.ts";

/** A trusted_root.json as it was read. */
export interface TrustRootText {
  readonly name: string;
  readonly text: string;
}

/** What stages 1, 3 and 4 compare with; the other stages need nothing but the artifact. */
export interface StageInputs {
  readonly allowlist: Allowlist;
  readonly lock: ModelsLock;
  readonly catalog: PinSet;
  /** What earlier promotions recorded; asked anew for each artifact. */
  readonly recorded: () => PinSet;
  /** The pinned trusted_root.json files the policy names. */
  readonly trustRoots: readonly TrustRootText[];
  /** The digest the caller says it must be. */
  readonly expected?: Sha256;
}

/** Everything of the outside that a role may use. */
export interface World {
  readonly env: Environment;
  /** The directory of main.ts. */
  readonly programRoot: string;
  readonly now: () => Date;
  readonly hostname: () => string;
  readonly stdout: Screen;
  readonly stderr: Screen;
  /** An examiner's sandbox that was opened before the rest of the program was loaded, where one was. */
  readonly early?: EarlySandbox;
  /** The seven stages, handed in by the composition root. */
  pipeline(inputs: StageInputs): Promise<Pipeline>;
}

/** A stream of text for a person or a program. */
export interface Screen {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** A terminal that wants colours (no NO_COLOR). */
  readonly colours: boolean;
}

/** Exit codes of the program. */
export const EXIT = { passed: 0, refused: 1, usage: 2, undecided: 3 } as const;
export type ExitCode = typeof EXIT[keyof typeof EXIT];

/** For several paths: the first of 2, 3, 1, 0 that occurred. */
export function worst(codes: readonly ExitCode[]): ExitCode {
  for (const code of [EXIT.usage, EXIT.undecided, EXIT.refused]) if (codes.includes(code)) return code;
  return EXIT.passed;
}
