import { parseGguf } from "../gguf.ts";
import { claimOf } from "./claims.ts";
import { MAX_BYTES } from "./contents.ts";
import { configurationLimits, fieldOf, scalarsIn } from "./json.ts";
import { readAt } from "./place.ts";
import { utf8Text, wholeFile } from "./text.ts";
import type { DirectoryView } from "./view.ts";

/** A chat template and where it stands. */
export interface DirectoryTemplate {
  readonly path: string;
  /** The field inside the file, such as `$.chat_template[0].template`; null when the file is the template. */
  readonly field: string | null;
  readonly text: string;
}

/**
 * Every text of a directory that an engine could take as a chat template: template files, and in JSON and GGUF files
 * whatever stands under a key that begins with `chat_template`. One file's templates are in memory at a time.
 */
export function* templatesIn(view: DirectoryView): Generator<DirectoryTemplate> {
  for (const { path, kind } of view.entries) {
    if (kind !== "file") continue;
    const claim = claimOf(path);
    if (!("sort" in claim)) continue;
    if (claim.sort === "template") {
      yield {
        path,
        field: null,
        text: readAt(view, path, (source) => utf8Text(wholeFile(source, MAX_BYTES.template))),
      };
    } else if (claim.sort === "configuration") yield* inJson(view, path);
    else if (claim.sort === "gguf") yield* inGguf(view, path);
  }
}

function inJson(view: DirectoryView, path: string): readonly DirectoryTemplate[] {
  return readAt(view, path, (source) => {
    const found: DirectoryTemplate[] = [];
    for (const { event, text, path: steps } of scalarsIn(source, configurationLimits(path))) {
      if (event !== "string" || !isTemplate(steps)) continue;
      found.push({ path, field: fieldOf(steps), text });
    }
    return found;
  });
}

/** Under `chat_template…` everything is a template but the names of named ones. */
function isTemplate(steps: readonly (string | number)[]): boolean {
  const isNamed = steps.at(-1) === "name" && typeof steps.at(-2) === "number";
  return !isNamed &&
    steps.some((step) => typeof step === "string" && /^(?:default_)?chat_template/.test(step));
}

function inGguf(view: DirectoryView, path: string): readonly DirectoryTemplate[] {
  return readAt(view, path, (source) => {
    const { chatTemplates } = parseGguf(source);
    return chatTemplates.map(({ key, text }) => ({ path, field: key, text }));
  });
}
