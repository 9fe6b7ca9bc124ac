import type { Sha256 } from "./digest.ts";
import type { RuleId } from "./rules/mod.ts";
import type { StageId } from "./stage.ts";

/** The outside scanners a policy may name. */
export const SCANNER_IDS = ["modelscan", "fickling", "modelaudit", "gguf_guard", "yara", "garak"] as const;
export type ScannerId = typeof SCANNER_IDS[number];

export interface ScannerPolicy {
  /** Resolved from every key that bears on it: true means that without the scanner there is no pass. */
  readonly required: boolean;
  /** The only version whose word counts, or `null` for any. */
  readonly version: string | null;
}

/** Who must have signed what comes from one place. Plain JSON: it travels to the examiner as it is. */
export interface Publisher {
  /** An https prefix, `local` for models without an origin, or `any` for whatever no other entry is about. */
  readonly source: string;
  /** true: without a signature by one of the signers there is no pass. */
  readonly required: boolean;
  readonly signers: readonly TrustedSigner[];
}

/** One signer a policy trusts. Identities are compared whole, never as patterns. */
export type TrustedSigner =
  | {
    readonly method: "key";
    readonly name: string;
    /** PEM, SubjectPublicKeyInfo. */
    readonly publicKey: string;
    /** The key's signatures count before this moment only (ISO 8601), or always. */
    readonly expires: string | null;
    /** A program that must agree about signatures over one file, or null. */
    readonly secondOpinion: "cosign" | null;
  }
  | {
    readonly method: "certificate";
    readonly name: string;
    /** PEM certificates of the authorities, one each. */
    readonly authorities: readonly string[];
    /** The address or URI, or the common name, in the signing certificate. */
    readonly identity: string;
  }
  | {
    readonly method: "keyless";
    readonly name: string;
    readonly identity: string;
    readonly issuer: string;
    /** Name of a trust root of the policy. */
    readonly trustRoot: string;
  }
  | {
    readonly method: "gpg";
    readonly name: string;
    /** ASCII-armoured public key with its revocations, if any. */
    readonly publicKey: string;
    /** Of the primary key: 40 hexadecimal digits in upper case. */
    readonly fingerprint: string;
  };

/** A pinned Sigstore trusted_root.json. */
export interface TrustRootPin {
  readonly name: string;
  /** Path, relative to the policy file. */
  readonly file: string;
  readonly sha256: Sha256;
  /** From this moment on (ISO 8601) nothing is trusted by it. */
  readonly expires: string;
}

/** A loaded policy: complete, checked, every key with a value. Made only by `src/policy/load.ts`. */
export interface Policy {
  /** SHA-256 of the policy text as it was read: the `policy_version` of every record. */
  readonly sha256: Sha256;
  readonly profile: "appliance" | "standalone";
  readonly models: {
    readonly allowedFormats: readonly string[];
    readonly denyFormats: readonly string[];
    readonly allowDiffusionDirectories: boolean;
    readonly allowModelDirectories: boolean;
    readonly requireSourceVerification: boolean;
    readonly localImports: "allow" | "require_pin" | "refuse";
    readonly requireScan: boolean;
    readonly requireBehaviorTests: boolean;
    readonly requireEntropyAnalysis: boolean;
    /** The same as `scanners.yara.required`. */
    readonly requireYara: boolean;
    /** The same as `scanners.modelaudit.required`. */
    readonly requireModelaudit: boolean;
    /** Licenses, in lower case, that a person shall see; one that ends with `*` names all that begin like it. */
    readonly flagLicenses: readonly string[];
  };
  readonly quarantine: {
    readonly stages: Readonly<Record<StageId, boolean>>;
    readonly smokeTestMaxScore: number;
    readonly smokeTestMaxCritical: number;
    readonly scannerMissing: "fail-closed" | "warn-and-skip";
    readonly retainRawArtifacts: boolean;
    /** Free space that must stay on the disk after a copy, in bytes. */
    readonly freeSpaceReserveBytes: number;
    /** Largest artifact taken in, in bytes. */
    readonly maxArtifactBytes: number;
    /** Most artifacts of one owner that may wait at once. */
    readonly maxQueuePerOwner: number;
  };
  readonly behaviour: {
    readonly maxTokens: number;
    readonly promptTimeoutMs: number;
    readonly totalTimeoutMs: number;
    /** Share of replies that may be evidence of nothing before the model "could not be judged". */
    readonly maxInvalid: number;
    /** What a running model may take beside its weights. */
    readonly memoryBytes: number;
    /** What garak asks, as `module.Class`; at least one. */
    readonly garakProbes: readonly string[];
    /** Largest share of garak's attempts with a hit that passes. */
    readonly garakMaxScore: number;
  };
  /** What each outside scanner's absence means, and which version is asked for. */
  readonly scanners: Readonly<Record<ScannerId, ScannerPolicy>>;
  readonly ggufGuard: {
    /** The same as `scanners.gguf_guard.required`. */
    readonly required: boolean;
    readonly generateManifest: boolean;
    readonly generateFingerprint: boolean;
    readonly verifyOnIntegrityCheck: boolean;
  };
  readonly registry: {
    readonly url: string | null;
    readonly localhostOnly: boolean;
    readonly dialect: "auto" | "a" | "b" | "c";
  };
  /** Without the yes of the machine's policy engine nothing is promoted, where it is to be asked. */
  readonly policyEngine: { readonly consult: boolean; readonly url: string; readonly timeoutMs: number };
  readonly incidentRecorder: { readonly report: boolean; readonly url: string };
  readonly network: { readonly offlineByDefault: boolean; readonly allowOutbound: boolean };
  readonly audit: { readonly maxSizeMb: number };
  readonly publishers: readonly Publisher[];
  readonly trustRoots: readonly TrustRootPin[];
  /** Without a signing key the coordinator does not start. */
  readonly signing: { readonly required: boolean };
  /** Whose word is taken for stages 5 and 6; nobody's by default. */
  readonly trustAttestations: readonly TrustedPeer[];
  readonly accept: readonly Waiver[];
}

/** A machine that examines for others, and under which policies. */
export interface TrustedPeer {
  readonly name: string;
  /** PEM of its public key: ECDSA on P-256. */
  readonly publicKey: string;
  /** Digests of the policies it may have examined by. */
  readonly policies: readonly Sha256[];
  readonly maxAgeMs: number;
}

/** An operator's decision to accept one finding for one digest. Rules of stages 1 to 3 can never be accepted. */
export interface Waiver {
  readonly sha256: Sha256;
  readonly rule: RuleId;
  readonly approvedBy: string;
  readonly reason: string;
  readonly expires: Date;
}
