import {
  isRuleId,
  parseSha256,
  type Policy,
  type ScannerId,
  type ScannerPolicy,
  type Sha256,
  type Waiver,
} from "../model/mod.ts";
import { settlePublisher, settleTrustRoot } from "./publishers.ts";
import type { PolicyText } from "./schema.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const DAY_MS = 24 * 3600 * 1000;

/** The policy as the program uses it: names of the code, base units, every dependent default settled. */
export function settle(text: PolicyText, sha256: Sha256): Policy {
  const scanners = settleScanners(text);
  return {
    sha256,
    profile: text.profile,
    models: {
      allowedFormats: text.models.allowed_formats,
      denyFormats: text.models.deny_formats,
      allowDiffusionDirectories: text.models.allow_diffusion_directories,
      allowModelDirectories: text.models.allow_model_directories,
      requireSourceVerification: text.models.require_source_verification,
      localImports: text.models.local_imports,
      requireScan: text.models.require_scan,
      requireBehaviorTests: text.models.require_behavior_tests,
      requireEntropyAnalysis: text.models.require_entropy_analysis,
      requireYara: scanners.yara.required,
      requireModelaudit: scanners.modelaudit.required,
      flagLicenses: text.models.flag_licenses,
    },
    quarantine: {
      stages: text.quarantine.stages,
      smokeTestMaxScore: text.quarantine.smoke_test_max_score,
      smokeTestMaxCritical: text.quarantine.smoke_test_max_critical,
      scannerMissing: text.quarantine.scanner_missing,
      retainRawArtifacts: text.quarantine.retain_raw_artifacts,
      freeSpaceReserveBytes: text.quarantine.free_space_reserve_mib * MIB,
      maxArtifactBytes: Math.floor(text.quarantine.max_artifact_gib * GIB),
      maxQueuePerOwner: text.quarantine.max_queue_per_owner,
    },
    behaviour: {
      maxTokens: text.behaviour.max_tokens,
      promptTimeoutMs: text.behaviour.prompt_timeout_s * 1000,
      totalTimeoutMs: text.behaviour.total_timeout_min * 60_000,
      maxInvalid: text.behaviour.max_invalid,
      memoryBytes: Math.floor(text.behaviour.memory_gib * GIB),
      garakProbes: text.behaviour.garak_probes,
      garakMaxScore: text.behaviour.garak_max_score,
    },
    scanners,
    ggufGuard: {
      required: scanners.gguf_guard.required,
      generateManifest: text.gguf_guard.generate_manifest,
      generateFingerprint: text.gguf_guard.generate_fingerprint,
      verifyOnIntegrityCheck: text.gguf_guard.verify_on_integrity_check,
    },
    registry: {
      url: text.registry.url ?? null,
      localhostOnly: text.registry.localhost_only,
      dialect: text.registry.dialect,
    },
    policyEngine: {
      consult: text.policy_engine.consult,
      url: text.policy_engine.url,
      timeoutMs: Math.ceil(text.policy_engine.timeout_s * 1000),
    },
    incidentRecorder: text.incident_recorder,
    network: {
      offlineByDefault: text.network.offline_by_default,
      allowOutbound: text.network.allow_outbound,
    },
    audit: { maxSizeMb: text.audit.max_size_mb },
    publishers: text.publishers.map(settlePublisher),
    trustRoots: text.trust_roots.map(settleTrustRoot),
    signing: text.signing,
    trustAttestations: text.trust_attestations.map((peer) => ({
      name: peer.name,
      publicKey: peer.public_key,
      policies: peer.policies.map(parseSha256),
      maxAgeMs: peer.max_age_days * DAY_MS,
    })),
    accept: text.accept.flatMap(toWaiver),
  };
}

/** Keys outside `scanners:` that require one scanner, under the names they have always had. */
export function requiredElsewhere(text: PolicyText, id: ScannerId): RequiredKey | null {
  const { require_modelaudit, require_yara } = text.models;
  switch (id) {
    case "gguf_guard":
      return { path: ["gguf_guard", "required"], value: text.gguf_guard.required };
    case "modelaudit":
      return { path: ["models", "require_modelaudit"], value: require_modelaudit };
    case "yara":
      return { path: ["models", "require_yara"], value: require_yara };
    default:
      return null;
  }
}

export interface RequiredKey {
  readonly path: readonly [string, string];
  readonly value: boolean | undefined;
}

/**
 * Whether each scanner's absence refuses. The most particular key wins: the scanner's own, then `scanner_missing`
 * together with the key for its kind of examination. With nothing said, every scanner is required.
 */
function settleScanners(text: PolicyText): Record<ScannerId, ScannerPolicy> {
  const failClosed = text.quarantine.scanner_missing === "fail-closed";
  const { require_scan, require_behavior_tests } = text.models;
  const one = (id: ScannerId, askedFor: boolean): ScannerPolicy => ({
    required: text.scanners[id].required ?? requiredElsewhere(text, id)?.value ?? (failClosed && askedFor),
    version: text.scanners[id].version ?? null,
  });
  return {
    modelscan: one("modelscan", require_scan),
    fickling: one("fickling", require_scan),
    modelaudit: one("modelaudit", require_scan),
    gguf_guard: one("gguf_guard", require_scan),
    yara: one("yara", require_scan),
    garak: one("garak", require_behavior_tests),
  };
}

/** Rules that do not exist never get here: `forbiddenIn` refuses the policy. */
function toWaiver(entry: PolicyText["accept"][number]): Waiver[] {
  if (!isRuleId(entry.rule)) return [];
  return [{
    sha256: parseSha256(entry.sha256),
    rule: entry.rule,
    approvedBy: entry.approved_by,
    reason: entry.reason,
    expires: new Date(entry.expires),
  }];
}
