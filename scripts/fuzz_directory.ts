import allowed from "../policy/diffusion_classes.json" with { type: "json" };
import {
  ClassAllowlist,
  configurationFindings,
  type DirectoryView,
  examinePipeline,
  examineTree,
  templatesIn,
} from "../src/formats/directories.ts";
import { claimOf } from "../src/formats/directories/claims.ts";
import { FormatError } from "../src/model/mod.ts";
import { type DirectorySpec, MemoryDirectory, type Node } from "../test/make/directory.ts";
import type { Random } from "../test/make/random.ts";
import { DIRECTORY_ATTACKS } from "../test/vectors/directories.ts";
import { DIRECTORIES_CLEAN } from "../test/vectors/directories_clean.ts";
import { type FuzzOptions, type FuzzResult, randomOfCase, runPrepared } from "./fuzz_cases.ts";

const CLASSES = ClassAllowlist.from(allowed);
const NAMES = [
  "pytorch_model.bin",
  "modeling.py",
  "Config.json",
  "model.safetensors",
  "model-00001-of-00002.safetensors",
  "model-00002-of-00002.safetensors",
  "model.safetensors.index.json",
  "model_index.json",
  "config.json",
  "tokenizer.model",
  "unet/config.json",
  "unet/diffusion_pytorch_model.safetensors",
  ".git/config",
  ".cache/huggingface/download/a.lock",
  "a\\b.json",
  "a\u202eb.txt",
  "../x.json",
  "x",
  "m-00001-of-00002.gguf",
  "chat_template.jinja",
];
const TEXTS = [
  "",
  "{}",
  "[]",
  "null",
  '{"weight_map":{"a":"../x.safetensors"}}',
  '{"auto_map":{"A":"b.C"}}',
  '{"_class_name":["a","B"],"unet":["os","system"]}',
  '{"a":1,"a":2}',
  "[".repeat(200),
  "{{ ''.__class__ }}",
  "#!/bin/sh\n",
  "\u0080\u0002c",
  '{"num_train_timesteps":1e999}',
];

/**
 * Examines clean and hostile directories after random changes. Throws when something else than `FormatError` is thrown,
 * when examining takes too long or asks for more than the files hold, or when a directory is accepted that has a file
 * nobody claims, an entry that is no file, or weights that no reader went over.
 */
export function fuzzDirectory(options: FuzzOptions): FuzzResult {
  return runPrepared(options, (random) => {
    const spec = mutated(random);
    return () => examinesSoundly(spec);
  });
}

/** The directory of one case: the same for the same seed and number. */
export function mutatedDirectory(seed: number, index: number): DirectorySpec {
  return mutated(randomOfCase(seed, index));
}

function mutated(random: Random): DirectorySpec {
  const start = random.oneIn(4) ? random.pick(DIRECTORY_ATTACKS).spec : random.pick(DIRECTORIES_CLEAN).spec;
  const spec = new Map<string, Node>(Object.entries(start));
  const mutations = random.below(4);
  for (let i = 0; i < mutations; i++) mutate(random, spec);
  return Object.fromEntries(spec);
}

function mutate(random: Random, spec: Map<string, Node>): void {
  const paths = [...spec.keys()];
  const path = paths.length === 0 ? "x" : random.pick(paths);
  const node = spec.get(path) ?? "";
  switch (random.below(10)) {
    case 0:
      spec.delete(path);
      break;
    case 1: // Rename.
      spec.delete(path);
      spec.set(random.oneIn(2) ? random.pick(NAMES) : path.toUpperCase(), node);
      break;
    case 2: { // Swap two files.
      const other = random.pick(paths.length === 0 ? ["x"] : paths);
      spec.set(path, spec.get(other) ?? "");
      spec.set(other, node);
      break;
    }
    case 3:
      spec.set(random.pick(NAMES), random.oneIn(3) ? node : random.pick(TEXTS));
      break;
    case 4:
      spec.set(random.oneIn(2) ? path : "link.json", {
        link: random.pick(["/etc/passwd", ".", "config.json"]),
      });
      break;
    case 5:
      spec.set("second.json", { hardLinkTo: path });
      break;
    case 6:
      spec.set(`${"d/".repeat(random.below(40))}${random.pick(NAMES)}`, node);
      break;
    default:
      spec.set(path, changed(random, node));
  }
}

/** Another content for a file: one of the texts, or its own bytes with a small change. */
function changed(random: Random, node: Node): Node {
  const bytes = typeof node === "string"
    ? new TextEncoder().encode(node)
    : node instanceof Uint8Array
    ? node.slice()
    : typeof node === "object" && "json" in node
    ? new TextEncoder().encode(JSON.stringify(node.json))
    : null;
  if (bytes === null || bytes.byteLength === 0 || random.oneIn(4)) return random.pick(TEXTS);
  const at = random.below(bytes.byteLength);
  switch (random.below(4)) {
    case 0:
      bytes[at] = random.u32();
      return bytes;
    case 1:
      return bytes.slice(0, at);
    case 2:
      return Uint8Array.from([
        ...bytes.subarray(0, at),
        ...random.bytes(1 + random.below(8)),
        ...bytes.subarray(at),
      ]);
    default:
      return Uint8Array.from([...bytes, ...bytes.subarray(at)]);
  }
}

function examinesSoundly(spec: DirectorySpec): boolean {
  const view = new WatchedDirectory(spec);
  const verdicts = [
    settles(() => examineTree(view).findings.isCritical),
    settles(() => configurationFindings(view).isCritical),
    settles(() => [...templatesIn(view)].length < 0),
  ];
  if (view.entries.some(({ path }) => path === "model_index.json")) {
    verdicts.push(settles(() => examinePipeline(view, CLASSES).findings.isCritical));
  }
  const isAccepted = verdicts.every((isRefused) => !isRefused);
  if (isAccepted) checkAccepted(view);
  return isAccepted;
}

/** True when the directory is refused: by a finding, or by the only error a parser may throw. */
function settles(examine: () => boolean): boolean {
  try {
    return examine();
  } catch (error) {
    if (error instanceof FormatError) return true;
    throw error;
  }
}

function checkAccepted(view: WatchedDirectory): void {
  for (const { path, kind, links } of view.entries) {
    if (kind === "directory") continue;
    if (kind !== "file" || links > 1) throw new Error(`Accepted ${path}, a ${kind} with ${links} names`);
    const claim = claimOf(path);
    if (!("sort" in claim)) throw new Error(`Accepted ${path}, which nobody claims`);
    if (claim.sort !== "empty-marker" && !view.opened.has(path)) throw new Error(`Accepted ${path} unread`);
  }
}

/** Notes which files were opened, and bounds what is asked of them. */
class WatchedDirectory extends MemoryDirectory {
  readonly opened = new Set<string>();

  override read: DirectoryView["read"] = (path, use) => {
    this.opened.add(path);
    return super.read(path, (source) => {
      let asked = 0;
      const result = use({
        sizeBytes: source.sizeBytes,
        read(offset, into) {
          asked += Math.min(into.byteLength, source.sizeBytes);
          return source.read(offset, into);
        },
      });
      if (asked > 64 * source.sizeBytes + (1 << 20)) throw new Error(`Asked for ${asked} bytes of ${path}`);
      return result;
    });
  };
}

if (import.meta.main) {
  const [cases = "20000", seed = "1"] = Deno.args;
  const began = performance.now();
  const result = fuzzDirectory({ seed: Number(seed), cases: Number(cases) });
  console.log({ ...result, seconds: (performance.now() - began) / 1000 });
}
