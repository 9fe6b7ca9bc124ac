import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { randomOfCase } from "../../scripts/fuzz_cases.ts";
import { mutatedDirectory } from "../../scripts/fuzz_directory.ts";
import { cleanTemplates, mutatedTemplate } from "../../scripts/fuzz_template.ts";
import { examineTree } from "../../src/formats/directories.ts";
import { examineTemplate } from "../../src/measure/template/examine.ts";
import { FormatError } from "../../src/model/mod.ts";
import { type DirectorySpec, MemoryDirectory, type Node, weights } from "../make/directory.ts";
import { DIRECTORY_ATTACKS } from "../vectors/directories.ts";
import { DIRECTORIES_CLEAN } from "../vectors/directories_clean.ts";
import { HARMLESS_TEMPLATES, HOSTILE_TEMPLATES } from "../vectors/templates.ts";
import { TOKENIZERS } from "./tokenizers.ts";

/** One thing to be read by both. */
export interface Subject {
  readonly sort: "weights" | "tokenizer" | "template";
  readonly name: string;
  /** The rule by which we refuse it, or null. */
  readonly ours: string | null;
  /** What the other reader is told; `at` is a directory of its own. */
  readonly job: (at: string) => Readonly<Record<string, string>>;
}

/** Directories that have weights and indices alone, so that both readers judge the same: what is in them. */
export function weightSubjects(fuzzed: number, seed: number): Subject[] {
  const specs = [
    ...DIRECTORY_ATTACKS.map(({ why, spec }): [string, DirectorySpec] => [why, spec]),
    ...DIRECTORIES_CLEAN.map(({ why, spec }): [string, DirectorySpec] => [why, spec]),
    ...Array.from({ length: fuzzed }, (_, i): [string, DirectorySpec] => [
      `case ${i} of seed ${seed}`,
      mutatedDirectory(seed, i),
    ]),
  ];
  const seen = new Set<string>();
  return specs.flatMap(([name, whole]) => {
    const spec = weightsOf(whole);
    const key = fingerprint(spec);
    if (Object.keys(spec).length === 0 || seen.has(key)) return [];
    seen.add(key);
    const ours = ruleAgainst(spec);
    const job = (at: string) => {
      write(at, spec);
      return { sort: "weights", path: at };
    };
    return [{ sort: "weights" as const, name, ours, job }];
  });
}

/** Files of the top folder that a loader of weights opens, each a file by itself. */
function weightsOf(spec: DirectorySpec): DirectorySpec {
  const isWeights = (path: string) => /^[^/]*\.safetensors(?:\.index(?:\.\w+)?\.json)?$/.test(path);
  const isFile = (node: Node) => typeof node === "string" || node instanceof Uint8Array || "json" in node;
  return Object.fromEntries(Object.entries(spec).filter(([path, node]) => isWeights(path) && isFile(node)));
}

export function tokenizerSubjects(): Subject[] {
  return TOKENIZERS.map(([name, bytes]) => ({
    sort: "tokenizer",
    name,
    ours: ruleAgainst({ "model.safetensors": weights("a"), "tokenizer.json": bytes }),
    job: (at) => {
      write(at, { "tokenizer.json": bytes });
      return { sort: "tokenizer", path: join(at, "tokenizer.json") };
    },
  }));
}

export function templateSubjects(fuzzed: number, seed: number): Subject[] {
  const clean = cleanTemplates();
  const texts = [
    ...clean.map((text, i): [string, string] => [`clean ${i}`, text]),
    ...[...HOSTILE_TEMPLATES, ...HARMLESS_TEMPLATES].map(([what, text]): [string, string] => [what, text]),
    ...Array.from({ length: fuzzed }, (_, i): [string, string] => [
      `case ${i} of seed ${seed}`,
      mutatedTemplate(randomOfCase(seed, i), clean),
    ]),
  ];
  return texts.map(([name, text]) => ({
    sort: "template",
    name,
    ours: whyUnread(text),
    job: () => ({ sort: "template", text }),
  }));
}

/** The rule that says that the template could not be read; what it does when read is another question. */
function whyUnread(text: string): string | null {
  const unread = ["template/unparsable", "template/too-deep", "template/too-large"];
  return examineTemplate(text, {}).find(({ rule }) => unread.includes(rule))?.rule ?? null;
}

function ruleAgainst(spec: DirectorySpec): string | null {
  try {
    const { findings } = examineTree(new MemoryDirectory(spec));
    return findings.all.find(({ severity }) => severity === "critical")?.rule ?? null;
  } catch (error) {
    if (error instanceof FormatError) return error.rule;
    throw error;
  }
}

/** What the libraries say of each subject: null, or why they do not load it. */
export async function askLibraries(
  python: string,
  subjects: readonly Subject[],
): Promise<readonly (string | null)[]> {
  const root = Deno.makeTempDirSync({ prefix: "differential-" });
  try {
    const lines = subjects.map(({ job }, i) => `${JSON.stringify(job(join(root, String(i))))}\n`).join("");
    const script = fileURLToPath(new URL("./readers.py", import.meta.url));
    const child = new Deno.Command(python, {
      args: ["-I", "-W", "ignore", script],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const [{ success, stdout }] = await Promise.all([
      child.output(),
      new Blob([lines]).stream().pipeTo(child.stdin),
    ]);
    assert.ok(success, "the readers failed");
    const answers = new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) =>
      JSON.parse(line).why
    );
    assert.equal(answers.length, subjects.length);
    return answers;
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

function write(at: string, spec: DirectorySpec): void {
  for (const [path, node] of Object.entries(spec)) {
    fs.mkdirSync(dirname(join(at, path)), { recursive: true });
    fs.writeFileSync(join(at, path), contentOf(node));
  }
}

function fingerprint(spec: DirectorySpec): string {
  return JSON.stringify(Object.entries(spec).map(([path, node]) => [path, String(contentOf(node))]));
}

function contentOf(node: Node): string | Uint8Array {
  if (typeof node === "string" || node instanceof Uint8Array) return node;
  if ("json" in node) return JSON.stringify(node.json, null, 2);
  throw new TypeError("Cannot write what is no file");
}
