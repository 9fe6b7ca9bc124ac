import { Buffer } from "node:buffer";
import * as z from "zod";
import {
  type Artifact,
  finding,
  type Judgement,
  type StageContext,
  type TrustedSigner,
  UndecidedError,
} from "../model/mod.ts";
import { publisherFor } from "../policy/publishers.ts";
import { askTool } from "../tools/ask_tool.ts";
import { COSIGN_INPUTS } from "../tools/cosign.ts";
import { readingTimeoutMs, type Verifier } from "./signatures.ts";

/** What the examiner says it verified, as far as it matters here. */
const evidenceSchema = z.looseObject({
  signatures: z.array(z.looseObject({
    file: z.string(),
    form: z.string().nullable(),
    verified: z.looseObject({ signer: z.string(), method: z.string() }).nullable(),
  })),
});

type KeySigner = Extract<TrustedSigner, { method: "key" }>;

/**
 * Asks cosign too about a signature over one file that holds by our own reading, where the policy wants that of its
 * signer. Nothing becomes a pass here: a program that disagrees refuses, one that gives no answer leaves it undecided.
 */
export async function withSecondOpinion(
  judgement: Judgement,
  artifact: Artifact,
  context: StageContext,
  cosign: Verifier,
): Promise<Judgement> {
  if (judgement.kind !== "cleared" || artifact.shape === "directory") return judgement;
  const said = evidenceSchema.safeParse(judgement.evidence);
  if (!said.success) {
    throw new UndecidedError("worker/protocol", "the sandbox's evidence has not the form it should");
  }
  for (const { file, form, verified } of said.data.signatures) {
    const signer = signerToCheck(artifact, context, verified?.signer ?? null);
    const signature = artifact.signatures?.find(({ name }) => name === file)?.bytes;
    const tool = toolFor(form, signature ?? new Uint8Array());
    if (signer === null || signature === undefined || signature === null || tool === null) continue;
    if (!await agrees(tool, signature, signer, artifact, context, cosign)) {
      const disputed = finding("signature/disputed", `${file}: cosign says that the signature is false`);
      const { evidence, notes } = judgement;
      const summary = "signature verification failed";
      return { kind: "refused", summary, evidence, findings: [disputed, ...notes] };
    }
  }
  return judgement;
}

function signerToCheck(
  { origin }: Artifact,
  { policy }: StageContext,
  name: string | null,
): KeySigner | null {
  const signers = publisherFor(origin, policy.publishers)?.signers ?? [];
  const signer = signers.find((one): one is KeySigner => one.method === "key" && one.name === name);
  return signer?.secondOpinion === "cosign" ? signer : null;
}

/** cosign reads its own signatures of one file; a statement about a model is not one. */
function toolFor(form: string | null, signature: Uint8Array): "cosign_bundle" | "cosign_signature" | null {
  if (form === "base64") return "cosign_signature";
  const isMessage = form === "bundle" && Buffer.from(signature).includes('"messageSignature"');
  return isMessage ? "cosign_bundle" : null;
}

async function agrees(
  tool: "cosign_bundle" | "cosign_signature",
  signature: Uint8Array,
  { publicKey }: KeySigner,
  artifact: Artifact,
  { signal, used }: StageContext,
  cosign: Verifier,
): Promise<boolean> {
  if ("missing" in cosign) {
    throw new UndecidedError(
      "line/missing-program",
      `the policy asks cosign for a second opinion: ${cosign.missing}`,
    );
  }
  const { sizeBytes } = await artifact.digest;
  const { version, report } = await askTool(cosign.open, {
    tool,
    program: cosign.program,
    version: null,
    artifact: { path: artifact.path, name: "model" },
    inputs: {
      [COSIGN_INPUTS.key]: Buffer.from(publicKey).toString("base64"),
      [COSIGN_INPUTS.signature]: Buffer.from(signature).toString("base64"),
    },
    timeoutMs: readingTimeoutMs(sizeBytes),
    signal,
  });
  used?.("cosign", version);
  return report.agrees;
}
