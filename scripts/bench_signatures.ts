/**
 * `scripts/bench_signatures.ts [--mib 2048]`: what stage 4 costs beside the hashing that is done anyway, for one signed
 * file and for a signed directory of four shards. Each run is a process of its own, in turn with hashing alone, so
 * that its peak of memory is its own. Exit 1 above the budget: 1.3 times the hashing, 150 MB.
 */
import fs from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { digestInPlace, examineWith, signaturesBeside } from "../src/admission/mod.ts";
import type { Artifact, ArtifactDigest } from "../src/model/mod.ts";
import { policyFromObject } from "../src/policy/load.ts";
import { provenanceCheck } from "../stages/4_provenance_check.ts";
import {
  envelopeBundle,
  type Key,
  makeKey,
  messageBundleOver,
  type Resource,
  statementOf,
  textOf,
} from "../test/make/model_signing.ts";
import { COST_PERMISSION, peakMemoryBytes } from "./process_cost.ts";

const MIB = 1024 * 1024;
const ROUNDS = 3;
const MAX_RATIO = 1.3;
const MAX_PEAK_BYTES = 150e6;
const SHARDS = 4;

interface Measured {
  readonly summary: string;
  readonly ms: number;
  readonly peakBytes: number;
}

async function bench(sizeBytes: number): Promise<boolean> {
  const root = fs.mkdtempSync(join(tmpdir(), "aiq-bench-signatures-"));
  try {
    const key = makeKey();
    fs.writeFileSync(join(root, "key.pem"), key.pem);
    let within = true;
    for (const [what, path] of await signedModels(root, sizeBytes, key)) {
      within = await compare(what, path, join(root, "key.pem")) && within;
    }
    return within;
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

/** A file signed in two ways, a directory of shards with its signature beside it. */
async function signedModels(
  root: string,
  sizeBytes: number,
  key: Key,
): Promise<[what: string, path: string][]> {
  const file = join(root, "model.gguf");
  writeBytes(file, sizeBytes);
  const { sha256 } = await digestInPlace(file, {});
  const second = join(root, "cosign.gguf");
  fs.linkSync(file, second);
  fs.writeFileSync(`${file}.sig`, textOf(envelopeBundle(statement([resource(".", sha256)]), { key })));
  fs.writeFileSync(`${second}.sigstore.json`, textOf(messageBundleOver(sha256, { key })));
  const directory = join(root, "shards");
  fs.mkdirSync(directory);
  for (let i = 1; i <= SHARDS; i++) {
    writeBytes(join(directory, `model-0000${i}-of-0000${SHARDS}.safetensors`), sizeBytes / SHARDS);
  }
  const { files } = await digestInPlace(directory, {});
  const listed = files.map(({ path, sha256 }) => resource(path, sha256));
  fs.writeFileSync(`${directory}.sig`, textOf(envelopeBundle(statement(listed), { key })));
  const size = `${Math.round(sizeBytes / MIB)} MiB`;
  return [
    [`${size} file, OpenSSF Model Signing`, file],
    [`${size} file, cosign bundle`, second],
    [`${size} in ${SHARDS} shards, OpenSSF Model Signing`, directory],
  ];
}

const resource = (name: string, digest: string): Resource => ({ name, algorithm: "sha256", digest });
const statement = (resources: readonly Resource[]) =>
  statementOf(resources, { method: "files", hash_type: "sha256", allow_symlinks: false });

function writeBytes(path: string, sizeBytes: number): void {
  const block = crypto.getRandomValues(new Uint8Array(65_536));
  const fd = fs.openSync(path, "w");
  try {
    for (let left = sizeBytes; left > 0; left -= block.byteLength) {
      fs.writeSync(fd, block, 0, Math.min(left, block.byteLength));
    }
  } finally {
    fs.closeSync(fd);
  }
}

async function compare(what: string, path: string, keyPath: string): Promise<boolean> {
  const hashing: number[] = [];
  const verifying: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    hashing.push((await inChild("--hash", path)).ms);
    verifying.push(await inChild("--key", keyPath, path));
  }
  const ratio = Math.min(...verifying.map(({ ms }) => ms)) / Math.min(...hashing);
  const peakBytes = Math.max(...verifying.map((one) => one.peakBytes));
  const summary = verifying[0]?.summary ?? "";
  const within = ratio <= MAX_RATIO && peakBytes <= MAX_PEAK_BYTES && summary === "signed by bench";
  const figures = `${ratio.toFixed(2)} times its hashing (at most ${MAX_RATIO}), ${
    Math.round(peakBytes / 1e6)
  } MB`;
  console.log(`${what.padEnd(48)} ${summary}, ${figures}${within ? "" : "  TOO MUCH"}`);
  return within;
}

async function inChild(...args: string[]): Promise<Measured> {
  const script = fileURLToPath(import.meta.url);
  const config = join(dirname(dirname(script)), "deno.json");
  const flags = [
    "--quiet",
    "--config",
    config,
    "--v8-flags=--max-semi-space-size=4",
    "--allow-read",
    "--allow-env",
  ];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, COST_PERMISSION, script, ...args],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot measure ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Hashing, as the coordinator does it, and stage 4 over its digests, as the examiner does it. */
async function measure(path: string, keyPath: string | undefined): Promise<Measured> {
  const began = performance.now();
  const digest = await digestInPlace(path, {});
  const summary = keyPath === undefined
    ? "hashed"
    : await verify(path, digest, fs.readFileSync(keyPath, "utf8"));
  return { summary, ms: performance.now() - began, peakBytes: peakMemoryBytes() };
}

async function verify(path: string, digest: ArtifactDigest, pem: string): Promise<string> {
  const now = () => new Date();
  const signers = [{ method: "key" as const, name: "bench", public_key: pem }];
  const policy = policyFromObject({ publishers: [{ source: "local", signers }] }, { now });
  const artifact: Artifact = {
    name: basename(path),
    path,
    shape: digest.files.length > 0 ? "directory" : "file",
    format: "gguf",
    sizeBytes: digest.sizeBytes,
    origin: { kind: "local" },
    digest: Promise.resolve(digest),
    digestFrom: "coordinator",
    signatures: signaturesBeside(path),
  };
  const stage = provenanceCheck({ trustRoots: [], requiredFrom: () => false });
  const signal = new AbortController().signal;
  const context = { policy, now, signal, progress: () => {}, record: () => {} };
  const outcome = await examineWith(stage, artifact, context);
  return outcome.kind === "broken" ? String(outcome.error) : outcome.summary;
}

async function main(): Promise<void> {
  const { values, positionals: [path] } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: { hash: { type: "boolean" }, key: { type: "string" }, mib: { type: "string", default: "2048" } },
  });
  if (path !== undefined) console.log(JSON.stringify(await measure(path, values.key)));
  else Deno.exitCode = await bench(Number(values.mib) * MIB) ? 0 : 1;
}

if (import.meta.main) await main();
