import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import * as z from "zod";
import { FormatError, type Publisher } from "../model/mod.ts";
import { decodeBase64, readBundle } from "./bundle.ts";
import { readJsonText } from "./json_text.ts";
import type { SignedSubject } from "./coverage.ts";
import { keySigner, signerOf, type Trust, type Verified } from "./examine.ts";
import { signedMessage } from "./keys.ts";
import { PAYLOAD_TYPE } from "./statement.ts";

/**
 * A model that came as a layer of a container image. An OCI layout beside it (`cosign save`, `oras cp --to-oci-layout`)
 * leads from a signature over the image's manifest, by the digest of the layer, to these bytes. Nothing is fetched.
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */

/** The small files of a layout, as the coordinator packs them without looking into them. */
const layoutSchema = z.strictObject({ blobs: z.record(z.string(), z.base64()) });

const descriptorSchema = z.looseObject({
  mediaType: z.string().max(256),
  digest: z.string().max(256),
  annotations: z.record(z.string(), z.string()).optional(),
});
const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  layers: z.array(descriptorSchema).min(1).max(1000),
});
/** https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md */
const payloadSchema = z.looseObject({
  critical: z.looseObject({
    type: z.literal("cosign container image signature"),
    image: z.looseObject({ "docker-manifest-digest": z.string() }),
  }),
});
const statementSchema = z.looseObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  predicateType: z.literal("https://sigstore.dev/cosign/sign/v1"),
  subject: z.array(z.looseObject({ digest: z.looseObject({ sha256: z.string().optional() }) })).min(1).max(
    100,
  ),
});

const PAYLOAD_LAYER = "application/vnd.dev.cosign.simplesigning.v1+json";
const BUNDLE_LAYER = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature";

interface Manifest {
  readonly digest: string;
  readonly layers: readonly z.output<typeof descriptorSchema>[];
}

/** Judges the signatures in a packed layout. Throws `FormatError` unless one of them holds for these bytes. */
export async function examineImage(
  packed: Uint8Array,
  subject: SignedSubject,
  publisher: Publisher,
  trust: Trust,
): Promise<Verified> {
  if (subject.shape === "directory") throw leadsNowhere("a container image beside a directory");
  const blobs = readLayout(packed);
  const manifests = [...blobs].flatMap(([digest, bytes]) => manifestIn(digest, bytes) ?? []);
  const layer = `sha256:${subject.digest.sha256}`;
  const images = new Set(
    manifests.filter(({ layers }) => layers.some(({ digest }) => digest === layer)).map(({ digest }) =>
      digest
    ),
  );
  if (images.size === 0) throw leadsNowhere("no manifest in it has this model as a layer");
  let refusal = leadsNowhere("no signature in it");
  for (const { mediaType, digest, annotations } of manifests.flatMap(({ layers }) => layers)) {
    if (mediaType !== PAYLOAD_LAYER && mediaType !== BUNDLE_LAYER) continue;
    const bytes = blobs.get(digest);
    if (bytes === undefined) continue;
    try {
      return mediaType === BUNDLE_LAYER
        ? await bundled(bytes, images, publisher, trust)
        : annotated(bytes, annotations?.[SIGNATURE_ANNOTATION], images, publisher, trust);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      refusal = error; // The next signature may be the one.
    }
  }
  throw refusal;
}

/** By digest; a file whose bytes have not the digest of its name is not in the layout. */
function readLayout(packed: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const layout = layoutSchema.safeParse(readJsonText(packed, "signature/malformed", "the layout"));
  if (!layout.success) throw new FormatError("signature/malformed", "not a packed layout");
  const blobs = Object.entries(layout.data.blobs).map(([name, base64]) => {
    const bytes = new Uint8Array(Buffer.from(base64, "base64"));
    if (createHash("sha256").update(bytes).digest("hex") === name) return [`sha256:${name}`, bytes] as const;
    throw leadsNowhere(`blobs/sha256/${name.slice(0, 64)} has another digest`);
  });
  return new Map(blobs);
}

function manifestIn(digest: string, bytes: Uint8Array): Manifest | null {
  if (bytes[0] !== "{".charCodeAt(0)) return null;
  try {
    const manifest = manifestSchema.safeParse(readJsonText(bytes, "signature/image", digest)).data;
    return manifest === undefined ? null : { digest, layers: manifest.layers };
  } catch (error) {
    if (error instanceof FormatError) return null; // A template, say: no manifest, so it leads nowhere.
    throw error;
  }
}

/** A signature in an annotation, over a payload that names the manifest: cosign before bundles. */
function annotated(
  payload: Uint8Array,
  signature: string | undefined,
  images: ReadonlySet<string>,
  publisher: Publisher,
  { at }: Trust,
): Verified {
  const bytes = decodeBase64(signature ?? "");
  if (bytes === null) throw new FormatError("signature/malformed", "a payload without its signature");
  const keys = publisher.signers.filter((one) => one.method === "key");
  const maker = keySigner(keys, at, (key) => signedMessage(key, payload, bytes));
  if (maker === null) {
    throw new FormatError("signer/unknown", "by none of the keys the policy names for this source");
  }
  const read = payloadSchema.safeParse(readJsonText(payload, "signature/statement", "what was signed"));
  if (!read.success) {
    throw new FormatError("signature/statement", "what was signed is no signature of an image");
  }
  requireImage(read.data.critical.image["docker-manifest-digest"], images);
  return maker.by;
}

async function bundled(
  bytes: Uint8Array,
  images: ReadonlySet<string>,
  publisher: Publisher,
  trust: Trust,
): Promise<Verified> {
  const bundle = readBundle(bytes);
  const verified = await signerOf(bundle, publisher, trust);
  const { content } = bundle;
  if (content.kind !== "envelope" || content.payloadType !== PAYLOAD_TYPE) {
    throw new FormatError("signature/payload-type", "an image is signed by a statement about it");
  }
  const read = statementSchema.safeParse(
    readJsonText(content.payload, "signature/statement", "what was signed"),
  );
  if (!read.success) {
    throw new FormatError("signature/predicate", "what was signed is no signature of an image");
  }
  const [only, ...more] = read.data.subject;
  if (more.length > 0) {
    throw new FormatError("signature/statement", `${more.length + 1} subjects, expected 1`);
  }
  requireImage(`sha256:${only?.digest.sha256 ?? ""}`, images);
  return verified;
}

function requireImage(signed: string, images: ReadonlySet<string>): void {
  if (!images.has(signed)) {
    throw leadsNowhere(`${signed.slice(0, 80)} was signed, which has not this model as a layer`);
  }
}

function leadsNowhere(what: string): FormatError {
  return new FormatError("signature/image", what);
}
