import type { Sha256 } from "../model/mod.ts";
import type { Problem } from "./problem.ts";

/** One file inside a pinned directory. */
export interface FilePin {
  /** Relative, `/` between segments. */
  readonly path: string;
  readonly sha256: Sha256;
}

/** The digests one name must have: of the file or the whole directory, of its files one by one, or both. */
export interface Pin {
  readonly filename: string;
  readonly sha256: Sha256 | null;
  readonly files: readonly FilePin[];
}

/** Pins of one authority, found by name and by digest. */
export class PinSet {
  readonly #byName: ReadonlyMap<string, Pin>;
  readonly #digests: ReadonlySet<Sha256>;

  constructor(pins: readonly Pin[]) {
    this.#byName = new Map(pins.map((pin) => [pin.filename, pin]));
    this.#digests = new Set(pins.flatMap((pin) => pin.sha256 ?? []));
  }

  get size(): number {
    return this.#byName.size;
  }

  /** The pin of this name as it is, else of the name a browser upload had before it got its random prefix. */
  named(name: string): Pin | null {
    return this.#byName.get(name) ?? this.#byName.get(pinName(name)) ?? null;
  }

  /** Whether these very bytes are pinned, under whatever name. */
  has(digest: Sha256): boolean {
    return this.#digests.has(digest);
  }
}

/** A name less the `<32 hex digits>_` that uploads through the browser are given to keep them apart. */
export function pinName(name: string): string {
  return name.replace(/^[0-9a-f]{32}_(?=.)/i, "");
}

/** Two entries for one name must mean the same bytes: which of them would hold is anybody's guess. */
export function pinConflicts(
  pins: readonly { readonly pin: Pin; readonly path: Problem["path"] }[],
): Problem[] {
  const first = new Map<string, string>();
  return pins.flatMap(({ pin, path }) => {
    const bytes = JSON.stringify([pin.sha256, [...pin.files].sort((a, b) => (a.path < b.path ? -1 : 1))]);
    const earlier = first.get(pin.filename) ?? bytes;
    first.set(pin.filename, earlier);
    if (earlier === bytes) return [];
    return [{
      kind: "schema",
      path,
      about: "value",
      message: `${JSON.stringify(pin.filename)} is pinned twice, to different digests`,
    }];
  });
}
