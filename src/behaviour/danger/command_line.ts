/** One simple command of a pipeline, as a shell would split it; quotes are taken off. */
export interface Command {
  /** How it is joined to the command before: "" for the first. */
  readonly joint: "" | "|" | "&&" | ";" | "$(" | "<(";
  /** Name without its folder, lower case as the text is. */
  readonly name: string;
  readonly args: readonly string[];
  /** Targets of `<`, `>` and `>>`, with the sign before. */
  readonly redirects: readonly string[];
}

export interface CommandLine {
  readonly commands: readonly Command[];
  /** Where it ends in the text. */
  readonly end: number;
}

/** Nobody types longer command lines; what follows is read as the next one. */
const MAX_CHARS = 400;
const MAX_PREFIX = 100;
const WRAPPERS = new Set(["sudo", "doas", "env", "nohup", "exec", "time", "xargs", "command", "busybox"]);
const TOKEN =
  /(\\\n|[ \t]+)|(\n|\r)|(\|\||&&|\$\(|[<>]\(|\d?>>?&?|<<?<?|[|;&()])|("[^"\n]*"|'[^'\n]*'|`|[^\s|;&()<>"'`]+)|(.)/y;

type Joint = Command["joint"];
const JOINTS: Readonly<Record<string, Joint>> = { "|": "|", "&&": "&&", "||": "&&", "$(": "$(", "<(": "<(" };

/** Reads the command line that starts at `at`, up to the end of the line or of the window. */
export function readCommandLine(text: string, at: number): CommandLine {
  const reader = new Reader();
  const limit = Math.min(text.length, at + MAX_CHARS, closingQuote(text, at));
  let position = at;
  while (position < limit) {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(text);
    if (match === null || match[2] !== undefined) break;
    position = TOKEN.lastIndex;
    if (match[1] !== undefined) reader.space();
    else if (match[3] !== undefined) reader.operator(match[3]);
    else reader.text(match[4] ?? match[5] ?? "");
  }
  return { commands: reader.finish(), end: position };
}

/** Where the quotation ends that the command stands in, in prose; infinity when it stands in none. */
function closingQuote(text: string, at: number): number {
  const before = text.slice(Math.max(0, at - MAX_PREFIX), at);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const mark = (line.match(/`/g)?.length ?? 0) % 2 === 1 ? "`" : /(["'])(?:sudo |\$ )?$/.exec(line)?.[1];
  const end = mark === undefined ? -1 : text.indexOf(mark, at);
  return end < 0 ? Infinity : end;
}

class Reader {
  readonly #commands: Command[] = [];
  #joint: Joint = "";
  #words: string[] = [];
  #redirects: string[] = [];
  #word = "";
  #redirect = "";

  space(): void {
    if (this.#word === "") return;
    if (this.#redirect !== "") this.#redirects.push(this.#redirect + this.#word);
    else this.#words.push(this.#word);
    this.#word = "";
    this.#redirect = "";
  }

  text(token: string): void {
    // A command substitution inside double quotes is still run.
    if (token.startsWith('"') && token.includes("$(")) this.#quotedSubstitution(token);
    else if (token === "`") this.operator("$(");
    else this.#word += /^(["']).*\1$/s.test(token) ? token.slice(1, -1) : token;
  }

  #quotedSubstitution(token: string): void {
    const at = token.indexOf("$(");
    this.#word += token.slice(1, at);
    this.operator("$(");
    for (const word of token.slice(at + 2, -1).split(/[\s)]+/)) {
      this.#word = word;
      this.space();
    }
  }

  operator(sign: string): void {
    if (/^\d?>>?&?$|^<$/.test(sign)) {
      this.space();
      this.#redirect = sign.replace(/^\d/, "");
      return;
    }
    this.#endCommand();
    this.#joint = JOINTS[sign] ?? ";";
  }

  finish(): readonly Command[] {
    this.#endCommand();
    return this.#commands;
  }

  #endCommand(): void {
    this.space();
    const words = this.#words;
    if (WRAPPERS.has(words[0] ?? "") || /^\w+=/.test(words[0] ?? "")) dropWrappers(words);
    const [first, ...args] = words;
    if (first !== undefined || this.#redirects.length > 0) {
      const name = (first ?? "").replace(/^.*[/\\]/, "");
      this.#commands.push({ joint: this.#joint, name, args, redirects: this.#redirects });
    }
    this.#words = [];
    this.#redirects = [];
  }
}

/** `sudo -E LANG=C bash` runs bash. */
function dropWrappers(words: string[]): void {
  while (words.length > 1 && (WRAPPERS.has(words[0] ?? "") || /^-|^\w+=/.test(words[0] ?? ""))) words.shift();
}
