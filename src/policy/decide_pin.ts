import { escapeName } from "../files/mod.ts";
import type { ArtifactDigest, FileDigest, Origin, Policy, RuleId, Sha256 } from "../model/mod.ts";
import type { ModelsLock } from "./lock.ts";
import type { FilePin, Pin, PinSet } from "./pin_set.ts";

export interface PinQuestion {
  /** Name of the artifact as it was dropped. */
  readonly name: string;
  readonly digest: ArtifactDigest;
  readonly origin: Origin;
  readonly localImports: Policy["models"]["localImports"];
  readonly lock: ModelsLock;
  readonly catalog: PinSet;
  /** Recorded at earlier promotions. */
  readonly pins: PinSet;
  /** The digest whoever asks says it must be. */
  readonly expected?: Sha256;
}

export type PinVia = "lock" | "catalog" | "pin" | "first-use" | "given";

export type PinDecision =
  /** `first-use`: nothing is known of these bytes, and a local import may be trusted once. */
  | { readonly ok: true; readonly via: PinVia }
  | {
    readonly ok: false;
    readonly rule: RuleId;
    readonly message: string;
    /** The file inside a directory that is not what it must be. */
    readonly path?: string;
  };

type Refused = Extract<PinDecision, { ok: false }>;

/**
 * Stage 3: are these the bytes they must be? Blocked bytes are refused under any name. Then the pin of the name
 * decides, the lock's before the catalog's before the recorded one. A name nobody pinned may still carry bytes that
 * are pinned under another. What is left is unknown: refused when it came from elsewhere, and by
 * `models.local_imports` when it is local. Where pinned bytes were fetched from is stage 1's question: the digest
 * says more about them than any address.
 */
export function decidePin(question: PinQuestion): PinDecision {
  const { name, digest, lock, catalog, pins, expected } = question;
  const blocked = blockedIn(digest, lock);
  if (blocked !== null) return blocked;
  if (expected !== undefined && expected !== digest.sha256) return mismatch(expected, digest.sha256);
  const authorities: readonly (readonly [PinVia, PinSet])[] = [
    ["lock", lock.pins],
    ["catalog", catalog],
    ["pin", pins],
  ];
  for (const [via, set] of authorities) {
    const pin = set.named(name);
    if (pin !== null) return difference(pin, digest) ?? { ok: true, via };
  }
  if (expected !== undefined) return { ok: true, via: "given" };
  const known = authorities.find(([, set]) => set.has(digest.sha256));
  return known === undefined ? decideUnknown(question) : { ok: true, via: known[0] };
}

function decideUnknown({ origin, localImports }: PinQuestion): PinDecision {
  if (origin.kind === "remote") {
    return { ok: false, rule: "integrity/unpinned", message: "remote artifact has no pinned hash" };
  }
  switch (localImports) {
    case "allow":
      return { ok: true, via: "first-use" };
    case "require_pin":
      return {
        ok: false,
        rule: "integrity/pin-required",
        message: "local artifact has no pinned hash, and the policy requires one",
      };
    case "refuse":
      return { ok: false, rule: "origin/local-refused", message: "the policy refuses local imports" };
  }
}

function blockedIn(digest: ArtifactDigest, lock: ModelsLock): Refused | null {
  const reason = lock.blocked.get(digest.sha256);
  if (reason !== undefined) {
    return refuse("integrity/blocked", `sha256 ${digest.sha256} is blocked: ${reason}`);
  }
  for (const { path, sha256 } of digest.files) {
    const reason = lock.blocked.get(sha256);
    if (reason === undefined) continue;
    return refuse("integrity/blocked", `"${escapeName(path)}" sha256 ${sha256} is blocked: ${reason}`, path);
  }
  return null;
}

function difference(pin: Pin, digest: ArtifactDigest): Refused | null {
  if (pin.sha256 !== null && pin.sha256 !== digest.sha256) return mismatch(pin.sha256, digest.sha256);
  return pin.files.length === 0 ? null : differenceInFiles(pin.files, digest.files);
}

/** Every file as pinned, none missing, none more. */
function differenceInFiles(pinned: readonly FilePin[], actual: readonly FileDigest[]): Refused | null {
  const found = new Map(actual.map(({ path, sha256 }) => [path, sha256]));
  for (const { path, sha256 } of pinned) {
    const digest = found.get(path);
    if (digest === undefined) {
      return refuse("integrity/mismatch", `"${escapeName(path)}" is pinned and missing`, path);
    }
    if (digest !== sha256) return { ...mismatch(sha256, digest), path };
    found.delete(path);
  }
  for (const path of found.keys()) {
    return refuse("integrity/mismatch", `"${escapeName(path)}" is not among the pinned files`, path);
  }
  return null;
}

function mismatch(expected: Sha256, actual: Sha256): Refused {
  return refuse("integrity/mismatch", `hash mismatch expected: ${expected} actual: ${actual}`);
}

function refuse(rule: RuleId, message: string, path?: string): Refused {
  return { ok: false, rule, message, ...(path === undefined ? {} : { path }) };
}
