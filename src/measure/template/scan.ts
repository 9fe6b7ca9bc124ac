import type { Place } from "../../model/errors.ts";
import { type Finding, finding } from "../../model/finding.ts";
import { unescapeText } from "./escapes.ts";
import { nameKind } from "./names.ts";

const WORD = /[\p{L}\p{Nd}_]+/gu;
const ATTR_FILTER = /\|\s*attr\b|\bmap\s*\(\s*(?:attribute\s*=|['"]attr['"])/;
const OWN_OBJECTS = /(?<![.\w'"])(?:cycler|joiner|lipsum|self|get_flashed_messages|url_for)\s*(?:[.|[(])/;
/** Pieces of a double underscore: `'_'`, `"__cla"`, `'_'*2`, `%c`, `(95)`. */
const PIECES = /['"]_+['"]|['"]__|__['"]|%c/;
const LOADING = /\{%[-+]?\s*(?:include|import|from|extends)\b/;

/**
 * What is left to look at when a text cannot be parsed: its words, escapes read, wherever they stand. Stricter than
 * the tree, so that nobody gains by breaking the syntax.
 */
export function scanUnparsable(text: string, where: Place): readonly Finding[] {
  const plain = unescapeText(text);
  const findings: Finding[] = [];
  const internal = firstInternal(plain);
  if (internal !== undefined) {
    const message = `The template cannot be read, and holds the internal name ${internal.slice(0, 80)}`;
    findings.push(finding("template/object-walk", message, where));
  }
  const more = [
    ["template/attr-filter", ATTR_FILTER, "reads attributes by the attr filter"],
    ["template/gadget", OWN_OBJECTS, "uses an object that leads out of it"],
    ["template/computed-name", PIECES, "holds pieces of internal names"],
    ["template/include", LOADING, "loads another template"],
  ] as const;
  for (const [rule, pattern, what] of more) {
    if (pattern.test(plain)) findings.push(finding(rule, `The template cannot be read, and ${what}`, where));
  }
  return findings;
}

function firstInternal(text: string): string | undefined {
  for (const [word] of text.matchAll(WORD)) {
    if (nameKind(word) === "internal") return word;
  }
  return undefined;
}
