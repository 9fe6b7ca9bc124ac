import fs from "node:fs";
import * as z from "zod";
import { unlessMissing, writeDurably } from "../files/mod.ts";
import { type Sha256, StartupError } from "../model/mod.ts";
import { pinName, PinSet } from "./pin_set.ts";
import { FILE_NAME, SHA256 } from "./scalars.ts";

/** A digest recorded when its artifact was promoted: the next artifact of this name must have it. */
export interface RecordedPin {
  /** Without the random prefix of browser uploads. */
  readonly filename: string;
  readonly sha256: Sha256;
  readonly sizeBytes: number;
  /** ISO 8601, UTC. */
  readonly firstSeen: string;
}

/** Version of pins.json this build writes, and the newest it reads. */
const SCHEMA = 1;

const pinSchema = z.strictObject({
  filename: FILE_NAME,
  sha256: SHA256,
  size_bytes: z.int().min(0),
  first_seen: z.iso.datetime({ offset: true }),
});
const storeSchema = z.strictObject({ schema: z.literal(SCHEMA), pins: z.array(pinSchema) });

/**
 * The pins of promotions, in one JSON file that is replaced whole. It is read afresh for every question, so that
 * `pins forget` in another process is seen; whoever writes holds the lock of the state directory.
 */
export class PinStore {
  constructor(private readonly path: string) {}

  /** Sorted by name. A missing file is an empty store; one that cannot be read is a `StartupError`. */
  list(): readonly RecordedPin[] {
    const text = this.#read();
    return text === null ? [] : this.#parse(text);
  }

  asSet(): PinSet {
    return new PinSet(this.list().map(({ filename, sha256 }) => ({ filename, sha256, files: [] })));
  }

  /** Pins a promoted artifact. A name that was pinned to other bytes (the lock overruled it) gets the new ones. */
  record(
    promoted: { readonly name: string; readonly sha256: Sha256; readonly sizeBytes: number },
    now: Date,
  ): void {
    const filename = pinName(promoted.name);
    const pins = this.list();
    if (pins.some((pin) => pin.filename === filename && pin.sha256 === promoted.sha256)) return;
    const { sha256, sizeBytes } = promoted;
    const others = pins.filter((pin) => pin.filename !== filename);
    this.#write([...others, { filename, sha256, sizeBytes, firstSeen: now.toISOString() }]);
  }

  /** Forgets what is pinned under a name; returns whether anything was. */
  forget(name: string): boolean {
    const pins = this.list();
    const rest = pins.filter((pin) => pin.filename !== name && pin.filename !== pinName(name));
    if (rest.length === pins.length) return false;
    this.#write(rest);
    return true;
  }

  #read(): string | null {
    try {
      return unlessMissing(() => fs.readFileSync(this.path, "utf8"));
    } catch (cause) {
      throw new StartupError("state/unreadable", `Cannot read ${this.path}`, { cause });
    }
  }

  #write(pins: readonly RecordedPin[]): void {
    const sorted = [...pins].sort((a, b) => (a.filename < b.filename ? -1 : 1));
    const entries = sorted.map(({ filename, sha256, sizeBytes, firstSeen }) => ({
      filename,
      sha256,
      size_bytes: sizeBytes,
      first_seen: firstSeen,
    }));
    writeDurably(this.path, `${JSON.stringify({ schema: SCHEMA, pins: entries }, null, 2)}\n`, 0o640);
  }

  #parse(text: string): RecordedPin[] {
    const data = this.#json(text);
    const version = z.object({ schema: z.int() }).safeParse(data);
    if (version.success && version.data.schema > SCHEMA) {
      throw new StartupError(
        "state/newer-schema",
        `Cannot read ${this.path}: written by a newer version (schema ${version.data.schema}, this one reads ${SCHEMA})`,
      );
    }
    const store = storeSchema.safeParse(data);
    if (!store.success) {
      throw new StartupError("state/unreadable", `Cannot read ${this.path}: not a pin store`, {
        cause: store.error,
      });
    }
    return store.data.pins.map(({ filename, sha256, size_bytes, first_seen }) => ({
      filename,
      sha256,
      sizeBytes: size_bytes,
      firstSeen: first_seen,
    }));
  }

  #json(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new StartupError("state/unreadable", `Cannot read ${this.path}: not JSON`, { cause });
    }
  }
}
