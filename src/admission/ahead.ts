import * as z from "zod";
import {
  type Artifact,
  type ArtifactDigest,
  type Json,
  type Judgement,
  type StageContext,
  type StageId,
  UndecidedError,
} from "../model/mod.ts";

/** What stages 2 and 5 say of one artifact. */
export interface ExaminedAtOnce {
  readonly gate: Promise<Judgement>;
  readonly scan: Promise<Judgement>;
}

/** Has one examiner answer for the format gate and, unless that refuses, read every byte and answer for the static scan. */
export type ExamineAtOnce = (artifact: Artifact, context: StageContext) => ExaminedAtOnce;

/** An examiner that was started for bytes that are not there yet. */
export interface Examiner {
  readonly examine: ExamineAtOnce;
  /** Ends it, whatever it does. Safe to call twice. */
  dismiss(): Promise<void>;
}

/** Starts an examiner for what will lie at `path`, where something lies already. */
export type StartExaminer = (path: string) => Examiner;

const manifestSchema = z.object({
  kind: z.literal("manifest"),
  file: z.string().nullable(),
  file_sha256: z.string(),
});

/**
 * One examination that runs beside the coordinator's own hashing. The examiner is not told the digest of a file: what it
 * says of the weights counts once it has named the coordinator's digest of every weight file it read.
 */
export class Ahead {
  #examiner: Examiner | null = null;
  #examined: ExaminedAtOnce | null = null;
  readonly #records: Json[] = [];

  /** `startExaminer`: null where no examination may run ahead. */
  constructor(private readonly startExaminer: (() => Examiner) | null) {}

  /** Starts the examiner before its turn: while it starts, the bytes are copied. */
  start(): void {
    this.#examiner ??= this.startExaminer?.() ?? null;
  }

  /** Gives the examiner its job: the origin is one we allow. */
  begin(artifact: Artifact, context: StageContext): void {
    this.start();
    if (this.#examiner === null) return;
    let isHashed = false;
    artifact.digest.then(() => isHashed = true, () => {});
    // The files of a directory are hashed while they are copied, so their digests are known.
    const asked: Artifact = artifact.shape === "directory"
      ? artifact
      : { ...artifact, digest: new Promise(() => {}), digestFrom: "scan" };
    this.#examined = this.#examiner.examine(asked, {
      ...context,
      progress: (bytes) => isHashed ? context.progress(bytes) : undefined, // Else the hashing's is shown.
      record: (entry) => void this.#records.push(entry),
    });
    this.#examined.scan.catch(() => {}); // Reported by the stage that asks for it.
  }

  /** What it says of a stage, for the stage whose turn it is; undefined where it was not asked. */
  said(stage: StageId, artifact: Artifact, record: StageContext["record"]): Promise<Judgement> | undefined {
    if (stage === "format_gate") return this.#examined?.gate;
    return stage === "static_scan" && this.#examined !== null
      ? this.#agreed(this.#examined.scan, artifact, record)
      : undefined;
  }

  /** A difference of digests means that one of us did not read these bytes. */
  async #agreed(
    scan: Promise<Judgement>,
    { name, digest, shape }: Artifact,
    record: StageContext["record"],
  ): Promise<Judgement> {
    const judgement = await scan;
    const digests = byPath(await digest);
    const named = this.#records.flatMap((entry) => manifestSchema.safeParse(entry).data ?? []);
    for (const { file, file_sha256: sha256 } of named) {
      if (digests.get(file ?? "") === sha256) continue;
      const message = `${file ?? name} hashes to ${sha256} in the sandbox, which is not its digest here`;
      throw new UndecidedError("line/digest-disagrees", message);
    }
    if (judgement.kind === "cleared" && shape === "file" && named.length === 0) {
      throw new UndecidedError("worker/protocol", "the sandbox named no digest of what it read");
    }
    for (const entry of this.#records) record(entry);
    return judgement;
  }

  /** Ends the examiner, whatever it does. */
  async end(): Promise<void> {
    await this.#examiner?.dismiss();
  }
}

/** Of a single file, by the empty path. */
function byPath({ sha256, files }: ArtifactDigest): ReadonlyMap<string, string> {
  return new Map(files.length === 0 ? [["", sha256]] : files.map((file) => [file.path, file.sha256]));
}
