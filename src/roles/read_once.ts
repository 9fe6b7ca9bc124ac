import * as z from "zod";
import { type Bench, digestInPlace, type ExamineAtOnce } from "../admission/mod.ts";
import {
  type Artifact,
  type ArtifactDigest,
  type Json,
  type Judgement,
  parseSha256,
  type StageId,
} from "../model/mod.ts";

/** An artifact that nobody has hashed yet. */
export type Claimed = Omit<Artifact, "digest" | "digestFrom">;

const manifestSchema = z.object({
  kind: z.literal("manifest"),
  file: z.null(),
  file_sha256: z.string(),
  size_bytes: z.int(),
});

/**
 * Has a weight file read once: one examiner answers for the format gate and then for the static scan, whose digest
 * serves the stages between. Whatever else is examined, and whatever the scan did not hash, the coordinator hashes. For
 * `check` only: what is promoted is hashed by the coordinator itself.
 */
export function readOnce(
  claimed: Claimed,
  bench: Bench,
  examineAtOnce: ExamineAtOnce | undefined,
): { artifact: Artifact; bench: Bench } {
  const { static_scan, format_gate } = bench.context.policy.quarantine.stages;
  const scannable = claimed.shape === "file" && claimed.format !== "unknown" && static_scan && format_gate;
  if (examineAtOnce === undefined || !scannable) return { artifact: hashedHere(claimed, bench), bench };
  let hashed: ArtifactDigest | null = null;
  const record = (entry: Json) => {
    const manifest = manifestSchema.safeParse(entry).data;
    if (manifest !== undefined) {
      hashed = { sha256: parseSha256(manifest.file_sha256), sizeBytes: manifest.size_bytes, files: [] };
    }
    bench.context.record(entry);
  };
  const unhashed: Artifact = { ...claimed, digest: new Promise(() => {}), digestFrom: "scan" };
  const said = examineAtOnce(unhashed, { ...bench.context, record });
  const answers: Partial<Record<StageId, Promise<Judgement>>> = {
    format_gate: said.gate,
    static_scan: said.scan,
  };
  const ended = said.scan.then(() => {}, () => {});
  const digest = ended.then(() => hashed ?? digestInPlace(claimed.path, { signal: bench.context.signal }));
  digest.catch(() => {}); // Reported by whichever stage asks for it.
  return {
    artifact: { ...claimed, digest, digestFrom: "scan" },
    bench: { ...bench, context: { ...bench.context, ahead: (stage) => answers[stage] } },
  };
}

function hashedHere(claimed: Claimed, { context }: Bench): Artifact {
  const digest = digestInPlace(claimed.path, { signal: context.signal });
  digest.catch(() => {}); // Reported by whichever stage asks for it.
  return { ...claimed, digest, digestFrom: "coordinator" };
}
