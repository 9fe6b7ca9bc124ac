import * as z from "zod";
import { type DocumentKind, loadDocument, type TextFile } from "./document.ts";
import { nearest } from "./nearest.ts";
import { type Pin, pinConflicts, PinSet } from "./pin_set.ts";
import type { Problem } from "./problem.ts";
import { FILE_NAME, NAME_LINE, SHA256 } from "./scalars.ts";

/** No catalog, no pins from it. */
export const EMPTY_CATALOG = new PinSet([]);

/** The keys read here. The rest of an entry is for whoever shows the catalog. */
const OURS = ["name", "filename", "sha256"];

const entrySchema = z.looseObject({
  name: NAME_LINE.optional(),
  filename: FILE_NAME.optional(),
  sha256: SHA256.optional(),
});
type Entry = z.output<typeof entrySchema>;

const catalogSchema = z.looseObject({ models: z.array(entrySchema).max(50_000) });

const CATALOG: DocumentKind<typeof catalogSchema> = {
  schema: catalogSchema,
  maxBytes: 4 * 2 ** 20,
  codes: { syntax: "catalog/schema", schema: "catalog/schema", forbidden: "catalog/schema" },
  check: ({ models }) => [
    ...models.flatMap(entryProblems),
    ...pinConflicts(
      models.flatMap((entry, i) => pinsOf(entry).map((pin) => ({ pin, path: ["models", i] }))),
    ),
  ],
};

/**
 * Reads the pins of model-catalog.yaml: entries with a file name and a digest. The file belongs to the service that
 * shows it, so keys of its own are its business; but a misspelt `sha256` would be a pin that is not there, and a
 * key that close to one of ours is an error.
 */
export function loadCatalog(file: TextFile): PinSet {
  return new PinSet(loadDocument(CATALOG, file).models.flatMap(pinsOf));
}

function pinsOf({ filename, sha256 }: Entry): Pin[] {
  return filename === undefined || sha256 === undefined ? [] : [{ filename, sha256, files: [] }];
}

function entryProblems(entry: Entry, index: number): Problem[] {
  const misspelt = Object.keys(entry).flatMap((key): Problem[] => {
    const near = OURS.includes(key) ? null : nearest(key, ["filename", "sha256"]);
    if (near === null) return [];
    return [{
      kind: "schema",
      path: ["models", index, key],
      about: "key",
      message: `unknown key; did you mean ${near}?`,
    }];
  });
  if (entry.sha256 === undefined || entry.filename !== undefined) return misspelt;
  return [...misspelt, {
    kind: "schema",
    path: ["models", index, "sha256"],
    about: "value",
    message: "has no effect without a filename",
  }];
}
