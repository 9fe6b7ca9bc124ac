import fs from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { unlessMissing, writeDurably } from "../files/mod.ts";
import type { RuleId } from "../model/mod.ts";
import { isHidden } from "./places.ts";
import { REPORT_SUFFIX, shelfName } from "./shelf.ts";

/**
 * held/: what could not be decided, with when it may be tried again. Each artifact has a hidden `.NAME.hold.json`
 * beside it.
 */

const holdSchema = z.strictObject({
  schema: z.literal(1),
  name: z.string(),
  rule: z.string(),
  /** Whether the cause can go away by itself, so that the sweep tries again. */
  automatic: z.boolean(),
  attempts: z.number().int(),
  held_at: z.string(),
  not_before: z.string(),
});

export type Hold = z.infer<typeof holdSchema>;

const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 6 * 3_600_000;

/** Causes that stay until a person acts; trying again by the clock would only repeat them. */
const NEEDS_A_PERSON: readonly RuleId[] = [
  "line/digest-disagrees",
  "registry/refused",
  "registry/conflict",
  "registry/policy-bundle",
  "engine/asks",
];

export function isRetryable(rule: RuleId): boolean {
  return !NEEDS_A_PERSON.includes(rule);
}

const holdPath = (held: string, name: string): string => join(held, `.${shelfName(name)}.hold.json`);

/** Records one more failed attempt; the wait doubles from a minute to six hours. */
export function holdAgain(
  held: string,
  name: string,
  why: { rule: RuleId; automatic: boolean; at: Date },
): void {
  const attempts = (readHold(held, shelfName(name))?.attempts ?? 0) + 1;
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** (attempts - 1), LONGEST_WAIT_MS);
  const hold: Hold = {
    schema: 1,
    name,
    rule: why.rule,
    automatic: why.automatic,
    attempts,
    held_at: why.at.toISOString(),
    not_before: new Date(why.at.getTime() + waitMs).toISOString(),
  };
  writeDurably(holdPath(held, name), JSON.stringify(hold) + "\n");
}

function readHold(held: string, shelved: string): Hold | null {
  const text = unlessMissing(() => fs.readFileSync(join(held, `.${shelved}.hold.json`), "utf8"));
  return text === null ? null : parseHold(text);
}

/** What is no hold (edited by hand, written by another version) leaves the artifact to `retry`. */
function parseHold(text: string): Hold | null {
  try {
    return holdSchema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

/** Forgets the attempts of a name: it was decided. */
export function clearHold(held: string, name: string): void {
  fs.rmSync(holdPath(held, name), { force: true });
}

export interface HeldArtifact {
  readonly name: string;
  readonly path: string;
  readonly hold: Hold | null;
}

/** Everything that is held, with its next attempt. */
export function listHeld(held: string): HeldArtifact[] {
  return fs.readdirSync(held)
    .filter((name) => !isHidden(name) && !name.endsWith(REPORT_SUFFIX))
    .sort()
    .map((name) => ({ name, path: join(held, name), hold: readHold(held, name) }));
}

/** Puts a held artifact back where models are dropped, so that the line takes it again. Refuses to overwrite. */
export function release(held: string, incoming: string, name: string): void {
  const target = join(incoming, name);
  if (unlessMissing(() => fs.lstatSync(target)) !== null) {
    throw new Error(`Cannot retry ${name}: the incoming directory has another file of that name`);
  }
  fs.renameSync(join(held, name), target);
}

/** Releases what the clock allows. Returns the names. */
export function releaseDue(held: string, incoming: string, now: Date): string[] {
  const due = listHeld(held).filter(({ hold }) =>
    hold !== null && hold.automatic && new Date(hold.not_before) <= now
  );
  return due.flatMap(({ name }) => {
    if (unlessMissing(() => fs.lstatSync(join(incoming, name))) !== null) return [];
    release(held, incoming, name);
    return [name];
  });
}
