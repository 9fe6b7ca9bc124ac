import type { Category } from "./categories.ts";
import type { Folded } from "./fold.ts";

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
  if (words.filter((w) => isMixed(w)).length >= 2 && scripts >= 3) {
    return "letters of different scripts in one word";
  }
  if (scripts >= 5 && words.length < 12 * scripts && !isList(text, words.length)) {
    return `${scripts} scripts in ${words.length} words`;
  }
  const ordinary = countOf(text, ORDINARY);
  if (size >= 20 && ordinary * 2 < size && !text.includes("```")) return "more signs than letters";
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
  return words.some((w) => SMALL_WORDS.has(w.toLowerCase()))
    ? null
    : "no ordinary small words of any language";
}

/** The same for Cyrillic: a few words without a vowel are prepositions and names, a third of all are none. */
function noiseInCyrillic(words: readonly string[]): string | null {
  const long = words.filter((w) => /^\p{Script=Cyrillic}{4,}$/u.test(w) && w !== w.toUpperCase());
  const unsayable = long.filter((w) => !/[аеёиоуыэюяіїєўѣѫ]/i.test(w));
  return long.length >= 6 && unsayable.length * 3 > long.length ? "words without vowels" : null;
}

function isList(text: string, words: number): boolean {
  return (text.match(/[,\n;|:]/g)?.length ?? 0) * 4 > words;
}

const SMALL_WORDS: ReadonlySet<string> = new Set(
  (
    "a an the of to in is it and or for on at by be are was as with this that you i we he she they not no yes can do if from your my me will " +
    "de la el los las un una y en que es por con no se su le les des et un une est pour dans pas je vous il au du ce " +
    "der die das und ist ein eine nicht ich sie zu mit für auf den von dem im es wir er " +
    "o os as um uma não para com do da em é il lo gli di che per non sono mi ti al della " +
    "het een van ik niet en je dat op te zijn voor w nie na się i jest do to że v na se je ne som jsem si " +
    "och att det inte jag på som er ikke og på jeg ja ei on se en bir ve bu için da de ki yang dan di untuk tidak saya " +
    "tôi không và là của cho một có các ще az és nem hogy egy și nu este cu pe"
  ).split(" "),
);
