import * as z from "zod";
import { type Bench, digestInPlace, type ExamineAtOnce } from "../admission/examination.ts";
import {
  type Artifact,
  type ArtifactDigest,
  type FileDigest,
  type Json,
  type Judgement,
  parseSha256,
  type StageId,
} from "../model/mod.ts";

/** An artifact that nobody has hashed yet. */
export type Claimed = Omit<Artifact, "digest" | "digestFrom">;

const fileSchema = z.object({ path: z.string(), sha256: z.string(), size_bytes: z.int() });

/** What the scan tells of digests: of a weight file, or of the files of a directory and then of the whole. */
const digestSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("manifest"), file: z.null(), file_sha256: z.string(), size_bytes: z.int() }),
  z.object({ kind: z.literal("files"), files: z.array(fileSchema) }),
  z.object({ kind: z.literal("directory"), sha256: z.string(), size_bytes: z.int() }),
]);

/** Puts together the digest of an artifact from what its scan tells. */
class ToldDigest {
  readonly #files: FileDigest[] = [];
  /** Null until the scan has told of the whole. */
  whole: ArtifactDigest | null = null;

  take(entry: Json): void {
    const told = digestSchema.safeParse(entry).data;
    switch (told?.kind) {
      case "manifest":
        this.whole = { sha256: parseSha256(told.file_sha256), sizeBytes: told.size_bytes, files: [] };
        break;
      case "files":
        for (const { path, sha256, size_bytes } of told.files) {
          this.#files.push({ path, sha256: parseSha256(sha256), sizeBytes: size_bytes });
        }
        break;
      case "directory":
        this.whole = { sha256: parseSha256(told.sha256), sizeBytes: told.size_bytes, files: this.#files };
    }
  }
}

/**
 * Has a model read once: one examiner answers for the format gate and then for the static scan, whose digests serve the
 * stages between. Whatever else is examined, and whatever the scan did not hash, the coordinator hashes. For `check`
 * only: what is promoted is hashed by the coordinator itself.
 */
export function readOnce(
  claimed: Claimed,
  bench: Bench,
  examineAtOnce: ExamineAtOnce | undefined,
): { artifact: Artifact; bench: Bench } {
  const { static_scan, format_gate } = bench.context.policy.quarantine.stages;
  const scannable = claimed.format !== "unknown" && static_scan && format_gate;
  if (examineAtOnce === undefined || !scannable) return { artifact: hashedHere(claimed, bench), bench };
  const told = new ToldDigest();
  const record = (entry: Json) => {
    told.take(entry);
    bench.context.record(entry);
  };
  const unhashed: Artifact = { ...claimed, digest: new Promise(() => {}), digestFrom: "scan" };
  const said = examineAtOnce(unhashed, { ...bench.context, record });
  const answers: Partial<Record<StageId, Promise<Judgement>>> = {
    format_gate: said.gate,
    static_scan: said.scan,
  };
  const ended = said.scan.then(() => {}, () => {});
  const digest = ended.then(() =>
    told.whole ?? digestInPlace(claimed.path, { signal: bench.context.signal })
  );
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
