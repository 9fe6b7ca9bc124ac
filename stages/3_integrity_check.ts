import {
  type Artifact,
  type ArtifactDigest,
  conclude,
  EVERY_FORMAT,
  finding,
  type Policy,
  type Sha256,
  type Stage,
} from "../src/model/mod.ts";
import { decidePin, type PinDecision, type PinVia } from "../src/policy/decide_pin.ts";
import type { ModelsLock } from "../src/policy/lock.ts";
import type { PinSet } from "../src/policy/pin_set.ts";
import { compareWithManifest } from "./3_integrity_manifest.ts";

/** Everything a digest can be compared with. */
export interface PinSources {
  readonly lock: ModelsLock;
  readonly catalog: PinSet;
  /** What earlier promotions recorded; asked anew for each artifact. */
  readonly recorded: () => PinSet;
  /** The digest the caller says it must be. */
  readonly expected?: Sha256;
}

/** Stage 3: is its digest the pinned one? Strict for remote artifacts, trust on first use for local ones. */
export function integrityCheck(sources: PinSources): Stage<"integrity_check"> {
  return {
    id: "integrity_check",
    activity: "verifying hash",
    appliesTo: EVERY_FORMAT,
    needs: [],
    mayBeMissing: () => false,
    async examine(artifact, { policy, signal }) {
      const digest = await artifact.digest;
      const decision = decide(artifact, digest, policy, sources);
      const compared = await compareWithManifest(artifact, digest, signal);
      const evidence = {
        sha256: digest.sha256,
        size_bytes: digest.sizeBytes,
        ...(decision.ok ? { pinned_by: pinnedBy(decision.via) } : {}),
        ...(compared === null ? {} : { download_manifest: compared.evidence }),
      };
      const place = decision.ok || decision.path === undefined ? {} : { path: decision.path };
      const findings = [
        ...(decision.ok ? [] : [finding(decision.rule, decision.message, place)]),
        ...(compared?.findings ?? []),
      ];
      return conclude(policy, findings, evidence, { cleared: `sha256=${digest.sha256}` });
    },
  };
}

function decide(
  { name, origin }: Artifact,
  digest: ArtifactDigest,
  policy: Policy,
  { lock, catalog, recorded, expected }: PinSources,
): PinDecision {
  return decidePin({
    name,
    digest,
    origin,
    localImports: policy.models.localImports,
    lock,
    catalog,
    pins: recorded(),
    ...(expected === undefined ? {} : { expected }),
  });
}

/** Trusted at first use, then and ever after: the same bytes give the same evidence. */
function pinnedBy(via: PinVia): string {
  return via === "pin" ? "first-use" : via;
}
