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
  let isOpen = false;
  for (let at = before.lastIndexOf("\n") + 1; at < before.length; at++) {
    if (before.charAt(at) === "`") isOpen = !isOpen;
  }
  if (isOpen) return window.indexOf("`");
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
      const character = text.charAt(this.#at);
      if (character === "\n" || character === "\r") break;
      if (character === " " && isSentenceEnd(this.#word)) break;
      if (character === " " || character === "\t") this.#gap(1);
      else if (character === "\\" && text.charAt(this.#at + 1) === "\n") this.#gap(2);
      else if (SIGNS.includes(character)) this.#sign(character);
      else if (character === '"' || character === "'") this.#quotation(character);
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
    const start = this.#at;
    do this.#at++; while (this.#at < this.#text.length && !SPECIAL.includes(this.#text.charAt(this.#at)));
    this.#word += this.#text.slice(start, this.#at);
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
    const [first, ...args] = words;
    if (first !== undefined || this.#redirects.length > 0) {
      const name = (first ?? "").replace(/^.*[/\\]/, "");
      this.commands.push({ joint: this.#joint, name, args, redirects: this.#redirects });
    }
    this.#joint = next;
    this.#words = [];
    this.#redirects = [];
  }
}

const SIGNS = "|;&()<>`$";
const SPECIAL = `${SIGNS} \t\r\n"'\\`;
const WRAPPERS = new Set(["sudo", "doas", "env", "nohup", "exec", "time", "xargs", "command", "busybox"]);

function isWrapped(word: string): boolean {
  return WRAPPERS.has(word) || /^\w{1,40}=/.test(word);
}

function isSentenceEnd(word: string): boolean {
  return word.length > 2 && ".!?".includes(word.charAt(word.length - 1)) && /[a-z]{2}.$/.test(word);
}

/** `sudo -E LANG=C bash` runs bash. */
function unwrapped(words: readonly string[]): string[] {
  const first = words.findIndex((word, i) => i > 0 && !isWrapped(word) && !word.startsWith("-"));
  return first < 0 ? [...words] : words.slice(first);
}
