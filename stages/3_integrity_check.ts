import { conclude, EVERY_FORMAT, finding, type Sha256, type Stage } from "../src/model/mod.ts";
import { decidePin } from "../src/policy/decide_pin.ts";
import type { ModelsLock } from "../src/policy/lock.ts";
import type { PinSet } from "../src/policy/pin_set.ts";

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
    async examine(artifact, { policy }) {
      const digest = await artifact.digest;
      const { name, origin } = artifact;
      const { lock, catalog, expected } = sources;
      const decision = decidePin({
        name,
        digest,
        origin,
        localImports: policy.models.localImports,
        lock,
        catalog,
        pins: sources.recorded(),
        ...(expected === undefined ? {} : { expected }),
      });
      const evidence = { sha256: digest.sha256, size_bytes: digest.sizeBytes };
      if (decision.ok) {
        // Trusted at first use, then and ever after: the same bytes give the same evidence.
        const pinnedBy = decision.via === "pin" ? "first-use" : decision.via;
        return conclude(policy, [], { ...evidence, pinned_by: pinnedBy }, {
          cleared: `sha256=${digest.sha256}`,
        });
      }
      const place = decision.path === undefined ? {} : { path: decision.path };
      return conclude(policy, [finding(decision.rule, decision.message, place)], evidence, { cleared: "" });
    },
  };
}
