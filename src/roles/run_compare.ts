import { escapeName } from "../files/mod.ts";
import { compareFingerprints, type FingerprintComparison, type Relation } from "../measure/fingerprint.ts";
import { compareManifests } from "../measure/manifest.ts";
import {
  compareWithReference,
  REFERENCE_NOT_COVERED,
  type ReferenceManifest,
} from "../measure/reference_manifest.ts";
import { StartupError, UndecidedError } from "../model/mod.ts";
import { configure } from "./configuration.ts";
import { type Coordinator, coordinator } from "./coordinator.ts";
import { type MeasuredModel, type MeasuredWeights, measureModel, readModelManifest } from "./inspection.ts";
import { isReferenceManifest, readReferenceManifest } from "./reference_manifest.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

const RELATIONS: Readonly<Record<Exclude<Relation, "incomparable">, string>> = {
  "same-weights": "the same weights",
  requantised: "the same weights in other types: one is a requantisation of the other",
  related: "related weights, such as a fine-tune",
  unrelated: "unrelated weights",
};

/** Most differing tensors that are listed one by one. */
const MAX_LISTED = 40;

/**
 * `compare A B`: what differs between two models, tensor by tensor, and whether one was made from the other. The first
 * may be a manifest instead: one of ours, or one of the reference scanner.
 */
export async function runCompare(world: World, first: string, second: string): Promise<ExitCode> {
  const configuration = configure(world, { file: undefined, profile: "standalone" });
  const tools = await coordinator(world, configuration, {
    signal: new AbortController().signal,
    progress: () => {},
  });
  if (isReferenceManifest(first)) {
    return reportReference(world, readReferenceManifest(first), await measured(tools, second));
  }
  const before = first.endsWith(".json") ? readModelManifest(first) : await measured(tools, first);
  const after = await measured(tools, second);
  let differ = false;
  for (const [file, a] of before) {
    const b = after.get(file) ?? (before.size === 1 && after.size === 1 ? [...after.values()][0] : undefined);
    if (b === undefined) {
      world.stdout.write(`${escapeName(file)}: only in the first\n`);
      differ = true;
      continue;
    }
    differ = report(world, file, a, b) || differ;
  }
  for (const file of after.size === 1 ? [] : after.keys()) {
    if (before.has(file)) continue;
    world.stdout.write(`${escapeName(file)}: only in the second\n`);
    differ = true;
  }
  return differ ? EXIT.refused : EXIT.passed;
}

function reportReference(world: World, expected: ReferenceManifest, found: MeasuredModel): ExitCode {
  const [weights, ...others] = [...found.values()];
  if (weights === undefined || others.length > 0) {
    throw new StartupError(
      "usage",
      "Cannot compare: the manifest is of one weight file, the model is a directory",
    );
  }
  const lines = compareWithReference(expected, weights.manifest);
  const count = expected.tensors.length;
  world.stdout.write(
    lines.length === 0 ? `as the manifest says: ${count} tensors\n` : "not what the manifest says\n",
  );
  list(world, lines);
  world.stdout.write(`  not covered by such a manifest: ${REFERENCE_NOT_COVERED}\n`);
  return lines.length === 0 ? EXIT.passed : EXIT.refused;
}

async function measured(tools: Coordinator, path: string): Promise<MeasuredModel> {
  try {
    return await measureModel(tools, path);
  } catch (cause) {
    if (!(cause instanceof UndecidedError)) throw cause;
    throw new StartupError("usage", `Cannot compare ${path}: ${cause.message}`, { cause });
  }
}

/** Returns whether the two files differ. */
function report(world: World, file: string, a: MeasuredWeights, b: MeasuredWeights): boolean {
  const where = file === "" ? "" : `${escapeName(file)}: `;
  if (a.manifest.file_sha256 === b.manifest.file_sha256) {
    world.stdout.write(`${where}identical\n`);
    return false;
  }
  const comparison = compareFingerprints(a.fingerprint, b.fingerprint);
  const distance = comparison.distance === null ? "" : ` (distance ${comparison.distance.toFixed(4)})`;
  const relation = comparison.relation === "incomparable"
    ? tooFewSamples(a, b, comparison)
    : RELATIONS[comparison.relation];
  world.stdout.write(`${where}${relation}${distance}\n`);
  list(world, [...wholeFileLines(a, b), ...tensorLines(a, b, comparison)]);
  return true;
}

function list(world: World, lines: readonly string[]): void {
  for (const line of lines.slice(0, MAX_LISTED)) world.stdout.write(`  ${escapeName(line)}\n`);
  if (lines.length > MAX_LISTED) world.stdout.write(`  and ${lines.length - MAX_LISTED} more\n`);
}

/** Of a tiny model only this much can be said: a few samples are as alike by chance as by descent. */
function tooFewSamples(a: MeasuredWeights, b: MeasuredWeights, { tensors }: FingerprintComparison): string {
  if (tensors.length === 0) return "no tensor of one name and shape in both";
  const digests = new Map(b.manifest.tensors.map(({ name, sha256 }) => [name, sha256]));
  const same = a.manifest.tensors.filter(({ name, sha256 }) => digests.get(name) === sha256).length;
  const spreads = tensors.flatMap(({ sizeRatio }) => sizeRatio === null ? [] : [Math.abs(sizeRatio - 1)]);
  const spread = spreads.length === 0
    ? ""
    : `; the spread of weights differs by at most ${(100 * Math.max(...spreads)).toFixed(1)} %`;
  return `too small to tell a requantisation from other weights: ${same} of ${a.manifest.tensors.length} ` +
    `tensors are identical${spread}`;
}

function wholeFileLines(a: MeasuredWeights, b: MeasuredWeights): string[] {
  return compareManifests(a.manifest, b.manifest).flatMap((difference) =>
    "tensor" in difference ? [] : [`${difference.what} differs`]
  );
}

function tensorLines(a: MeasuredWeights, b: MeasuredWeights, comparison: FingerprintComparison): string[] {
  const after = new Map(b.manifest.tensors.map((tensor) => [tensor.name, tensor]));
  const likeness = new Map(comparison.tensors.map((tensor) => [tensor.name, tensor.correlation]));
  const changed = a.manifest.tensors.flatMap((tensor) => {
    const now = after.get(tensor.name);
    if (now === undefined || now.sha256 === tensor.sha256) return [];
    const types = tensor.type === now.type ? tensor.type : `${tensor.type} -> ${now.type}`;
    const correlation = likeness.get(tensor.name) ?? null;
    return [
      `${tensor.name}: ${types}${correlation === null ? "" : `, correlation ${correlation.toFixed(4)}`}`,
    ];
  });
  return [
    ...changed,
    ...comparison.onlyInFirst.map((name) => `${name}: only in the first`),
    ...comparison.onlyInSecond.map((name) => `${name}: only in the second`),
  ];
}
