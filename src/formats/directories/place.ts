import { FormatError } from "../../model/errors.ts";
import type { Finding } from "../../model/finding.ts";
import type { ByteSource } from "../source.ts";
import type { DirectoryView } from "./view.ts";

/** Reads one file of the directory; every refusal names the file. */
export function readAt<T>(view: DirectoryView, path: string, use: (source: ByteSource) => T): T {
  return view.read(path, (source) => named(path, () => use(source)));
}

/** Runs a check whose refusals do not know which file they are about. */
export function named<T>(path: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof FormatError) || error.place.path !== undefined) throw error;
    throw new FormatError(error.rule, `${path}: ${error.message}`, { ...error.place, path }, {
      cause: error,
    });
  }
}

export function at(path: string, found: Finding): Finding {
  return { ...found, path };
}
