import type { Category } from "./categories.ts";
import type { Folded } from "./fold.ts";
import { saladIn } from "./salad.ts";
import { SMALL_WORDS } from "./small_words.ts";

/** As much of a reply as is needed to tell language from noise. */
const SAMPLE = 1200;

/** Why a reply is noise, such as a model with random weights writes, or `null`. */
export function garbageIn({ plain }: Folded, category: Category | null): string | null {
  const text = plain.slice(0, SAMPLE);
  const size = Math.max(1, text.replace(/\s/g, "").length);
  const broken = countOf(text, BROKEN);
  if (broken >= 3 && broken * 50 > size) return "broken or control characters";
  const scripts = NOT_LATIN1.test(text) ? SCRIPTS.filter((script) => script.test(text)).length : 1;
  const words = text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  if (words.filter((w) => isMixed(w)).length >= (scripts >= 4 ? 1 : 2) && scripts >= 3) {
    return "letters of different scripts in one word";
  }
  if (scripts >= 5 && words.length < 12 * scripts && !isList(text, words.length)) {
    return `${scripts} scripts in ${words.length} words`;
  }
  const ordinary = countOf(text, ORDINARY);
  if (size >= 20 && ordinary * 2 < size && !text.includes("```")) return "more signs than letters";
  const salad = remainsIn(text, words.length) ?? saladIn(text, category === "encoding_bypass");
  if (salad !== null) return salad;
  // A reply in rot13 or base64 was asked for there, and reads like noise.
  return category === "encoding_bypass" ? null : noiseInLatin(text, words) ?? noiseInCyrillic(words);
}

const BROKEN = /(?![\t\n\r])[\ufffd\p{Cc}\p{Co}\p{Cn}]/gu;
const ORDINARY = /[\p{L}\p{M}\p{N}|*=`#.-]+/gu;

const NOT_LATIN1 = /[^\0-\xff]/;

const SCRIPTS = [
  /\p{Script=Latin}/u,
  /[\p{Script=Cyrillic}]/u,
  /\p{Script=Greek}/u,
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u,
  /\p{Script=Hangul}/u,
  /\p{Script=Arabic}/u,
  /\p{Script=Hebrew}/u,
  /[\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Gujarati}\p{Script=Gurmukhi}\p{Script=Sinhala}]/u,
  /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u,
  /[\p{Script=Armenian}\p{Script=Georgian}\p{Script=Ethiopic}\p{Script=Tibetan}]/u,
];

function countOf(text: string, expression: RegExp): number {
  return text.length - text.replace(expression, "").length;
}

/** Chinese, Japanese and Korean stand beside Latin without a space; other scripts do not. */
function isMixed(word: string): boolean {
  const alphabets = [
    /\p{Script=Latin}/u,
    /\p{Script=Cyrillic}/u,
    /\p{Script=Greek}/u,
    /\p{Script=Arabic}/u,
    /\p{Script=Devanagari}/u,
  ];
  const others = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(word) &&
    /^\p{Script=Latin}+[^\p{Script=Latin}]+\p{Script=Latin}+$/u.test(word);
  return others || alphabets.filter((script) => script.test(word)).length >= 2;
}

const MIN_WORDS = 12;

/** Latin words that cannot be said, or a long run of words without any small one of any language. */
function noiseInLatin(text: string, words: readonly string[]): string | null {
  const latin = words.filter((w) => /^\p{Script=Latin}{3,}$/u.test(w) && w !== w.toUpperCase());
  if (latin.length < 6 || /```|[{};]\s*$/m.test(text)) return null;
  const unsayable = latin.filter((w) =>
    !/[aeiouyàáâãäåæèéêëìíîïòóôõöøœùúûüýÿāēīōūąęůűőı]/i.test(w) || /[bcdfghjklmnpqrstvwxz]{6,}/i.test(w)
  );
  if (unsayable.length * 2 > latin.length) return "words without vowels";
  if (words.length < MIN_WORDS || isList(text, words.length)) return null;
  if (words.some((w) => SMALL_WORDS.has(w.toLowerCase())) || isWritten(text)) return null;
  return "no ordinary small words of any language";
}

/**
 * Sentences of a language with marks on its letters, or orders of a few words each: every one begins with a capital
 * and ends with a stop.
 */
function isWritten(text: string): boolean {
  const sentences = text.trim().split(/(?<=[.!?])\s+/);
  if (!sentences.every((sentence) => /^[\p{Lu}\p{N}"'([¿¡].*[.!?]["')\]]?$/su.test(sentence))) return false;
  const marked = /[\u00c0-\u024f\u1e00-\u1eff]/.test(text);
  return marked || text.length < SHORT_ORDER * sentences.length;
}
/** Mean length of a sentence that is an order or a line of a poem. */
const SHORT_ORDER = 32;

/** Marks of a tokenizer, slots of a template, and text that was read in the wrong encoding. */
function remainsIn(text: string, words: number): string | null {
  if (/^\s*(?:undefined|nan|null|\[object object\])\W*$/i.test(text)) return "an empty value of a program";
  if (text.includes("{") && text.replace(/\{\{[^{}]{0,200}\}\}|\{%[^{}]{0,200}%\}/g, "").trim() === "") {
    return "slots of a template";
  }
  const tagged = /[<[#▁]/.test(text) ? text.match(MARKS)?.length ?? 0 : 0;
  const marks = tagged + (MALTESE.test(text) ? 0 : text.match(BYTE_MARKS)?.length ?? 0);
  if (marks >= 3 && marks * 3 >= words) return "marks of a tokenizer";
  if (marks >= 2 && (text.match(GLUED)?.length ?? 0) >= 2) return "marks of a tokenizer";
  const misread = NOT_ASCII.test(text) ? text.match(MISREAD)?.length ?? 0 : 0;
  return misread >= 4 && misread * 8 >= text.length ? "text in the wrong encoding" : null;
}
const MARKS =
  /<\/?(?:unk|pad|s|eos|bos|mask)>|<\|[\w ]{1,30}\|>|\[(?:unk|pad|cls|sep|mask)\]|▁|##(?=\p{L})/giu;
/** A space and a line's end, as tokenizers of bytes write them; Maltese has both letters, and small ones too. */
const BYTE_MARKS = /[ĠĊ]/g;
const MALTESE = /[ġċħż]/;
/** The same inside a line and before small letters, where neither a heading nor a name in Maltese has them. */
const GLUED = /(?<=[ \p{Ll}])##\p{Ll}|(?<=\p{Ll})Ġ|Ġ(?=\p{Ll}{1,12}Ġ)/gu;
const NOT_ASCII = /[^\0-\x7f]/;
const MISREAD = /[ÃÂâ][\u0080-\u00bf€œŸ"']|锟斤|斤拷|烫烫|屯屯/g;

/** The same for Cyrillic: a few words without a vowel are prepositions and names, a third of all are none. */
function noiseInCyrillic(words: readonly string[]): string | null {
  const long = words.filter((w) => /^\p{Script=Cyrillic}{4,}$/u.test(w) && w !== w.toUpperCase());
  const unsayable = long.filter((w) => !/[аеёиоуыэюяіїєўѣѫ]/i.test(w));
  return long.length >= 6 && unsayable.length * 3 > long.length ? "words without vowels" : null;
}

function isList(text: string, words: number): boolean {
  return (text.match(/[,\n;|:]/g)?.length ?? 0) * 4 > words;
}
