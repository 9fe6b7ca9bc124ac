import fs from "node:fs";
import { basename, resolve } from "node:path";
import * as z from "zod";
import { digestInPlace, refuseUnopened } from "../admission/mod.ts";
import type { WeightFingerprint } from "../measure/fingerprint.ts";
import type { ModelManifest } from "../measure/manifest.ts";
import {
  type Artifact,
  formatClaimedByDirectory,
  formatClaimedByFile,
  type Json,
  StartupError,
  UndecidedError,
} from "../model/mod.ts";
import type { Coordinator } from "./coordinator.ts";

/** One weight file as it was measured: what it is tensor by tensor, and how its weights are distributed. */
export interface MeasuredWeights {
  readonly manifest: ModelManifest;
  readonly fingerprint: WeightFingerprint;
}

/** By path inside the artifact; the empty path is a single file. */
export type MeasuredModel = ReadonlyMap<string, MeasuredWeights>;

const tensorSchema = z.object({
  kind: z.literal("tensor"),
  file: z.string().nullable(),
  name: z.string(),
  type: z.string(),
  shape: z.array(z.number()),
  offset: z.number(),
  size_bytes: z.number(),
  sha256: z.string(),
  fingerprint: z.object({
    mean: z.number(),
    standard_deviation: z.number(),
    signature: z.array(z.number().nullable()),
  }).nullable(),
});

const manifestSchema = z.object({
  kind: z.literal("manifest"),
  file: z.string().nullable(),
  manifest_version: z.literal("2.0"),
  file_sha256: z.string(),
  size_bytes: z.number(),
  head_sha256: z.string(),
  padding_sha256: z.string(),
  structure_sha256: z.string(),
  merkle_root: z.string(),
});

const entrySchema = z.discriminatedUnion("kind", [tensorSchema, manifestSchema]);
const fileSchema = z.object({ schema: z.literal(1), entries: z.array(z.unknown()) });

/**
 * Measures every weight of a model on disk, in the examiner's sandbox. Throws what the examination throws, and
 * `UndecidedError` for what cannot be measured: its rule and message say why.
 */
export async function measureModel({ bench }: Coordinator, path: string): Promise<MeasuredModel> {
  const entries: Json[] = [];
  const stage = bench.pipeline.find(({ id }) => id === "static_scan");
  if (stage === undefined) throw new Error("Cannot measure: the pipeline has no static scan");
  const context = { ...bench.context, record: (entry: Json) => void entries.push(entry) };
  const artifact = artifactAt(path, bench.context.policy.quarantine.maxArtifactBytes);
  const said = await stage.examine(artifact, context);
  const model = modelFrom(entries);
  if (model.size === 0 && said.kind === "refused") {
    throw new UndecidedError(said.findings[0].rule, said.summary);
  }
  return model;
}

/** Reads the manifest that stands beside a promoted model. */
export function readModelManifest(path: string): MeasuredModel {
  try {
    return modelFrom(fileSchema.parse(JSON.parse(fs.readFileSync(path, "utf8"))).entries);
  } catch (cause) {
    throw new StartupError("usage", `Cannot read ${path}: it is not a manifest`, { cause });
  }
}

function artifactAt(path: string, maxBytes: number): Artifact {
  const absolute = resolve(path);
  const name = basename(absolute);
  const sizeBytes = refuseUnopened(absolute, name, maxBytes);
  const directory = fs.lstatSync(absolute).isDirectory();
  return {
    name,
    path: absolute,
    shape: directory ? "directory" : "file",
    format: directory ? formatClaimedByDirectory(fs.readdirSync(absolute)) : formatClaimedByFile(name),
    sizeBytes,
    origin: { kind: "local" },
    digest: digestInPlace(absolute, {}),
    digestFrom: "coordinator",
  };
}

/** Sorts the entries of a manifest by weight file; throws for what is none. */
export function modelFrom(entries: readonly unknown[]): MeasuredModel {
  const parsed = entries.map((entry) => entrySchema.parse(entry));
  const tensors = Map.groupBy(parsed.filter((entry) => entry.kind === "tensor"), ({ file }) => file ?? "");
  const manifests = parsed.filter((entry) => entry.kind === "manifest");
  return new Map(manifests.map(({ kind: _, file, ...rest }) => {
    const own = tensors.get(file ?? "") ?? [];
    const manifest: ModelManifest = {
      ...rest,
      tensors: own.map(({ name, type, shape, offset, size_bytes, sha256 }) => ({
        name,
        type,
        shape,
        offset,
        size_bytes,
        sha256,
      })),
    };
    const printed = own.flatMap(({ name, type, shape, fingerprint }) =>
      fingerprint === null ? [] : [{ name, type, shape, ...fingerprint }]
    );
    return [file ?? "", { manifest, fingerprint: { fingerprint_version: 1 as const, tensors: printed } }];
  }));
}
