import { conclude, EVERY_FORMAT, finding, type Stage } from "../src/model/mod.ts";

/** Files by which publishers sign a model directory. */
const SIGNATURES = /(^|\/)(model\.sig|[^/]*\.sigstore(\.json)?|[^/]*\.(sig|asc))$/;

/**
 * Stage 4: who signed this digest? What it says today is whether anybody did: a signature that is there is named
 * and said to be unverified, never counted as trust.
 */
export function provenanceCheck(): Stage<"provenance_check"> {
  return {
    id: "provenance_check",
    activity: "verifying signature",
    appliesTo: EVERY_FORMAT,
    needs: [],
    mayBeMissing: () => false,
    async examine(artifact, { policy }) {
      const { files } = await artifact.digest;
      const signatures = files.map((file) => file.path).filter((path) => SIGNATURES.test(path));
      const notes = signatures.map((path) =>
        finding("provenance/unverified", "a signature that this version cannot verify", { path })
      );
      const evidence = { signatures, verified: false };
      return conclude(policy, notes, evidence, { cleared: "unsigned" });
    },
  };
}
