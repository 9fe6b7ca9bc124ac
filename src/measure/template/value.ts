/**
 * What is known of a value without running the template: every string it can be, as far as they can be listed, and
 * where the rest would come from. A list counts as the union of its elements.
 */
export interface Value {
  readonly texts: ReadonlySet<string>;
  /** A number, a truth value or nothing. */
  readonly number: boolean;
  /** Read as it is from the conversation or the settings of the engine. */
  readonly data: boolean;
  /** Put together, beginning with a letter or digit that the template states. */
  readonly prefixed: boolean;
  /** Put together or transformed so that it could be any name. */
  readonly crafted: boolean;
  /** Surely a list, so that `+` joins lists and not texts. */
  readonly list: boolean;
  /** Largest number it can be, as far as literals say. */
  readonly max: number;
  /** Longest text it can be, in UTF-16 units, as far as literals say. */
  readonly size: number;
}

const MAX_TEXTS = 32;
/** Longer texts are no names; their size is kept, their content is not. */
const MAX_TEXT_UNITS = 2048;

export const NOTHING: Value = {
  texts: new Set(),
  number: false,
  data: false,
  prefixed: false,
  crafted: false,
  list: false,
  max: 0,
  size: 0,
};
export const NUMBER: Value = { ...NOTHING, number: true };
export const DATA: Value = { ...NOTHING, data: true };
export const CRAFTED: Value = { ...NOTHING, crafted: true };

export function numberUpTo(max: number): Value {
  return { ...NUMBER, max: Number.isNaN(max) ? Infinity : Math.abs(max) };
}

/** One of these texts; unknown ones when they are too many or too long to list. */
export function texts(...options: readonly string[]): Value {
  const size = options.reduce((longest, text) => Math.max(longest, text.length), 0);
  const kept = new Set(options);
  return kept.size > MAX_TEXTS || size > MAX_TEXT_UNITS
    ? { ...CRAFTED, size }
    : { ...NOTHING, texts: kept, size };
}

export function asList(value: Value): Value {
  return { ...value, list: true };
}

/** Any of these values. More texts than can be listed leave those listed first, so that a union never loses any. */
export function union(...values: readonly Value[]): Value {
  const [first = NOTHING, ...rest] = values;
  return rest.reduce(either, first);
}

function either(a: Value, b: Value): Value {
  if (b === NOTHING || (a !== NOTHING && holds(a, b))) return a;
  if (a === NOTHING || holds(b, a)) return b;
  const options = new Set([...a.texts, ...b.texts]);
  const isTooMany = options.size > MAX_TEXTS;
  return {
    texts: isTooMany ? new Set([...options].slice(0, MAX_TEXTS)) : options,
    number: a.number || b.number,
    data: a.data || b.data,
    prefixed: a.prefixed || b.prefixed,
    crafted: a.crafted || b.crafted || isTooMany,
    list: a.list && b.list,
    max: Math.max(a.max, b.max),
    size: Math.max(a.size, b.size),
  };
}

/** Whether whatever `inner` can be, `outer` can be too. */
function holds(outer: Value, inner: Value): boolean {
  return (outer.number || !inner.number) && (outer.data || !inner.data) &&
    (outer.prefixed || !inner.prefixed) && (outer.crafted || !inner.crafted) &&
    (!outer.list || inner.list) && outer.max >= inner.max && outer.size >= inner.size &&
    inner.texts.size <= outer.texts.size && [...inner.texts].every((text) => outer.texts.has(text));
}

export function isOnlyNumber(value: Value): boolean {
  return value.number && !value.list && !isTextual(value) && !value.data;
}

function isTextual(value: Value): boolean {
  return value.texts.size > 0 || value.crafted || value.prefixed;
}

/** `left ~ right`. */
export function concat(left: Value, right: Value): Value {
  if (left === NOTHING || right === NOTHING) return NOTHING;
  const size = left.size + right.size;
  if (isListed(left) && isListed(right) && left.texts.size * right.texts.size <= MAX_TEXTS) {
    return texts(...combine(left.texts, right.texts, (a, b) => a + b));
  }
  return { ...(beginsHarmlessly(left) ? { ...NOTHING, prefixed: true } : CRAFTED), size };
}

/** Every text it can be is listed. */
function isListed(value: Value): boolean {
  return value.texts.size > 0 && !value.number && !value.data && !value.prefixed && !value.crafted;
}

function beginsHarmlessly(value: Value): boolean {
  if (value.data || value.crafted) return false;
  return (value.texts.size > 0 || value.number || value.prefixed) &&
    [...value.texts].every((text) => /^[\p{L}\p{Nd}]/u.test(text));
}

/** A change of every text that can be listed; what cannot be listed could become any name. */
export function transform(value: Value, change: (text: string) => string): Value {
  const changed = texts(...[...value.texts].map(change));
  return union(
    {
      ...value,
      texts: changed.texts,
      prefixed: false,
      crafted: value.crafted || value.prefixed,
      list: false,
    },
    changed,
  );
}

/** A change that keeps the first letter of what begins with one, such as `lower`. */
export function transformLetters(value: Value, change: (text: string) => string): Value {
  return union({ ...transform({ ...value, prefixed: false }, change), prefixed: value.prefixed });
}

/** `value|replace(from, to)` where all of them can be listed. */
export function replaced(value: Value, from: Value, to: Value): Value {
  const combinations = value.texts.size * from.texts.size * to.texts.size;
  if (![value, from, to].every(isListed) || combinations > MAX_TEXTS) return CRAFTED;
  return texts(
    ...combine(from.texts, to.texts, (a, b) => [a, b] as const)
      .flatMap(([a, b]) => [...value.texts].map((text) => text.replaceAll(a, () => b))),
  );
}

/** One element of a list, or one character of a text. What is no list for sure can be either. */
export function element(value: Value): Value {
  if (value.list) return { ...value, list: false };
  const characters = texts(...new Set([...value.texts].flatMap((text) => [...text])));
  const one = { ...value, prefixed: false, crafted: value.crafted || value.prefixed };
  return value.texts.size === 0 ? one : union(one, characters);
}

/** A part of a text, or of a list. */
export function slice(value: Value): Value {
  if (value.list) return value;
  const { texts: options, ...rest } = value;
  const isCrafted = rest.crafted || rest.prefixed || [...options].some((text) => text.includes("_"));
  return { ...rest, texts: options, crafted: isCrafted, prefixed: false };
}

export function sum(left: Value, right: Value): Value {
  if (isOnlyNumber(left) || isOnlyNumber(right)) return numberUpTo(left.max + right.max);
  if (left.list || right.list) return asList(union(left, right));
  return union(concat(left, right), left.number && right.number ? numberUpTo(left.max + right.max) : NOTHING);
}

export function product(left: Value, right: Value): Value {
  const [repeated, times] = isOnlyNumber(left) ? [right, left] : [left, right];
  if (isOnlyNumber(repeated)) return numberUpTo(left.max * right.max);
  const size = Math.max(repeated.size, 1) * Math.max(times.max, 1);
  if (repeated.list) return { ...repeated, size };
  if (!isListed(repeated) || !isOnlyNumber(times) || times.max >= MAX_TEXTS) return { ...CRAFTED, size };
  const counts = Array.from({ length: times.max + 1 }, (_, n) => n);
  return { ...texts(...counts.flatMap((n) => [...repeated.texts].map((text) => text.repeat(n)))), size };
}

function combine<T>(
  left: ReadonlySet<string>,
  right: ReadonlySet<string>,
  make: (a: string, b: string) => T,
): readonly T[] {
  return [...left].flatMap((a) => [...right].map((b) => make(a, b)));
}

export function isSame(a: Value, b: Value): boolean {
  return a.number === b.number && a.data === b.data && a.prefixed === b.prefixed && a.crafted === b.crafted &&
    a.list === b.list && a.max === b.max && a.size === b.size && a.texts.size === b.texts.size &&
    [...a.texts].every((text) => b.texts.has(text));
}
