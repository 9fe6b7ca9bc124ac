/** Why a text is real words thrown together, or `null`. Only its beginning is looked at. */
export function saladIn(text: string, mayBeSpelled: boolean): string | null {
  if (text.includes("```") || /[{};]\s*$/m.test(text)) return null;
  const words = (text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []).slice(0, MAX_WORDS).map((word) =>
    word.toLowerCase()
  );
  if (words.length < MIN_WORDS) return null;
  if (isMash(words)) return "rows of a keyboard";
  if (isStatic(text)) return "letters, digits and signs at random";
  if (switchesScripts(text, words)) return "a new script with every word";
  if (mayBeSpelled || UNSPACED.test(text)) return null;
  const distinct = new Set(words).size;
  const isBare = !/[\p{L}\p{N}][,.;:!?、。،؛)"'*|-]*[,.;:!?、。،؛|](?=\s+\S)|\n/u.test(text.trim());
  if (isBare && words.length >= MIN_BARE && distinct * 2 <= words.length) {
    return "the same few words in no order";
  }
  if (!text.includes("\n") && words.length >= MIN_SAME && distinct * 3 <= words.length) {
    return "the same few words again and again";
  }
  const stammered = saidTwice(text);
  if (stammered >= 3 && stammered * 8 >= words.length) return "words said twice";
  return isBare && words.length >= MIN_SHORT && words.every((word) => word.length <= 3)
    ? "nothing but small words"
    : null;
}

const MAX_WORDS = 60;
const MIN_WORDS = 6;
const MIN_BARE = 12;
const MIN_SAME = 16;
const MIN_SHORT = 14;

const UNSPACED = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]/;

/** Words that follow themselves with nothing but a space between. */
function saidTwice(text: string): number {
  const parts = text.toLowerCase().split(" ");
  return parts.filter((part, i) => part === parts[i + 1] && /^\p{L}+$/u.test(part)).length;
}

/** Runs along the rows of a keyboard: `asdf hjkl qwer`. */
function isMash(words: readonly string[]): boolean {
  const mashed =
    words.filter((word) => word.length >= 3 && KEYBOARD.includes(word) && !REAL.has(word)).length;
  return mashed >= 4 && mashed * 2 > words.length;
}
const KEYBOARD = "qwertyuiop asdfghjkl zxcvbnm";
const REAL: ReadonlySet<string> = new Set(["were", "pop", "try", "power", "type"]);

/** More than half of what stands between spaces mixes signs with letters or digits, as no code or encoding does. */
function isStatic(text: string): boolean {
  const parts = text.trim().split(/\s+/).slice(0, MAX_WORDS);
  const mixed = parts.filter((part) => part.length <= 8 && STATIC.test(part)).length;
  return parts.length >= MIN_WORDS && mixed * 2 > parts.length;
}
/** A sign that ends no word, beside or between letters and digits; or two such signs. */
const STATIC = /[~#^{}|\\;<>\[\]]+[\p{L}\p{N}]|[\p{L}\p{N}][~#^{}|\\<>[]|;;|[~#^{}|\\<>[\]]{2}/u;

/** Hardly two words side by side in the same script, and no list of translations. */
function switchesScripts(text: string, words: readonly string[]): boolean {
  if (/[:,;\n|()「"]/.test(text)) return false;
  const scripts = words.map(scriptOf).filter((script) => script >= 0);
  if (scripts.length < MIN_WORDS) return false;
  let switches = 0;
  for (let i = 1; i < scripts.length; i++) if (scripts[i] !== scripts[i - 1]) switches++;
  const kinds = new Set(scripts).size;
  // Names of programs stand in the middle of every language, so two scripts have to alternate for long.
  return kinds >= 3
    ? switches * 2 >= scripts.length
    : kinds === 2 && scripts.length >= 10 && switches * 4 >= scripts.length * 3;
}

function scriptOf(word: string): number {
  return SCRIPTS.findIndex((script) => script.test(word));
}

/** East Asian scripts are one: Japanese mixes them, and no space stands before a Latin name. */
const SCRIPTS = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u,
  /\p{Script=Arabic}/u,
  /\p{Script=Hebrew}/u,
  /\p{Script=Devanagari}/u,
  /\p{Script=Thai}/u,
];
