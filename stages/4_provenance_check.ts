import { conclude, EVERY_FORMAT, finding, type Origin, type Stage } from "../src/model/mod.ts";
import type { ProvenanceJob } from "../src/tools/protocol.ts";
import { publisherFor } from "../src/policy/publishers.ts";
import { signatureFilesOf } from "../src/provenance/files.ts";

/** What stage 4 needs beside the policy. */
export interface ProvenanceInputs {
  /** The pinned trusted_root.json files the policy names. */
  readonly trustRoots: readonly ProvenanceJob["trustRoots"][number][];
  /** Whether the allowlist asks for a signature on what comes from here; the policy may ask too. */
  readonly requiredFrom: (origin: Origin) => boolean;
  /** What gpgv was asked about the signatures beside the artifact before; empty where nobody asked. */
  readonly gpg?: ProvenanceJob["gpg"];
}

/**
 * Stage 4: who signed this digest, and do we trust them? Where there is nothing to look at it is decided from names
 * alone; what looks at signatures is loaded where it runs, in the examiner.
 */
export function provenanceCheck(inputs: ProvenanceInputs): Stage<"provenance_check"> {
  return {
    id: "provenance_check",
    activity: "verifying signature",
    appliesTo: EVERY_FORMAT,
    needs: [],
    mayBeMissing: () => false,
    async examine(artifact, context) {
      const { policy } = context;
      const publisher = publisherFor(artifact.origin, policy.publishers);
      const required = publisher?.required === true || inputs.requiredFrom(artifact.origin);
      if (signatureFilesOf(artifact, await artifact.digest).length > 0) {
        const { examineSignatures } = await import("./4_provenance_signatures.ts");
        return await examineSignatures(artifact, context, {
          publisher,
          required,
          gpg: inputs.gpg ?? [],
          trustRoots: inputs.trustRoots,
        });
      }
      const findings = required
        ? [finding("signature/absent", "no signature, and the policy requires one for this source")]
        : [];
      const evidence = { status: "unsigned", required, signatures: [] };
      return conclude(policy, findings, evidence, { cleared: "unsigned" });
    },
  };
}
