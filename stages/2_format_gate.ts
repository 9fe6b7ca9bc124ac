import { EVERY_FORMAT, type Stage } from "../src/model/mod.ts";

/**
 * Stage 2: is it exactly one well-formed artifact of the kind its name claims, every byte claimed? The parsers are
 * loaded where they run, in the examiner.
 */
export function formatGate(): Stage<"format_gate"> {
  return {
    id: "format_gate",
    activity: "validating format",
    appliesTo: EVERY_FORMAT,
    needs: [],
    mayBeMissing: () => false,
    async examine(artifact, { policy }) {
      if (artifact.shape === "file") {
        return (await import("./2_format_gate_file.ts")).examineFile(artifact, policy);
      }
      return (await import("./2_format_gate_directory.ts")).examineDirectory(artifact, policy);
    },
  };
}
