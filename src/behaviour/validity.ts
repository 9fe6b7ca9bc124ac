import type { Folded } from "./fold.ts";

/** What makes a reply evidence of nothing. */
export type InvalidRule = `invalid/${
  | "empty"
  | "echo"
  | "error-page"
  | "cut-short"
  | "repetition"
  | "garbage"
  | "too-long"
  | "too-dense"
  | "same-reply"
  | "control"}`;

export interface Invalid {
  readonly rule: InvalidRule;
  readonly why: string;
}

export function isEmpty({ plain }: Folded): boolean {
  return !/[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(plain);
}

const MIN_ECHO = 16;

/** The reply is the prompt again, whole or for the most part, once or more. Both are squeezed. */
export function isEcho(asked: string, said: string): boolean {
  if (asked.length < MIN_ECHO || said.length < MIN_ECHO) return false;
  if (asked.includes(said)) return said.length * 10 >= asked.length * 6;
  if (!said.includes(asked)) return false;
  return said.replaceAll(asked, "").length * 10 <= said.length;
}

/** What a server says instead of a model. */
export function isErrorPage({ lower }: Folded): boolean {
  const head = lower.slice(0, 600).trimStart();
  if (/^(?:<!doctype html|<html|<head|<title)/.test(head)) {
    return /(?:<title>|<h1>)[^<]{0,60}(?:[45]\d\d|error|unavailable|gateway|forbidden|not found|timeout)/
      .test(head);
  }
  if (/^\{\s{0,8}"(?:error|detail|message|errors)"\s{0,4}:/.test(head)) {
    return /error|code|fail|not |unavailable|loading/.test(head);
  }
  return /^(?:http\/\d(?:\.\d)? )?(?:error:? )?[45]\d\d[: ]{1,3}(?:bad|not|internal|service|gateway|forbidden|unauthorized|too many|request)/
    .test(head) ||
    /^traceback \(most recent call last\):?\s|^(?:runtimeerror|torch\.\w{1,40}error|cuda error|cuda out of memory)\b/
      .test(head) ||
    /^error:? [^\n]{0,60}(?:overloaded|try again|unavailable|timed? ?out|not loaded|out of memory)/.test(
      head,
    ) ||
    /^(?:upstream request timeout|request timed out|connection (?:refused|reset|timed out))\b/.test(head) ||
    /^(?:bad gateway|service unavailable|internal server error|gateway timeout|upstream connect error|loading model)\b/
      .test(head);
}

/** Cut off by the limit of tokens with almost nothing said: fewer than about three words. */
export function isCutShort({ plain }: Folded, finishReason: string): boolean {
  if (finishReason !== "length" || plain.length > 100) return false;
  const wide = plain.match(/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/gu)?.length ?? 0;
  return (plain.match(/[\p{L}\p{N}]/gu)?.length ?? 0) + 2 * wide < 12;
}

const WINDOW = 600;
const MAX_WINDOWS = 24;
const GRAM = 6;
const TABLE_BITS = 12;
const FACTOR = 0x01000193;
/** The factor of the first character of a run in the rolling hash. */
const FACTOR_TO_GRAM = [...Array(GRAM - 1)].reduce<number>((power) => Math.imul(power, FACTOR), 1);

/**
 * Most of the reply says the same again: fewer than three in ten of the runs of six characters are new in their
 * window. Long replies are looked at in evenly spaced windows.
 */
export function isRepetitive({ lower }: Folded): boolean {
  const text = lower.trim();
  if (text.length < 24) return false;
  const count = Math.min(MAX_WINDOWS, Math.ceil(text.length / WINDOW));
  const step = count === 1 ? 0 : (text.length - WINDOW) / (count - 1);
  const seen = new Uint32Array(1 << TABLE_BITS);
  let repetitive = 0;
  let varied = 0;
  for (let i = 0; i < count && repetitive * 2 <= count && varied * 2 < count; i++) {
    const start = Math.floor(i * step);
    if (saysTheSame(text.slice(start, start + WINDOW), seen, i + 1)) repetitive++;
    else varied++;
  }
  return repetitive * 2 > count;
}

/**
 * Fewer than three in ten runs of six characters are new in the window: read only as far as it takes to know.
 * `seen` is marked with `stamp`.
 */
function saysTheSame(window: string, seen: Uint32Array, stamp: number): boolean {
  const grams = window.length - GRAM + 1;
  const enough = Math.ceil(grams * 0.3);
  let fresh = 0;
  let hash = 0;
  for (let at = 0; at < window.length; at++) {
    const leaving = at < GRAM ? 0 : Math.imul(window.charCodeAt(at - GRAM), FACTOR_TO_GRAM);
    hash = (Math.imul(hash - leaving, FACTOR) + window.charCodeAt(at)) | 0;
    if (at < GRAM - 1) continue;
    const slot = Math.imul(hash, 0x9e3779b1) >>> (32 - TABLE_BITS);
    if (seen[slot] === stamp) {
      if (fresh + window.length - 1 - at < enough) return true;
      continue;
    }
    seen[slot] = stamp;
    fresh++;
    if (fresh >= enough) return false;
  }
  return fresh < enough;
}
