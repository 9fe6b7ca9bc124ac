import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { copyAndHash, isPlainName, unlessMissing } from "../files/mod.ts";
import { StartupError } from "../model/mod.ts";

/**
 * A model and its records as an OCI image layout, the form in which container registries and their tools carry
 * files: https://github.com/opencontainers/image-spec/blob/main/image-layout.md. Media types of the manifest are
 * those of the CNCF model format: https://github.com/modelpack/model-spec/blob/main/docs/spec.md
 */

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const ARTIFACT = "application/vnd.cncf.model.manifest.v1+json";
const CONFIG = "application/vnd.cncf.model.config.v1+json";
export const WEIGHT_LAYER = "application/vnd.cncf.model.weight.v1.raw";
export const RECORD_LAYER = "application/vnd.ai-quarantine.record.v1+json";

const FILE_PATH = "org.cncf.model.filepath";
const TITLE = "org.opencontainers.image.title";
const REFERENCE = "org.opencontainers.image.ref.name";

const MAX_JSON_BYTES = 16 * 1024 * 1024;
const MAX_LAYERS = 25_000;

/** One file to carry. */
export interface Carried {
  /** Where it lies now. */
  readonly from: string;
  /** Its path below the name of the model. */
  readonly path: string;
  readonly mediaType: string;
}

const descriptorSchema = z.looseObject({
  mediaType: z.string().max(255),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional(),
});
type Descriptor = z.infer<typeof descriptorSchema>;

const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  manifests: z.array(descriptorSchema).length(1),
});
const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).min(1).max(MAX_LAYERS),
});

/** Writes a layout into a new directory. `describe` becomes the config: what the model is. */
export async function writeLayout(
  directory: string,
  files: readonly Carried[],
  describe: { readonly name: string; readonly format: string; readonly at: string },
): Promise<string> {
  const blobs = join(directory, "blobs", "sha256");
  fs.mkdirSync(blobs, { recursive: true });
  const layers: Descriptor[] = [];
  for (const file of files) layers.push(await addFile(blobs, file));
  const config = addJson(blobs, CONFIG, {
    descriptor: { name: describe.name, createdAt: describe.at },
    modelfs: { type: "layers", diffIds: layers.map(({ digest }) => digest) },
    config: { format: describe.format },
  });
  const manifest = addJson(blobs, MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: ARTIFACT,
    config,
    layers,
  });
  const named = { ...manifest, annotations: { [REFERENCE]: "latest" } };
  fs.writeFileSync(
    join(directory, "index.json"),
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [named] }) + "\n",
  );
  fs.writeFileSync(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}\n');
  return manifest.digest;
}

async function addFile(blobs: string, { from, path, mediaType }: Carried): Promise<Descriptor> {
  const temporary = join(blobs, ".part");
  const { sha256, sizeBytes } = await copyAndHash(from, temporary, { lasting: "durable" });
  fs.renameSync(temporary, join(blobs, sha256));
  fs.chmodSync(join(blobs, sha256), 0o644);
  return {
    mediaType,
    digest: `sha256:${sha256}`,
    size: sizeBytes,
    annotations: { [FILE_PATH]: path, [TITLE]: path },
  };
}

function addJson(blobs: string, mediaType: string, value: unknown): Descriptor {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = createHash("sha256").update(bytes).digest("hex");
  fs.writeFileSync(join(blobs, digest), bytes);
  return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
}

/** True for a directory that is an image layout. */
export function isLayout(path: string): boolean {
  return unlessMissing(() => fs.lstatSync(path))?.isDirectory() === true &&
    unlessMissing(() => fs.lstatSync(join(path, "oci-layout"))) !== null;
}

/**
 * Copies the files of a layout below `to`, each checked against the digest its manifest names. Returns the name of the
 * model in it. Throws `StartupError` for a layout that is not one model.
 */
export async function readLayout(layout: string, to: string): Promise<string> {
  const manifest = manifestOf(layout);
  const paths = new Set<string>();
  const models = new Set<string>();
  for (const layer of manifest.layers) {
    const path = layer.annotations?.[FILE_PATH] ?? layer.annotations?.[TITLE] ?? "";
    if (!isInnerPath(path) || paths.has(path)) {
      throw unusable(layout, `a layer is called ${JSON.stringify(path)}`);
    }
    paths.add(path);
    if (layer.mediaType !== RECORD_LAYER) models.add(path.split("/")[0] ?? path);
    const target = join(to, path);
    fs.mkdirSync(dirname(target), { recursive: true, mode: 0o750 });
    const copied = await copyAndHash(blobPath(layout, layer), target, { lasting: "scratch" });
    if (`sha256:${copied.sha256}` !== layer.digest || copied.sizeBytes !== layer.size) {
      throw unusable(layout, `the bytes of ${path} are not those its manifest names`);
    }
  }
  const [name, ...others] = models;
  if (name === undefined || others.length > 0) throw unusable(layout, "it does not hold exactly one model");
  return name;
}

function manifestOf(layout: string): z.infer<typeof manifestSchema> {
  try {
    const [entry] = indexSchema.parse(readJson(join(layout, "index.json"))).manifests;
    if (entry === undefined) throw new Error("Cannot happen: the schema asks for one manifest");
    const bytes = readBounded(blobPath(layout, entry));
    const digest = createHash("sha256").update(bytes).digest("hex");
    if (entry.digest !== `sha256:${digest}`) throw new Error("the manifest is not the one the index names");
    return manifestSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw unusable(layout, "it does not hold exactly one model", cause);
  }
}

const blobPath = (layout: string, { digest }: Descriptor): string =>
  join(layout, "blobs", "sha256", digest.slice("sha256:".length));

function readJson(path: string): unknown {
  return JSON.parse(readBounded(path).toString("utf8"));
}

function readBounded(path: string): Buffer {
  const stat = fs.lstatSync(path);
  if (!stat.isFile() || stat.size > MAX_JSON_BYTES) {
    throw new Error(`${path} is not a file of at most 16 MiB`);
  }
  return fs.readFileSync(path);
}

function isInnerPath(path: string): boolean {
  const names = path.split("/");
  return path.length <= 4096 && isPlainName(path) &&
    names.every((name) => name !== "" && name !== "." && name !== ".." && name.length <= 255);
}

function unusable(layout: string, why: string, cause?: unknown): StartupError {
  return new StartupError("usage", `Cannot use the image layout ${layout}: ${why}`, { cause });
}
