import { type Lexeme, TemplateFault } from "./lexer.ts";
import type { LibraryToken } from "./tree.ts";

const MAX_BLOCKS = 64;
/** How often a word may occur that makes the library's parser call itself once more each time. */
const MAX_RECURSIVE_WORDS = 200;
const MAX_ELIFS = 200;

const OPERATORS: ReadonlyMap<string, LibraryToken["type"]> = new Map<string, LibraryToken["type"]>([
  ["=", "Equals"],
  ["(", "OpenParen"],
  [")", "CloseParen"],
  ["[", "OpenSquareBracket"],
  ["]", "CloseSquareBracket"],
  ["{", "OpenCurlyBracket"],
  ["}", "CloseCurlyBracket"],
  [",", "Comma"],
  [".", "Dot"],
  [":", "Colon"],
  ["|", "Pipe"],
  ["**", "ExponentiationBinaryOperator"],
  ...["+", "-", "~"].map((op) => [op, "AdditiveBinaryOperator"] as const),
  ...["*", "/", "//", "%"].map((op) => [op, "MultiplicativeBinaryOperator"] as const),
  ...["==", "!=", "<", ">", "<=", ">="].map((op) => [op, "ComparisonBinaryOperator"] as const),
]);

/** Statements that load another template. They are reported by the caller and left out of the tree. */
export const LOADING: ReadonlySet<string> = new Set(["extends", "from", "import", "include"]);
/** Tags around a part of the template that change nothing in it. */
const TRANSPARENT: ReadonlySet<string> = new Set([
  ...["generation", "endgeneration", "block", "endblock", "endautoescape", "endwith"],
]);
const BLOCKS: ReadonlySet<string> = new Set(["call", "filter", "for", "if", "macro"]);
const NOT_CALLED: ReadonlySet<string> = new Set(["and", "else", "if", "in", "is", "not", "or"]);

/**
 * The words as the library's parser takes them. What Python's Jinja and transformers know and the library does not is
 * said in words it knows, with the same names, attributes, calls and assignments: `generation`, `with`, `block`,
 * `autoescape`, `print`, `do`, `filter`, `call`, tests with arguments, `else` of a loop, tuples of one or none.
 * Throws `TemplateFault`.
 */
export function libraryTokens(lexemes: readonly Lexeme[]): readonly LibraryToken[] {
  const writer = new TokenWriter();
  for (let i = 0; i < lexemes.length; i++) {
    const lexeme = lexemes[i];
    if (lexeme?.kind === "text") writer.text(lexeme.value);
    if (lexeme?.kind !== "begin") continue;
    const from = i + 1;
    while (lexemes[i]?.kind !== "end") i += 1;
    const words = lexemes.slice(from, i);
    refuseOpenConditions(words);
    if (lexeme.value === "{{") writer.expression(words);
    else writer.statement(words, lexeme.offset);
  }
  return writer.tokens;
}

/**
 * Python's Jinja reads `a if x if y else b` as `(a if x) if y else b`; the library's parser loses the last part. A
 * second `if` before an `else`, outside of brackets of its own, is therefore not followed.
 */
function refuseOpenConditions(words: readonly Lexeme[]): void {
  const open: boolean[] = [false];
  for (const { kind, value, offset } of words.slice(words[0]?.value === "if" ? 1 : 0)) {
    if (kind === "operator" && ["(", "[", "{"].includes(value)) open.push(false);
    else if (kind === "operator" && [")", "]", "}"].includes(value)) open.pop();
    else if (kind === "operator" && [",", ":", "=", "|"].includes(value)) open[open.length - 1] = false;
    else if (kind === "name" && value === "else") open[open.length - 1] = false;
    else if (kind === "name" && value === "if") {
      if (open.at(-1) === true) throw new TemplateFault("syntax", "a condition inside a condition", offset);
      open[open.length - 1] = true;
    }
  }
}

class TokenWriter {
  readonly tokens: LibraryToken[] = [];
  /** How the blocks that are open must be closed in the library's words. */
  readonly #closers: string[] = [];
  #elifs = 0;

  text(value: string): void {
    this.#push(value, "Text");
  }

  expression(words: readonly Lexeme[]): void {
    this.#push("{{", "OpenExpression");
    const isTuple = splitAt(words, ",").length > 1;
    if (isTuple) this.#push("[", "OpenSquareBracket");
    this.#words(words);
    if (isTuple) this.#push("]", "CloseSquareBracket");
    this.#push("}}", "CloseExpression");
  }

  statement([first, ...words]: readonly Lexeme[], offset: number): void {
    if (first?.kind !== "name") throw new TemplateFault("syntax", "a statement without a name", offset);
    const keyword = first.value;
    if (LOADING.has(keyword) || TRANSPARENT.has(keyword)) return;
    if (["autoescape", "do", "print"].includes(keyword)) return this.expression(words);
    if (keyword === "with") return splitAt(words, ",").forEach((binding) => this.#tag("set", binding));
    if (BLOCKS.has(keyword) || (keyword === "set" && splitAt(words, "=").length === 1)) {
      this.#open(keyword, words, offset);
    } else if (keyword.startsWith("end")) {
      this.#tag(this.#closers.pop() ?? keyword, words);
    } else if (keyword === "else" && this.#closers.at(-1) === "endfor") {
      this.#closers.splice(-1, 1, "endif");
      this.#tag("endfor", []);
      this.#openPlainBlock();
    } else {
      this.#elifs += keyword === "elif" ? 1 : 0;
      if (this.#elifs > MAX_ELIFS) throw new TemplateFault("limit", `more than ${MAX_ELIFS} elif`, offset);
      this.#tag(keyword, words);
    }
  }

  #open(keyword: string, words: readonly Lexeme[], offset: number): void {
    if (this.#closers.length >= MAX_BLOCKS) {
      throw new TemplateFault("limit", `blocks nested deeper than ${MAX_BLOCKS}`, offset);
    }
    this.#closers.push(keyword === "filter" ? "endif" : keyword === "call" ? "endmacro" : `end${keyword}`);
    if (keyword === "filter") {
      this.#filtered(words);
      this.#openPlainBlock();
    } else if (keyword === "call") {
      this.#openCaller(words);
    } else if (keyword === "set") {
      const [target = [], ...filters] = splitAt(words, "|");
      if (filters.length > 0) this.#filtered(words.slice(target.length + 1));
      this.#tag("set", target);
    } else {
      const isRecursive = keyword === "for" && words.at(-1)?.value === "recursive";
      this.#tag(keyword, isRecursive ? words.slice(0, -1) : words);
    }
  }

  #openPlainBlock(): void {
    this.#tag("if", [{ kind: "name", value: "true", offset: 0 }]);
  }

  /** `{% call(a) f(b) %}...` is a call of `f` and a macro `caller(a)` with the body. */
  #openCaller(words: readonly Lexeme[]): void {
    const from = words[0]?.value === "(" && words[0].kind === "operator" ? bracketEnd(words, 0) : 0;
    this.expression(words.slice(from));
    this.#push("{%", "OpenStatement");
    this.#push("macro", "Identifier");
    this.#push("caller", "Identifier");
    this.#push("(", "OpenParen");
    this.#words(words.slice(1, Math.max(1, from - 1)));
    this.#push(")", "CloseParen");
    this.#push("%}", "CloseStatement");
  }

  #filtered(filters: readonly Lexeme[]): void {
    this.#push("{{", "OpenExpression");
    this.#push("", "StringLiteral");
    this.#push("|", "Pipe");
    this.#words(filters);
    this.#push("}}", "CloseExpression");
  }

  #tag(keyword: string, words: readonly Lexeme[]): void {
    this.#push("{%", "OpenStatement");
    this.#push(keyword, "Identifier");
    this.#words(words);
    this.#push("%}", "CloseStatement");
  }

  #words(words: readonly Lexeme[]): void {
    checkRecursion(words);
    const lists = listBrackets(words);
    for (let i = 0; i < words.length; i++) {
      const word = words[i];
      if (word === undefined) break;
      if (isName(word, "is") && !isOperator(words[i - 1], ".")) i = this.#test(words, i);
      else this.#word(word, lists.get(i));
    }
  }

  /** `x is name(y)` becomes `x|name(y)`, for the library knows no arguments of tests. Gives the last word's index. */
  #test(words: readonly Lexeme[], is: number): number {
    const negated = isName(words[is + 1], "not");
    const at = is + (negated ? 2 : 1);
    const test = words[at];
    const next = words[at + 1];
    if (test === undefined || isName(test, "in")) {
      if (negated) this.#push("not", "Identifier");
      this.#push("in", "Identifier");
      return at;
    }
    if (isOperator(next, "(")) {
      this.#push("|", "Pipe");
      this.#word(test);
      return at;
    }
    if (next !== undefined && startsArgument(next)) {
      const end = argumentEnd(words, at + 1);
      this.#push("|", "Pipe");
      this.#word(test);
      this.#push("(", "OpenParen");
      this.#words(words.slice(at + 1, end));
      this.#push(")", "CloseParen");
      return end - 1;
    }
    this.#push("is", "Identifier");
    if (negated) this.#push("not", "Identifier");
    this.#word(test);
    return at;
  }

  #word(word: Lexeme, replacement?: string): void {
    const value = replacement ?? word.value;
    if (word.kind === "name") this.#push(value, "Identifier");
    else if (word.kind === "string") this.#push(value, "StringLiteral");
    else if (word.kind === "number") this.#push(value, "NumericLiteral");
    else this.#operator(value, word.offset);
  }

  #operator(value: string, offset: number): void {
    const type = OPERATORS.get(value);
    if (type === undefined) throw new TemplateFault("syntax", `${value} has no meaning`, offset);
    this.#push(value, type);
  }

  #push(value: string, type: LibraryToken["type"]): void {
    this.tokens.push({ value, type });
  }
}

function isName(word: Lexeme | undefined, value: string): boolean {
  return word?.kind === "name" && word.value === value;
}

function isOperator(word: Lexeme | undefined, value: string): boolean {
  return word?.kind === "operator" && word.value === value;
}

/** Stops words that make the library's parser call itself, each once more, before they exhaust the stack. */
function checkRecursion(words: readonly Lexeme[]): void {
  let recursive = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const calledAgain = isOperator(word, "(") && isOperator(words[i - 1], ")");
    if (calledAgain || isName(word, "not") || isName(word, "if") || isSign(words, i)) recursive += 1;
    if (recursive > MAX_RECURSIVE_WORDS) {
      throw new TemplateFault("limit", "an expression nested too deep for a parser", word?.offset ?? 0);
    }
  }
}

function isSign(words: readonly Lexeme[], at: number): boolean {
  const before = words[at - 1];
  if (!isOperator(words[at], "-") && !isOperator(words[at], "+")) return false;
  return before === undefined || (before.kind === "operator" && !/^[)\]}]$/.test(before.value));
}

/**
 * The round brackets that must be square ones for the library: a tuple of nothing, or one with a comma at its end.
 * By index, with what to write instead.
 */
function listBrackets(words: readonly Lexeme[]): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const open: number[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word?.kind !== "operator") continue;
    if (/^[(\[{]$/.test(word.value)) open.push(i);
    if (!/^[)\]}]$/.test(word.value)) continue;
    const from = open.pop();
    if (from === undefined || word.value !== ")" || !isGroup(words, from)) continue;
    if (from === i - 1 || isOperator(words[i - 1], ",")) found.set(from, "[").set(i, "]");
  }
  return found;
}

/** Whether a bracket groups, and is not the argument list of what stands before it. */
function isGroup(words: readonly Lexeme[], at: number): boolean {
  const before = words[at - 1];
  if (before === undefined) return true;
  if (before.kind === "name") return NOT_CALLED.has(before.value) && !isOperator(words[at - 2], ".");
  return before.kind === "operator" && !/^[)\]}]$/.test(before.value);
}

function startsArgument(word: Lexeme): boolean {
  if (word.kind === "name") return !NOT_CALLED.has(word.value);
  return word.kind === "string" || word.kind === "number" || isOperator(word, "[") || isOperator(word, "{");
}

/** Index after a literal, name or bracket at `from` and what is asked of it: `.x`, `[x]`, `(x)`. */
function argumentEnd(words: readonly Lexeme[], from: number): number {
  const opening = words[from];
  let at = isOperator(opening, "[") || isOperator(opening, "{") ? bracketEnd(words, from) : from + 1;
  for (;;) {
    if (isOperator(words[at], ".")) at += 2;
    else if (isOperator(words[at], "[") || isOperator(words[at], "(")) at = bracketEnd(words, at);
    else return Math.min(at, words.length);
  }
}

/** Index after the bracket that closes the one at `from`. */
function bracketEnd(words: readonly Lexeme[], from: number): number {
  let depth = 0;
  for (let i = from; i < words.length; i++) {
    const word = words[i];
    if (word?.kind !== "operator") continue;
    if (/^[(\[{]$/.test(word.value)) depth += 1;
    if (/^[)\]}]$/.test(word.value)) depth -= 1;
    if (depth === 0) return i + 1;
  }
  return words.length;
}

/** The parts between operators of one kind that stand outside of brackets. */
function splitAt(words: readonly Lexeme[], operator: string): readonly (readonly Lexeme[])[] {
  const parts: Lexeme[][] = [[]];
  let depth = 0;
  for (const word of words) {
    if (word.kind === "operator" && /^[(\[{]$/.test(word.value)) depth += 1;
    if (word.kind === "operator" && /^[)\]}]$/.test(word.value)) depth -= 1;
    if (depth === 0 && isOperator(word, operator)) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}
