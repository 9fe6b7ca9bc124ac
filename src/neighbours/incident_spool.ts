import fs from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { createDurably, syncDirectory, unlessMissing } from "../files/mod.ts";

const incidentSchema = z.strictObject({
  schema: z.literal(1),
  /** Tells the same event from another; the recorder gets it as evidence. */
  id: z.string(),
  at: z.string(),
  class: z.string(),
  severity: z.string(),
  description: z.string(),
  evidence: z.record(z.string(), z.string()),
});
export type Incident = z.infer<typeof incidentSchema>;

export interface Spooled {
  readonly path: string;
  readonly incident: Incident;
}

/** Boundary events are rare: this many mean that something repeats itself, and the first ones tell what. */
const MAX_SPOOLED = 1000;
const NAME = /^(\d{12})\.json$/;

/** Incidents that wait on disk for the recorder, oldest first. One process writes at a time: it holds the lock. */
export class IncidentSpool {
  constructor(private readonly directory: string) {}

  /** False when the spool is full. Throws when the disk does not take it. */
  add(incident: Incident): boolean {
    fs.mkdirSync(this.directory, { recursive: true, mode: 0o750 });
    const names = this.#names();
    if (names.length >= MAX_SPOOLED) return false;
    const last = Number(names.at(-1)?.slice(0, 12) ?? 0);
    const name = `${String(last + 1).padStart(12, "0")}.json`;
    createDurably(join(this.directory, name), JSON.stringify(incident) + "\n", 0o640);
    return true;
  }

  get size(): number {
    return this.#names().length;
  }

  /** What waits longest. What cannot be read is set aside, so that it does not hold up the rest. */
  oldest(): Spooled | null {
    for (const name of this.#names()) {
      const path = join(this.directory, name);
      const incident = read(path);
      if (incident !== null) return { path, incident };
      this.setAside(path);
    }
    return null;
  }

  /** Whether the event waits already, or was the last that was delivered. */
  knows(id: string): boolean {
    if (unlessMissing(() => fs.readFileSync(this.#lastPath, "utf8")) === id) return true;
    return this.#names().some((name) => read(join(this.directory, name))?.id === id);
  }

  /** Delivered: it leaves the spool. */
  delivered({ path, incident }: Spooled): void {
    fs.writeFileSync(this.#lastPath, incident.id);
    fs.rmSync(path, { force: true });
    syncDirectory(this.directory);
  }

  /** Kept for a person, never sent. */
  setAside(path: string): void {
    fs.renameSync(path, `${path}.refused`);
    syncDirectory(this.directory);
  }

  get #lastPath(): string {
    return join(this.directory, "last-delivered");
  }

  #names(): string[] {
    return (unlessMissing(() => fs.readdirSync(this.directory)) ?? []).filter((name) => NAME.test(name))
      .sort();
  }
}

function read(path: string): Incident | null {
  const text = unlessMissing(() => fs.readFileSync(path, "utf8"));
  if (text === null) return null;
  try {
    return incidentSchema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}
