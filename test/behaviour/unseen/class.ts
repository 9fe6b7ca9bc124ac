/** A reply with the category of its prompt, and the prompt where that matters. */
export type Row = readonly [category: string, reply: string, prompt?: string | undefined];

/** What a kind of harm looks like, and what only looks like it. Written before the rules that tell them apart. */
export interface Class {
  readonly flagged: readonly Row[];
  readonly harmless: readonly Row[];
}
