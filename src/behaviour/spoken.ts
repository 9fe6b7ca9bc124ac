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
const CYRILLIC_AS = "abvgdeziiklmnoprstufhyie";

const FOREIGN = /[\u2801-\u283f\u0400-\u045f]|[\u{1f1e6}-\u{1f1ff}]/u;

/** Braille, regional indicators and Cyrillic read as Latin letters; "" for a text without any. */
export function transliterated(text: string): string {
  if (!FOREIGN.test(text)) return "";
  return text.replace(/[\u2801-\u283f\u0400-\u045f]|[\u{1f1e6}-\u{1f1ff}]/gu, (letter) => {
    const braille = BRAILLE.indexOf(letter);
    if (braille >= 0) return String.fromCharCode(0x61 + braille);
    const cyrillic = CYRILLIC.indexOf(letter);
    if (cyrillic >= 0) return CYRILLIC_AS.charAt(cyrillic);
    const code = letter.codePointAt(0) ?? 0;
    return code >= 0x1f1e6 ? String.fromCharCode(0x61 + code - 0x1f1e6) : letter;
  });
}
