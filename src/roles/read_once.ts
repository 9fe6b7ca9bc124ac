import * as z from "zod";
import { type Bench, digestInPlace } from "../admission/mod.ts";
import {
  type Artifact,
  type ArtifactDigest,
  type Json,
  type Judgement,
  parseSha256,
  type Pipeline,
  type Stage,
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
 * Has a weight file read once: the static scan is started at once and its digest serves the stages before it, whose
 * judgements still come first. Whatever else is examined, and whatever the scan could not hash, the coordinator
 * hashes. For `check` only: what is promoted is hashed by the coordinator itself.
 */
export function readOnce(claimed: Claimed, bench: Bench): { artifact: Artifact; bench: Bench } {
  const scan = bench.pipeline[4];
  const scannable = claimed.shape === "file" && claimed.format !== "unknown" &&
    bench.context.policy.quarantine.stages.static_scan;
  if (!scannable) return { artifact: hashedHere(claimed, bench), bench };
  let hashed: ArtifactDigest | null = null;
  const record = (entry: Json) => {
    const manifest = manifestSchema.safeParse(entry).data;
    if (manifest !== undefined) {
      hashed = { sha256: parseSha256(manifest.file_sha256), sizeBytes: manifest.size_bytes, files: [] };
    }
    bench.context.record(entry);
  };
  const unhashed: Artifact = { ...claimed, digest: new Promise(() => {}), digestFrom: "scan" };
  const judgement = scan.examine(unhashed, { ...bench.context, record });
  const ended = judgement.then(() => {}, () => {});
  const digest = ended.then(() => hashed ?? digestInPlace(claimed.path, { signal: bench.context.signal }));
  digest.catch(() => {}); // Reported by whichever stage asks for it.
  return {
    artifact: { ...claimed, digest, digestFrom: "scan" },
    bench: { ...bench, pipeline: withScan(bench.pipeline, { ...scan, examine: () => judgement }) },
  };
}

function hashedHere(claimed: Claimed, { context }: Bench): Artifact {
  const digest = digestInPlace(claimed.path, { signal: context.signal });
  digest.catch(() => {}); // Reported by whichever stage asks for it.
  return { ...claimed, digest, digestFrom: "coordinator" };
}

function withScan(
  pipeline: Pipeline,
  scan: Stage<"static_scan"> & { examine: () => Promise<Judgement> },
): Pipeline {
  const [source, format, integrity, provenance, , behaviour, diffusion] = pipeline;
  return [source, format, integrity, provenance, scan, behaviour, diffusion];
}
