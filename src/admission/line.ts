import type {
  ArtifactDigest,
  BoundaryEvent,
  Permission,
  Placement,
  Policy,
  PromoteRequest,
  PromotionQuestion,
  RuleId,
  Sha256,
} from "../model/mod.ts";
import type { Attested } from "../provenance/attest/reuse.ts";
import type { Signer } from "../provenance/signer.ts";
import type { StartExaminer } from "./ahead.ts";
import type { Reflink } from "./freeze.ts";
import type { Say } from "./journal.ts";
import type { Bench } from "./judge.ts";
import type { Places } from "./places.ts";
import type { Verity } from "./verity.ts";

/** The audit log as the line needs it. An append that fails throws, and admission stops. */
export interface AuditLog {
  append(event: string, data: AuditData): Promise<unknown>;
  /** Whether an entry with this event and claim id was already written, looked for at recovery only. */
  has(event: string, claim: string): Promise<boolean>;
}

/** Only text, whole numbers and booleans: every reader in every language must hash the same bytes. */
export type AuditValue = string | number | boolean | readonly AuditValue[] | {
  readonly [key: string]: AuditValue;
};
export type AuditData = { readonly [key: string]: AuditValue };

export type PromoteReply =
  | { readonly outcome: "promoted" }
  /** The registry said no, and would say no again. */
  | { readonly outcome: "refused"; readonly rule: RuleId; readonly message: string }
  /** It could not be asked; nothing was registered. */
  | { readonly outcome: "unavailable"; readonly rule: RuleId; readonly message: string }
  /** It may or may not have registered the model. */
  | { readonly outcome: "unknown"; readonly rule: RuleId; readonly message: string };

export interface Registry {
  placement(): Promise<Placement | Extract<PromoteReply, { outcome: "unavailable" }>>;
  /** `stagedAs` is the name in the staging directory, where that is the placement. */
  promote(request: PromoteRequest, stagedAs: string | null): Promise<PromoteReply>;
}

/** Asked before each promotion. */
export interface PolicyEngine {
  decide(question: PromotionQuestion): Promise<Permission>;
}

/** Told when a boundary did not hold. */
export interface IncidentRecorder {
  /** Never throws and never waits. */
  report(event: BoundaryEvent): void;
  /** Sends what was reported while the recorder was away. */
  drain(): Promise<void>;
}

/** Remembers the digest of a local import when it is first promoted. */
export interface Pins {
  record(pin: { filename: string; sha256: Sha256; sizeBytes: number; at: Date }): void;
}

/** What a trusted peer says about an artifact, with the manifest it made of it. */
export interface Vouched {
  readonly attested: Attested;
  readonly manifest: string;
}

/**
 * Looks for a trusted peer's word about exactly these bytes in the files called `stem` and a suffix. `null` when the
 * policy trusts nobody or nothing came along; throws `UnusableAttestation` with the reason when it is of no use.
 */
export type FindVouched = (stem: string, digest: ArtifactDigest) => Vouched | null;

/** Everything one coordinator works with. */
export interface Line {
  readonly places: Places;
  readonly policy: Policy;
  readonly bench: Bench;
  readonly audit: AuditLog;
  readonly registry: Registry;
  readonly engine: PolicyEngine;
  readonly incidents: IncidentRecorder;
  readonly pins: Pins;
  /** Null where there is no signing key: records are then unsigned. */
  readonly signer: Signer | null;
  readonly vouched: FindVouched;
  readonly reflink: Reflink;
  /** Null where every stage is asked in its turn only. */
  readonly startExaminer: StartExaminer | null;
  readonly verity: Verity;
  /** Told of every promoted copy, once its bytes hash to what was examined. */
  readonly hashed: (path: string, digest: ArtifactDigest) => void;
  readonly say: Say;
  /** Waits until bytes last written at that time count as stable, or the program is asked to stop. */
  readonly untilStable: (modifiedMs: number) => Promise<void>;
  readonly hostname: string;
  readonly now: () => Date;
  /** Called after every step that changed something outside this process: where a crash is interesting. */
  readonly step: (name: string) => void;
}
