import { Buffer } from "node:buffer";
import type { Artifact, Origin, Publisher, SignatureFile, StageContext } from "../model/mod.ts";
import { publicKeyPackets } from "../policy/armour.ts";
import { publisherFor } from "../policy/publishers.ts";
import { askTool } from "../tools/ask_tool.ts";
import { GPGV_INPUTS } from "../tools/gpgv.ts";
import type { GpgAsked, ProvenanceJob } from "../tools/protocol.ts";
import type { OpenSandbox } from "../tools/worker.ts";

/** What stage 4 is given beside the policy. */
export interface SignatureInputs {
  readonly trustRoots: readonly ProvenanceJob["trustRoots"][number][];
  readonly requiredFrom: (origin: Origin) => boolean;
  readonly gpgv: Verifier;
  readonly cosign: Verifier;
}

/** A foreign program that checks signatures behind walls of its own, or why there is none. */
export type Verifier = { readonly program: string; readonly open: OpenSandbox } | {
  readonly missing: string;
};

/** How long a program may take that reads the whole artifact: reading at 50 MB a second, and a minute to begin with. */
export const readingTimeoutMs = (sizeBytes: number): number => BASE_TIMEOUT_MS + sizeBytes / BYTES_PER_MS;
const BASE_TIMEOUT_MS = 60_000;
const BYTES_PER_MS = 50_000;

/**
 * Everything an examiner needs to judge the signatures of an artifact. They are handed over as they are: the
 * coordinator looks into none of them. Throws `UndecidedError` when a program that is there gives no whole answer.
 */
export async function provenanceJob(
  artifact: Artifact,
  context: StageContext,
  inputs: SignatureInputs,
): Promise<ProvenanceJob> {
  const signatures = artifact.signatures ?? [];
  return {
    at: context.now().toISOString(),
    required: inputs.requiredFrom(artifact.origin),
    trustRoots: [...inputs.trustRoots],
    signatures: signatures.map(({ name, bytes }) => ({
      name,
      content: bytes === null ? null : base64(bytes),
    })),
    gpg: await askGpgv(artifact, signatures, context, inputs.gpgv),
  };
}

/** Asks about each signature with the keys of this source and no others. It finds out itself which are its own. */
async function askGpgv(
  artifact: Artifact,
  signatures: readonly SignatureFile[],
  { policy, signal, used }: StageContext,
  gpgv: Verifier,
): Promise<ProvenanceJob["gpg"]> {
  const keyring = keyringOf(publisherFor(artifact.origin, policy.publishers));
  if (keyring === null || artifact.shape === "directory") return [];
  const { sizeBytes } = await artifact.digest;
  const answers: GpgAsked[] = [];
  for (const { name, bytes } of signatures) {
    if (bytes === null) continue;
    if ("missing" in gpgv) {
      answers.push({ name, answer: { unavailable: gpgv.missing } });
      continue;
    }
    const { version, report } = await askTool(gpgv.open, {
      tool: "gpgv",
      program: gpgv.program,
      version: null,
      artifact: { path: artifact.path, name: "model" },
      inputs: { [GPGV_INPUTS.keyring]: base64(keyring), [GPGV_INPUTS.signature]: base64(bytes) },
      timeoutMs: readingTimeoutMs(sizeBytes),
      signal,
    });
    used?.("gpgv", version);
    answers.push({ name, answer: report });
  }
  return answers;
}

function keyringOf(publisher: Publisher | null): Uint8Array | null {
  const keys = (publisher?.signers ?? []).flatMap((one) =>
    one.method === "gpg" ? [publicKeyPackets(one.publicKey) ?? new Uint8Array()] : []
  );
  return keys.length === 0 ? null : Buffer.concat(keys);
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
