/** One simple command of a pipeline, as a shell would split it; quotes are taken off. */
export interface Command {
  /** How it is joined to the command before: "" for the first. */
  readonly joint: Joint;
  /** Name without its folder, lower case as the text is. */
  readonly name: string;
  readonly args: readonly string[];
  /** Targets of `<`, `>` and `>>`, with the sign before. */
  readonly redirects: readonly string[];
}

export type Joint = "" | "|" | "&&" | ";" | "$(" | "<(";

export interface CommandLine {
  readonly commands: readonly Command[];
  /** Where it ends in the text. */
  readonly end: number;
}

/** Nobody types longer command lines; what follows is read as the next one. */
const MAX_CHARS = 320;
const MAX_PREFIX = 80;

/** Reads the command line that starts at `at`, up to the end of the line, of its quotation or of the window. */
export function readCommandLine(text: string, at: number): CommandLine {
  const window = text.slice(at, at + MAX_CHARS);
  const quotation = closingQuote(text.slice(Math.max(0, at - MAX_PREFIX), at), window);
  const reader = new Reader(quotation < 0 ? window : window.slice(0, quotation));
  const length = reader.read();
  return { commands: reader.commands, end: at + length };
}

/** Where the quotation ends that a command stands in, in prose; -1 when it stands in none. */
function closingQuote(before: string, window: string): number {
  const last = before.charAt(before.length - 1);
  if (last === '"' || last === "'") return window.indexOf(last);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  let isOpen = false;
  for (let at = line.indexOf("`"); at >= 0; at = line.indexOf("`", at + 1)) isOpen = !isOpen;
  if (isOpen) return window.indexOf("`");
  if (last !== " ") return -1;
  const mark = /(["'])(?:sudo|\$) $/.exec(before.slice(-8))?.[1];
  return mark === undefined ? -1 : window.indexOf(mark);
}

class Reader {
  readonly commands: Command[] = [];
  readonly #text: string;
  #at = 0;
  #joint: Joint = "";
  #words: string[] = [];
  #redirects: string[] = [];
  #word = "";
  #redirect = "";

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads to the end of the line, or of the sentence in prose; gives the number of characters read. */
  read(): number {
    const text = this.#text;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      const kind = kindOf(code);
      if (kind === END || (code === SPACE && isSentenceEnd(this.#word))) break;
      if (kind === GAP) this.#gap(1);
      else if (kind === ESCAPE && text.charCodeAt(this.#at + 1) === NEW_LINE) this.#gap(2);
      else if (kind === SIGN) this.#sign(text.charAt(this.#at));
      else if (kind === QUOTE) this.#quotation(text.charAt(this.#at));
      else this.#plain();
    }
    this.#endCommand("");
    return this.#at;
  }

  #gap(length: number): void {
    this.#at += length;
    this.#endWord();
  }

  #plain(): void {
    const text = this.#text;
    let end = this.#at + 1;
    while (end < text.length && kindOf(text.charCodeAt(end)) === PLAIN) end++;
    this.#word += text.slice(this.#at, end);
    this.#at = end;
  }

  #quotation(mark: string): void {
    const end = this.#text.indexOf(mark, this.#at + 1);
    const inner = end < 0 ? "" : this.#text.slice(this.#at + 1, end);
    if (end < 0 || inner.includes("\n")) {
      this.#word += mark;
      this.#at++;
      return;
    }
    // A command substitution inside double quotes is still run: only the mark is taken off.
    if (mark === '"' && inner.includes("$(")) {
      this.#at++;
      return;
    }
    this.#word += inner;
    this.#at = end + 1;
  }

  #sign(character: string): void {
    const next = this.#text.charAt(this.#at + 1);
    if ((character === "$" || character === "<") && next === "(") {
      this.#at += 2;
      return this.#endCommand(character === "$" ? "$(" : "<(");
    }
    if (character === "$") return this.#plain();
    if (character === "<" || character === ">") return this.#redirection(character, next);
    this.#at += next === character && character !== "`" ? 2 : 1;
    if (character === "`") return this.#endCommand("$(");
    this.#endCommand(character === "|" && next !== "|" ? "|" : character === next ? "&&" : ";");
  }

  #redirection(character: string, next: string): void {
    if (/^\d$/.test(this.#word)) this.#word = "";
    this.#endWord();
    this.#redirect = character;
    this.#at += next === character || next === "&" ? 2 : 1;
  }

  #endWord(): void {
    if (this.#word === "") return;
    if (this.#redirect === "") this.#words.push(this.#word);
    else this.#redirects.push(this.#redirect + this.#word);
    this.#word = "";
    this.#redirect = "";
  }

  #endCommand(next: Joint): void {
    this.#endWord();
    const words = isWrapped(this.#words[0] ?? "") ? unwrapped(this.#words) : this.#words;
    if (words.length > 0 || this.#redirects.length > 0) {
      const name = withoutFolder(words[0] ?? "");
      this.commands.push({ joint: this.#joint, name, args: words.slice(1), redirects: this.#redirects });
    }
    this.#joint = next;
    this.#words = [];
    this.#redirects = [];
  }
}

const PLAIN = 0;
const GAP = 1;
const END = 2;
const ESCAPE = 3;
const SIGN = 4;
const QUOTE = 5;
const SPACE = 0x20;
const NEW_LINE = 0x0a;

/** What a character means to a shell, by its code. */
const KINDS = kinds([[GAP, " \t"], [END, "\r\n"], [ESCAPE, "\\"], [SIGN, "|;&()<>`$"], [QUOTE, `"'`]]);

function kinds(groups: readonly (readonly [kind: number, characters: string])[]): Uint8Array {
  const table = new Uint8Array(128);
  for (const [kind, characters] of groups) {
    for (const character of characters) table[character.charCodeAt(0)] = kind;
  }
  return table;
}

function kindOf(code: number): number {
  return code < 128 ? KINDS[code] ?? PLAIN : PLAIN;
}

function withoutFolder(name: string): string {
  return name.includes("/") || name.includes("\\") ? name.replace(/^.*[/\\]/, "") : name;
}

const WRAPPERS = new Set(["sudo", "doas", "env", "nohup", "exec", "time", "xargs", "command", "busybox"]);

function isWrapped(word: string): boolean {
  return WRAPPERS.has(word) || (word.includes("=") && /^\w{1,40}=/.test(word));
}

function isSentenceEnd(word: string): boolean {
  return word.length > 2 && ".!?".includes(word.charAt(word.length - 1)) && /[a-z]{2}.$/.test(word);
}

/** `sudo -E LANG=C bash` runs bash. */
function unwrapped(words: readonly string[]): string[] {
  const first = words.findIndex((word, i) => i > 0 && !isWrapped(word) && !word.startsWith("-"));
  return first < 0 ? [...words] : words.slice(first);
}
