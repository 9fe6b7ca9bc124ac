import fs from "node:fs";
import { basename, join, resolve } from "node:path";
import * as z from "zod";
import { digestInPlace, MANIFEST_SUFFIX } from "../admission/mod.ts";
import { escapeName, unlessMissing } from "../files/mod.ts";
import { compareManifests, type Difference } from "../measure/manifest.ts";
import { type FileDigest, FormatError, StartupError, UndecidedError } from "../model/mod.ts";
import { PROVENANCE_SUFFIX } from "../provenance/record.ts";
import { sealFaults, signatureFaults, signatureLine } from "./verify_record.ts";
import { readManifestEntries } from "../registry/listing.ts";
import { configure } from "./configuration.ts";
import { coordinator } from "./coordinator.ts";
import { embeddedPlaces } from "./environment.ts";
import { measureModel, readModelManifest } from "./inspection.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

const recordSchema = z.looseObject({
  artifact: z.looseObject({ filename: z.string(), sha256: z.string(), size_bytes: z.number() }),
  promotion: z.looseObject({ timestamp: z.string() }),
  files: z.array(z.looseObject({ path: z.string(), sha256: z.string() })).optional(),
  integrity: z.looseObject({
    fsverity_digest: z.string().nullable(),
    fsverity_files: z.record(z.string(), z.string()).optional(),
  }).optional(),
});
type Record = z.infer<typeof recordSchema>;

/**
 * `verify NAME|PATH`: hashes a promoted model again and compares it with its record, naming what differs; checks who
 * signed the record, and the kernel's seal where the record names one.
 */
export async function runVerify(world: World, target: string): Promise<ExitCode> {
  const path = locate(world, target);
  const name = escapeName(basename(path));
  const text = readRecordText(path);
  const record = parseRecord(path, text);
  const { sha256, files } = await digestInPlace(path, {});
  const wrong = [...signatureFaults(world, path, text), ...await sealFaults(path, record)];
  if (sha256 === record.artifact.sha256 && wrong.length === 0) {
    const signed = signatureLine(world, path);
    world.stdout.write(
      `VERIFIED: ${name} sha256=${sha256} promoted ${record.promotion.timestamp}\n  ${signed}\n`,
    );
    return EXIT.passed;
  }
  if (sha256 !== record.artifact.sha256) {
    world.stdout.write(`FAILED: ${name} expected ${record.artifact.sha256} actual ${sha256}\n`);
    wrong.push(...differences(record.files ?? [], files), ...await weightDifferences(world, path));
  } else world.stdout.write(`FAILED: ${name} sha256=${sha256}\n`);
  for (const line of wrong) world.stdout.write(`  ${escapeName(line)}\n`);
  return EXIT.refused;
}

/** What differs inside the weight files, as far as they can still be read. */
async function weightDifferences(world: World, path: string): Promise<string[]> {
  const manifest = path + MANIFEST_SUFFIX;
  if (unlessMissing(() => fs.lstatSync(manifest)) === null) return [];
  const before = readModelManifest(manifest);
  const configuration = configure(world, { file: undefined, profile: "standalone" });
  const tools = await coordinator(world, configuration, {
    signal: new AbortController().signal,
    progress: () => {},
  });
  const now = await measureModel(tools, path).catch((error: unknown) => {
    if (error instanceof FormatError || error instanceof UndecidedError) return error;
    throw error;
  });
  if (now instanceof Error) return [`no longer readable: ${now.message}`];
  return [...before].flatMap(([file, { manifest }]) => {
    const found = now.get(file);
    if (found === undefined) return [];
    const where = file === "" ? "" : `${file}: `;
    return compareManifests(manifest, found.manifest).map((difference) => where + inWords(difference));
  });
}

function inWords(difference: Difference): string {
  return "tensor" in difference
    ? `${difference.what} changed: tensor ${difference.tensor}`
    : `${difference.what} changed`;
}

/** A path that exists, else the name of a registered model. */
function locate(world: World, target: string): string {
  if (unlessMissing(() => fs.lstatSync(target)) !== null) return resolve(target);
  const { registry } = embeddedPlaces(world.env);
  const entry = readManifestEntries(registry).find(({ name, filename }) =>
    name === target || filename === target
  );
  if (entry === undefined) {
    throw new StartupError("usage", `Cannot verify ${target}: no such file and no such model`);
  }
  return join(registry, entry.filename);
}

function readRecordText(path: string): string {
  const text = unlessMissing(() => fs.readFileSync(path + PROVENANCE_SUFFIX, "utf8"));
  if (text === null) {
    throw new StartupError("usage", `Cannot verify ${path}: it has no record ${path + PROVENANCE_SUFFIX}`);
  }
  return text;
}

function parseRecord(path: string, text: string): Record {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    const where = path + PROVENANCE_SUFFIX;
    throw new StartupError("usage", `Cannot verify ${path}: ${where} is not a provenance record`, { cause });
  }
}

/** Which files of a directory changed, came or went; a file that moved is named with both names. */
function differences(
  recorded: readonly { path: string; sha256: string }[],
  now: readonly FileDigest[],
): string[] {
  const present = new Map(now.map(({ path, sha256 }) => [path, sha256 as string]));
  const gone = recorded.filter(({ path }) => !present.has(path));
  const known = new Set(recorded.map(({ path }) => path));
  const added = now.filter(({ path }) => !known.has(path));
  const changed = recorded.filter(({ path, sha256 }) => present.has(path) && present.get(path) !== sha256);
  const renamed = gone.flatMap((old) => {
    const to = added.find(({ sha256 }) => sha256 === old.sha256);
    return to === undefined ? [] : [{ from: old.path, to: to.path }];
  });
  const from = new Set(renamed.map((one) => one.from));
  const to = new Set(renamed.map((one) => one.to));
  return [
    ...changed.map(({ path }) => `changed: ${path}`),
    ...renamed.map((one) => `renamed: ${one.from} -> ${one.to}`),
    ...gone.filter(({ path }) => !from.has(path)).map(({ path }) => `missing: ${path}`),
    ...added.filter(({ path }) => !to.has(path)).map(({ path }) => `added: ${path}`),
  ];
}
