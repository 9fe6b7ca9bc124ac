import { unescapeText } from "./escapes.ts";

/** Why a text is no template, and where. Thrown and caught inside of this folder only. */
export class TemplateFault extends Error {
  override readonly name = "TemplateFault";
  /** `offset` counts UTF-16 units from the start of the template. */
  constructor(readonly kind: "syntax" | "limit", message: string, readonly offset: number) {
    super(message);
  }
}

export type LexemeKind = "text" | "comment" | "begin" | "end" | "name" | "string" | "number" | "operator";

/** A word of the template. `begin` is `{{` or `{%`, `end` is `}}` or `%}`; strings come decoded. */
export interface Lexeme {
  readonly kind: LexemeKind;
  readonly value: string;
  readonly offset: number;
}

const SPACE = "[ \\t-\\r\\x1c-\\x1f\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";
const SPACES = new RegExp(SPACE, "y");
const RAW_BEGIN = new RegExp(`\\{%[-+]?${SPACE}raw${SPACE}-?%\\}`, "y");
const RAW_END = new RegExp(`\\{%[-+]?${SPACE}endraw${SPACE}[-+]?%\\}`, "g");
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{M}\p{Nd}\p{Pc}]*/uy;
const OPERATOR = /\*\*|\/\/|==|!=|>=|<=|[-+\/*%~[\](){}><=.:|,]/y;
const CLOSER: ReadonlyMap<string, string> = new Map([["(", ")"], ["[", "]"], ["{", "}"]]);
const MAX_NUMBER_DIGITS = 400;
const MAX_NESTING = 64;

/**
 * Splits a template into words as Jinja for Python does, because that is where a template can do harm: raw blocks,
 * comments, whitespace control, brackets that hide an end mark, every escape of Python strings. Linear in time.
 * Throws `TemplateFault`.
 * https://github.com/pallets/jinja/blob/main/src/jinja2/lexer.py
 */
export function lex(source: string, maxLexemes: number): readonly Lexeme[] {
  const lexemes: Lexeme[] = [];
  const add = (kind: LexemeKind, value: string, offset: number) => {
    if (lexemes.length >= maxLexemes) {
      throw new TemplateFault("limit", `more than ${maxLexemes} words`, offset);
    }
    lexemes.push({ kind, value, offset });
  };
  let at = 0;
  while (at < source.length) {
    const open = nextTag(source, at);
    if (open > at) add("text", source.slice(at, open), at);
    if (open === source.length) break;
    const rawTag = matchAt(RAW_BEGIN, source, open);
    if (source[open + 1] === "#") at = comment(source, open, add);
    else if (rawTag !== "") at = raw(source, open + rawTag.length, add);
    else at = code(source, open, add);
  }
  return lexemes;
}

type Add = (kind: LexemeKind, value: string, offset: number) => void;

function nextTag(source: string, from: number): number {
  for (let at = source.indexOf("{", from); at !== -1; at = source.indexOf("{", at + 1)) {
    const next = source[at + 1];
    if (next === "{" || next === "%" || next === "#") return at;
  }
  return source.length;
}

function comment(source: string, open: number, add: Add): number {
  const from = open + 2 + (/[-+]/.test(source[open + 2] ?? "") ? 1 : 0);
  const end = source.indexOf("#}", from);
  if (end === -1) throw new TemplateFault("syntax", "a comment that never ends", open);
  add("comment", source.slice(from, end), open);
  return end + 2;
}

function raw(source: string, from: number, add: Add): number {
  RAW_END.lastIndex = from;
  const end = RAW_END.exec(source);
  if (end === null) throw new TemplateFault("syntax", "a raw block that never ends", from);
  if (end.index > from) add("text", source.slice(from, end.index), from);
  return end.index + end[0].length;
}

/** From `{{` or `{%` to the end mark outside of brackets. */
function code(source: string, open: number, add: Add): number {
  const end = source[open + 1] === "{" ? "}}" : "%}";
  add("begin", source.slice(open, open + 2), open);
  const brackets: string[] = [];
  let at = open + 2 + (/[-+]/.test(source[open + 2] ?? "") ? 1 : 0);
  for (;;) {
    at += matchAt(SPACES, source, at).length;
    if (at >= source.length) throw new TemplateFault("syntax", "a tag that never ends", open);
    if (brackets.length === 0) {
      const mark = endMark(source, at, end);
      if (mark > 0) {
        add("end", end, at);
        return at + mark;
      }
    }
    at = word(source, at, brackets, add);
  }
}

function endMark(source: string, at: number, end: string): number {
  if (source.startsWith(end, at)) return 2;
  const first = source[at];
  return (first === "-" || (first === "+" && end === "%}")) && source.startsWith(end, at + 1) ? 3 : 0;
}

function word(source: string, at: number, brackets: string[], add: Add): number {
  const char = source[at];
  if (char === "'" || char === '"') return quoted(source, at, add);
  const float = source[at - 1] === "." ? "" : matchAt(FLOAT, source, at);
  const number = float || matchAt(INTEGER, source, at);
  if (number !== "") {
    if (number.length > MAX_NUMBER_DIGITS) throw new TemplateFault("limit", "a number of absurd length", at);
    add("number", decimal(number), at);
    return at + number.length;
  }
  const name = matchAt(NAME, source, at);
  if (name !== "") {
    add("name", name, at);
    return at + name.length;
  }
  const operator = matchAt(OPERATOR, source, at);
  if (operator === "") {
    throw new TemplateFault("syntax", `${JSON.stringify(char)} has no meaning in a tag`, at);
  }
  balance(operator, brackets, at);
  add("operator", operator, at);
  return at + operator.length;
}

function balance(operator: string, brackets: string[], at: number): void {
  const closer = CLOSER.get(operator);
  if (closer !== undefined) {
    if (brackets.length >= MAX_NESTING) {
      throw new TemplateFault("limit", `brackets nested deeper than ${MAX_NESTING}`, at);
    }
    brackets.push(closer);
  } else if (/^[)\]}]$/.test(operator) && brackets.pop() !== operator) {
    throw new TemplateFault("syntax", `${operator} closes nothing`, at);
  }
}

/** The number in plain decimal: JavaScript reads neither `1_000` nor every exponent as a literal of the library. */
function decimal(text: string): string {
  const plain = text.replaceAll("_", "");
  return String(Number(plain));
}

function quoted(source: string, open: number, add: Add): number {
  const quote = source[open];
  let at = open + 1;
  while (at < source.length && source[at] !== quote) at += source[at] === "\\" ? 2 : 1;
  if (at >= source.length) throw new TemplateFault("syntax", "a quoted text that never ends", open);
  add("string", unescapeText(source.slice(open + 1, at)), open);
  return at + 1;
}

function matchAt(pattern: RegExp, source: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? "";
}
