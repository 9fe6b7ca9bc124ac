import fs from "node:fs";
import { join } from "node:path";
import { RECORD_SUFFIXES } from "../admission/mod.ts";
import { unlessMissing } from "../files/mod.ts";
import { StartupError } from "../model/mod.ts";
import { type Carried, RECORD_LAYER, WEIGHT_LAYER, writeLayout } from "../provenance/oci_layout.ts";
import { readManifestEntries } from "../registry/listing.ts";
import { embeddedPlaces } from "./environment.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

/** `export NAME DIR`: a promoted model with its records as an OCI image layout that standard tools can carry. */
export async function runExport(world: World, name: string, directory: string): Promise<ExitCode> {
  const { registry } = embeddedPlaces(world.env);
  const entry = readManifestEntries(registry).find((one) => one.name === name || one.filename === name);
  if (entry === undefined) throw new StartupError("usage", `Cannot export ${name}: no such model`);
  if ((unlessMissing(() => fs.readdirSync(directory)) ?? []).length > 0) {
    throw new StartupError("usage", `Cannot export into ${directory}: it is not empty`);
  }
  const files = [...modelFiles(registry, entry.filename), ...recordFiles(registry, entry.filename)];
  const describe = { name: entry.name, format: entry.format, at: entry.promoted_at };
  const digest = await writeLayout(directory, files, describe);
  world.stdout.write(`exported ${entry.filename} to ${directory} (${digest}, ${files.length} files)\n`);
  return EXIT.passed;
}

function modelFiles(registry: string, filename: string): Carried[] {
  const path = join(registry, filename);
  if (!fs.lstatSync(path).isDirectory()) return [{ from: path, path: filename, mediaType: WEIGHT_LAYER }];
  return fs.readdirSync(path, { recursive: true, encoding: "utf8" }).sort()
    .filter((inner) => fs.lstatSync(join(path, inner)).isFile())
    .map((inner) => ({ from: join(path, inner), path: `${filename}/${inner}`, mediaType: WEIGHT_LAYER }));
}

function recordFiles(registry: string, filename: string): Carried[] {
  return RECORD_SUFFIXES.map((suffix) => filename + suffix)
    .filter((name) => unlessMissing(() => fs.lstatSync(join(registry, name)))?.isFile() === true)
    .map((name) => ({ from: join(registry, name), path: name, mediaType: RECORD_LAYER }));
}
