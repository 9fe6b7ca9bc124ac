const A = 0x61;

/** Words that stand for one letter, digit or sign when a secret is read out. Signs are left out. */
const DIGITS = [
  "zero null nul nulla zéro cero noll ноль нуль nula sıfır",
  "one ein eins un uno um één uma один jeden jedna bir en ett",
  "two zwei deux dos due dois twee два dwa dva iki två to",
  "three drei trois tres tre três drie три trzy tri üç tree",
  "four vier quatre cuatro quattro quatro четыре cztery čtyři štyri dört fyra fire fower",
  "five fünf cinq cinco cinque vijf пять pięć pět päť beş fem fife",
  "six sechs seis sei zes шесть sześć šest šesť altı sex seks",
  "seven sieben sept siete sette sete zeven семь siedem sedm sedem yedi sju syv",
  "eight acht huit ocho otto oito восемь osiem osm osem sekiz åtta otte åtte",
  "nine neun neuf nueve nove negen девять dziewięć devět deväť dokuz nio ni niner",
];
const LETTERS =
  "alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu";
const SIGNS =
  "dash hyphen minus underscore bindestrich strich guion guión tiret trattino тире дефис streepje";

/** What a word stands for: a letter, a digit, or "" for a sign. */
export const SPOKEN: ReadonlyMap<string, string> = new Map([
  ...DIGITS.flatMap((words, digit) => words.split(" ").map((word) => [word, String(digit)] as const)),
  ...LETTERS.split(" ").map((word) => [word, word.charAt(0)] as const),
  ...["alpha", "juliet", "whisky"].map((word) => [word, word.charAt(0)] as const),
  ...SIGNS.split(" ").map((word) => [word, ""] as const),
]);

const MORSE =
  (".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. " +
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.").split(" ");
const MORSE_LETTERS: ReadonlyMap<string, string> = new Map(
  MORSE.map((signs, i) => [signs, "abcdefghijklmnopqrstuvwxyz0123456789".charAt(i)]),
);

/** The letters of all Morse code in a text, or "" when there is hardly any. */
export function fromMorse(text: string): string {
  if (!/[.·•_-]{1,6}[ /|,]{1,3}[.·•_-]{1,6}[ /|,]/.test(text)) return "";
  const signs = text.match(/(?<![^\s/|,])[.·•_-]{1,6}(?![^\s/|,])/g) ?? [];
  if (signs.length < 8) return "";
  return signs.map((sign) => MORSE_LETTERS.get(sign.replace(/[·•]/g, ".").replaceAll("_", "-")) ?? "").join(
    "",
  );
}

const BRAILLE = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵";
const CYRILLIC = "абвгдезийклмнопрстуфхыіє";
const FLAG = 0xdde6;

/** Code units to Latin letters; a flag is told by its second half. */
const AS_LATIN: ReadonlyMap<number, number> = new Map([
  ...[..."abvgdeziiklmnoprstufhyie"].map((letter, i) =>
    [CYRILLIC.charCodeAt(i), letter.charCodeAt(0)] as const
  ),
  ...[...BRAILLE].map((sign, i) => [sign.charCodeAt(0), A + i] as const),
  ...[...BRAILLE].map((_sign, i) => [FLAG + i, A + i] as const),
]);

/** Braille, flags and Cyrillic read as Latin letters; "" for a text without any. */
export function transliterated(text: string): string {
  if (!FOREIGN.test(text)) return "";
  const units = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    units[at] = code < 0x400 ? code : AS_LATIN.get(code) ?? code;
  }
  return utf16.decode(units);
}
const FOREIGN = /[\u0400-\u045f\u2801-\u283f\udde6-\uddff]/;
const utf16 = new TextDecoder("utf-16le", { ignoreBOM: true });
