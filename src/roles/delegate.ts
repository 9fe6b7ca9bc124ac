import type {
  Artifact,
  ArtifactDigest,
  Judgement,
  Pipeline,
  Stage,
  StageContext,
  StageId,
} from "../model/mod.ts";
import { type Job, PROTOCOL_VERSION } from "../tools/protocol.ts";
import { type OpenSandbox, runJob } from "../tools/worker.ts";

/** The stages that look inside the bytes, and so run in an examiner. */
const IN_EXAMINER: readonly StageId[] = ["format_gate", "static_scan", "diffusion_deep_scan"];

/** A stage may take a minute, and a second more for every so many bytes it has to read. */
const BASE_DEADLINE_MS = 60_000;
const BYTES_PER_SECOND = 50_000_000;

/**
 * The pipeline of a coordinator: the same seven stages, but those that look inside the bytes are carried out by a
 * fresh sandbox each.
 */
export function delegated(pipeline: Pipeline, open: OpenSandbox): Pipeline {
  const [source, format, integrity, provenance, scan, behaviour, diffusion] = pipeline;
  const inSandbox = <Id extends StageId>(stage: Stage<Id>): Stage<Id> =>
    IN_EXAMINER.includes(stage.id)
      ? { ...stage, examine: (...job) => examineInSandbox(stage.id, open, ...job) }
      : stage;
  return [
    inSandbox(source),
    inSandbox(format),
    inSandbox(integrity),
    inSandbox(provenance),
    inSandbox(scan),
    inSandbox(behaviour),
    inSandbox(diffusion),
  ];
}

async function examineInSandbox(
  stage: StageId,
  open: OpenSandbox,
  artifact: Artifact,
  context: StageContext,
): Promise<Judgement> {
  const { policy, signal, progress } = context;
  const deadlineMs = BASE_DEADLINE_MS + artifact.sizeBytes / BYTES_PER_SECOND * 1000;
  const job = jobFor(stage, artifact, await digestNeeded(stage, artifact), policy);
  return await runJob(open, job, { policy, deadlineMs, signal, progress });
}

/** Stage 2 runs beside the hashing; every later stage is told the digest its bytes must have. */
async function digestNeeded(stage: StageId, artifact: Artifact): Promise<ArtifactDigest | null> {
  return stage === "format_gate" ? null : await artifact.digest;
}

function jobFor(
  stage: StageId,
  artifact: Artifact,
  digest: ArtifactDigest | null,
  policy: StageContext["policy"],
): Job {
  const { name, path, shape, format, sizeBytes, origin } = artifact;
  const { accept: _waivers, ...rest } = policy;
  const known = digest === null ? null : { ...digest, files: [...digest.files] };
  return {
    v: PROTOCOL_VERSION,
    stage,
    artifact: { name, path, shape, format, sizeBytes, origin, digest: known },
    policy: rest,
  };
}
