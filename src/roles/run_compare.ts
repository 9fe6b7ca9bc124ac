import { escapeName } from "../files/mod.ts";
import { compareFingerprints, type FingerprintComparison, type Relation } from "../measure/fingerprint.ts";
import { compareManifests } from "../measure/manifest.ts";
import { StartupError, UndecidedError } from "../model/mod.ts";
import { configure } from "./configuration.ts";
import { type Coordinator, coordinator } from "./coordinator.ts";
import { type MeasuredModel, type MeasuredWeights, measureModel } from "./inspection.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

const RELATIONS: Readonly<Record<Relation, string>> = {
  "same-weights": "the same weights",
  requantised: "the same weights in other types: one is a requantisation of the other",
  related: "related weights, such as a fine-tune",
  unrelated: "unrelated weights",
  incomparable: "nothing that can be compared",
};

/** Most differing tensors that are listed one by one. */
const MAX_LISTED = 40;

/** `compare A B`: what differs between two models, tensor by tensor, and whether one was made from the other. */
export async function runCompare(world: World, first: string, second: string): Promise<ExitCode> {
  const configuration = configure(world, { file: undefined, profile: "standalone" });
  const tools = await coordinator(world, configuration, {
    signal: new AbortController().signal,
    progress: () => {},
  });
  const [before, after] = [await measured(tools, first), await measured(tools, second)];
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
  return differ ? EXIT.refused : EXIT.passed;
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
  world.stdout.write(`${where}${RELATIONS[comparison.relation]}${distance}\n`);
  const lines = [...wholeFileLines(a, b), ...tensorLines(a, b, comparison)];
  for (const line of lines.slice(0, MAX_LISTED)) world.stdout.write(`  ${escapeName(line)}\n`);
  if (lines.length > MAX_LISTED) world.stdout.write(`  and ${lines.length - MAX_LISTED} more\n`);
  return true;
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
