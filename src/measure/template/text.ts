import type { Place } from "../../model/errors.ts";
import { type Finding, finding } from "../../model/finding.ts";
import type { Lexeme } from "./lexer.ts";

const URL = /\b(?:https?|ftp|wss?):\/\/([^\s/'"<>)\]}]+)|\bwww\.([a-z0-9-]+\.[a-z.]{2,})/gi;
/** Names of formats that are written like addresses, and addresses that are examples by definition. */
const HARMLESS_HOST =
  /^(?:(?:www\.)?(?:json-schema\.org|w3\.org|schema\.org)|(?:.*\.)?example\.(?:com|org|net)|localhost)(?::\d+)?$/i;
const HIDDEN = /[\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u{e0001}]/u;
/** Direction marks and joiners belong between letters of scripts that need them, and joiners into emoji. */
const MISPLACED_JOINER =
  /(?<![\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{M}\p{Extended_Pictographic}\ufe0f\p{Emoji_Modifier}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Kannada}\p{Script=Telugu}\p{Script=Tamil}])[\u200c-\u200f\u061c]/u;
/** Tag characters spell the name of a region after a black flag, and nothing else. */
const FLAG = /\u{1f3f4}[\u{e0020}-\u{e007e}]{1,6}\u{e007f}/gu;
const TAGS = /[\u{e0020}-\u{e007f}]/u;
const BLOB = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{120,}={0,2}/g;
const HEX_BLOB = /(?<![0-9a-fA-F])(?:[0-9a-fA-F]{2}){64,}/;

/** Whether a text names an address that somebody could be sent to. */
export function hasUrl(text: string): boolean {
  return firstUrl(text) !== null;
}

function firstUrl(text: string): string | null {
  for (const match of text.matchAll(URL)) {
    if (!HARMLESS_HOST.test(match[1] ?? match[2] ?? "")) return match[0];
  }
  return null;
}

/** Findings about what the template puts into the prompt as text: comments are seen by no model. */
export function examineText(lexemes: readonly Lexeme[], where: Place): readonly Finding[] {
  return lexemes.flatMap(({ kind, value, offset }) => {
    if (kind !== "text" && kind !== "string") return [];
    return textFindings(offset === 0 ? value.replace(/^\ufeff/, "") : value, where);
  });
}

function textFindings(text: string, where: Place): readonly Finding[] {
  const findings: Finding[] = [];
  const hidden = HIDDEN.exec(text) ?? MISPLACED_JOINER.exec(text) ?? TAGS.exec(text.replaceAll(FLAG, ""));
  if (hidden !== null) {
    const code = hidden[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
    const message = `The template holds the invisible character U+${code}`;
    findings.push(finding("template/invisible-text", message, { ...where, confidence: 0.8 }));
  }
  const url = firstUrl(text);
  if (url !== null) {
    const message = `The template puts the address ${url.slice(0, 120)} into the prompt`;
    findings.push(finding("template/url", message, { ...where, confidence: 0.6 }));
  }
  const blob = firstBlob(text);
  if (blob !== null) {
    const message = `The template holds ${blob.length} characters of encoded text, beginning ${
      blob.slice(0, 24)
    }`;
    findings.push(finding("template/encoded-blob", message, { ...where, confidence: 0.7 }));
  }
  return findings;
}

/** Letters of both cases and digits without a break: encoded bytes. Rules of dashes and long names are not. */
function firstBlob(text: string): string | null {
  for (const [run] of text.matchAll(BLOB)) {
    const digits = run.replaceAll(/\D/g, "").length;
    if (/[A-Z]/.test(run) && /[a-z]/.test(run) && digits > 0 && new Set(run).size > 16) return run;
  }
  return HEX_BLOB.exec(text)?.find((run) => new Set(run.toLowerCase()).size > 8) ?? null;
}
