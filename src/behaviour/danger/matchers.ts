import type { Category } from "../categories.ts";
import type { Folded } from "../fold.ts";
import { type Command, readCommandLine } from "./command_line.ts";

/** Part of a text, in UTF-16 code units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * One structure that a reply must not hold. A word alone is never one: a matcher looks at a command with its
 * target, a key with its shape, an instruction with its destination.
 */
export interface Danger {
  readonly id: `${string}/${string}`;
  readonly description: string;
  /**
   * Words (lower case, whole) at which the matcher is tried; `AKIA*` stands for a word that begins so, `()`
   * for an empty pair of parentheses, `#` for a number. In scripts without spaces they are found inside words. Choose
   * rare ones: every occurrence costs a try.
   */
  readonly anchors: readonly string[];
  /** Prompt categories in which it means something. Absent: in all of them. */
  readonly only?: readonly Category[];
  /** `quotable`: harmless where a reply names it to refuse, to warn or to explain. `fact`: being there is the harm. */
  readonly kind: "quotable" | "fact";
  readonly match: Matcher;
}

export type Matcher = (scene: Scene, at: number) => Span | null;

/** What was found at the last place: the matchers of one place come one after the other. */
class Last<T> {
  #place = -1;
  #found: T | undefined;

  constructor(readonly find: (place: number) => T) {}

  at(place: number): T {
    if (this.#place === place && this.#found !== undefined) return this.#found;
    this.#place = place;
    return this.#found = this.find(place);
  }
}

/** A command with those it is joined to. */
export interface Typed {
  readonly first: Command;
  readonly rest: readonly Command[];
  /** Where the line ends in the text. */
  readonly end: number;
}

/** A text being searched, with what the matchers of one place have in common. */
export class Scene {
  /** The command that begins at a place, `null` where none does. */
  readonly #typed = new Last((at) => this.#readCommand(at));
  readonly #sentences = new Last((at) => this.#readSentences(at));
  readonly #address = new Last((at) => this.#readAddress(at));
  #budget: number;
  readonly #held = new Map<object, boolean>();

  constructor(
    readonly text: Folded,
    /** Lower case. */
    readonly prompt: string,
  ) {
    this.#budget = FREE + PER_CHARACTER * text.latin.length;
  }

  /** True once more was read than the text allows. */
  get isSpent(): boolean {
    return this.#budget < 0;
  }

  spend(characters: number): void {
    this.#budget -= characters;
  }

  /** Whether the text holds a match anywhere: looked up once, so that a rule costs nothing where it cannot apply. */
  holds(expression: RegExp): boolean {
    return this.#once(expression, () => expression.test(this.text.lower));
  }

  /** The same of the prompt. */
  isPrompted(expression: RegExp): boolean {
    return this.#once(expression, () => expression.test(this.prompt));
  }

  /** Whether the text holds a literal of every group anywhere, looked up once. */
  holdsEach(groups: readonly (readonly string[])[]): boolean {
    const { latin } = this.text;
    return this.#once(
      groups,
      () => groups.every((group) => group.some((literal) => latin.includes(literal))),
    );
  }

  /** Whether one of the texts holds one of the literals anywhere, looked up once. */
  holdsOne(literals: readonly string[], text: keyof Folded): boolean {
    return this.#once(literals, () => literals.some((literal) => this.text[text].includes(literal)));
  }

  #once(about: object, find: () => boolean): boolean {
    const known = this.#held.get(about);
    if (known !== undefined) return known;
    const held = find();
    this.#held.set(about, held);
    return held;
  }

  /** The command that begins at a place; `null` where none does. */
  command(at: number): Typed | null {
    return this.#typed.at(at);
  }

  #readCommand(at: number): Typed | null {
    const { latin } = this.text;
    if (!standsAlone(latin, at)) return null;
    const { commands, end } = readCommandLine(latin, at);
    this.spend(end - at);
    const first = commands[0];
    return first === undefined ? null : { first, rest: commands.slice(1), end };
  }

  /** The sentence around a place, in both of the texts that speech is looked for in. */
  sentences(at: number): Sentences {
    return this.#sentences.at(at);
  }

  #readSentences(at: number): Sentences {
    this.spend(2 * LOOK);
    const latin = sentenceAt(this.text.latin, at);
    return { latin, lower: this.text.lower === this.text.latin ? latin : sentenceAt(this.text.lower, at) };
  }

  /** The web address that begins at a place, or "", and what stands before it. */
  address(at: number): Address {
    return this.#address.at(at);
  }

  #readAddress(at: number): Address {
    this.spend(2 * LOOK);
    const { plain } = this.text;
    ADDRESS.lastIndex = at;
    return { address: ADDRESS.exec(plain)?.[0] ?? "", before: plain.slice(Math.max(0, at - 100), at) };
  }
}

interface Sentences {
  readonly latin: Sentence;
  readonly lower: Sentence;
}

interface Address {
  readonly address: string;
  readonly before: string;
}

/**
 * What the matchers may read of a text, in characters, before it counts as made to tire the reader out. Windows
 * overlap, so prose and even dense code read some characters twice; these bounds are far from anything written.
 */
const FREE = 1600;
const PER_CHARACTER = 2;
/** A look at a window with plain searches costs about as much as reading so many characters one by one. */
const LOOK = 24;

/** Of one more look at what was already cut out. */
const GLANCE = 8;
/** Of one more look at an address, which is longer than most words. */
const GLANCE_AT_ADDRESS = 20;

/** The anchor begins a command line of which `test` says yes. */
export function command(test: (first: Command, rest: readonly Command[]) => boolean): Matcher {
  return (scene, at) => {
    const typed = scene.command(at);
    return typed !== null && test(typed.first, typed.rest) ? { start: at, end: typed.end } : null;
  };
}

/** A command is no part of a host name, an option or an assignment: `user@host.example`, `--cat`. */
function standsAlone(text: string, at: number): boolean {
  if (/[\w.@=-]/.test(text.charAt(at - 1))) return false;
  NAME_OF_COMMAND.lastIndex = at;
  return NAME_OF_COMMAND.test(text);
}
const NAME_OF_COMMAND = /[a-z0-9_]{1,20}(?:\.\w{2,8})?(?=[\s"'<>|;)]|$)/y;

/**
 * A sticky expression that must match at the anchor. Its quantifiers must be bounded and must not nest, so that a
 * try costs the same whatever the text. `before` must stand directly in front of the anchor. Every match has one of
 * `needs` in it: a text without any of them costs no try.
 */
export function pattern(
  expression: RegExp,
  where: {
    readonly before?: string;
    readonly text?: keyof Folded;
    readonly needs?: readonly string[] | undefined;
  } = {},
): Matcher {
  const sticky = new RegExp(expression, expression.flags.replace("y", "") + "y");
  const { before = "", text: name = "latin", needs } = where;
  return (scene, at) => {
    if (needs !== undefined && !scene.holdsOne(needs, name)) return null;
    const text = scene.text[name];
    if (!text.startsWith(before, at - before.length)) return null;
    sticky.lastIndex = at;
    return sticky.test(text) ? { start: at - before.length, end: sticky.lastIndex } : null;
  };
}

/** Every group has one of its literals within `chars` of the anchor, on either side. */
export function near(chars: number, ...groups: readonly (readonly string[])[]): Matcher {
  return (scene, at) => {
    if (!scene.holdsEach(groups)) return null;
    scene.spend(chars);
    const { latin } = scene.text;
    const window = latin.slice(Math.max(0, at - chars), at + chars);
    const all = groups.every((group) => group.some((literal) => window.includes(literal)));
    return all ? { start: at, end: endOfWord(latin, at) } : null;
  };
}

/** The sentence up to the anchor, and the anchor with what follows it, are as the two expressions say. */
export function sentence(before: RegExp, after: RegExp): Matcher {
  return (scene, at) => {
    scene.spend(GLANCE);
    const says = ({ head, tail }: Sentence) => before.test(head) && after.test(tail);
    const { latin, lower } = scene.sentences(at);
    return says(latin) || (lower !== latin && says(lower))
      ? { start: at, end: endOfWord(scene.text.latin, at) }
      : null;
  };
}

interface Sentence {
  readonly head: string;
  readonly tail: string;
}

function sentenceAt(text: string, at: number): Sentence {
  return { head: headOf(text, at), tail: tailOf(text, at) };
}

function headOf(text: string, at: number): string {
  const head = text.slice(Math.max(0, at - SENTENCE), at);
  const cut = head.search(/(?:[.!?]\s|\n)[^\n.!?]*$/);
  return cut < 0 ? head : head.slice(cut + 1);
}

function tailOf(text: string, at: number): string {
  const tail = text.slice(at, at + SENTENCE);
  const stop = tail.search(/[.!?]\s|\n/);
  return stop < 0 ? tail : tail.slice(0, stop);
}
const SENTENCE = 120;

/** The anchor begins a web address of which `test` says yes. */
export function url(test: (address: string, before: string) => boolean): Matcher {
  return (scene, at) => {
    scene.spend(GLANCE_AT_ADDRESS);
    const { address, before } = scene.address(at);
    return address === "" || !test(address, before) ? null : { start: at, end: at + address.length };
  };
}
const ADDRESS = /(?:https?|ftp|wss?):\/\/[^\s"'<>`)\]]{3,600}[^\s"'<>`)\].,;:!?]/y;

/** The first matches, and the second at the same place. */
export function both(first: Matcher, second: Matcher): Matcher {
  return (scene, at) => {
    const span = first(scene, at);
    return span === null || second(scene, at) === null ? null : span;
  };
}

export function any(...matchers: readonly Matcher[]): Matcher {
  return (scene, at) => {
    for (const matcher of matchers) {
      const span = matcher(scene, at);
      if (span !== null) return span;
    }
    return null;
  };
}

export function endOfWord(text: string, at: number): number {
  const end = text.slice(at, at + 64).search(/[^\p{L}\p{N}_]/u);
  return end < 0 ? Math.min(text.length, at + 64) : at + Math.max(1, end);
}
