import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { sha256 } from "../registry/fixture.ts";
import { tinyLlama } from "../make/gguf.ts";
import { evidenceOf, Lab, outcomeOf, PUBLISHED } from "../support/lab.ts";
import { LabRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const DIGEST = sha256(MODEL);

Deno.test("P064-P071, P074, P083: a promoted model has its provenance beside it, field by field", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  const source = "https://huggingface.co/org/repo/resolve/0123456789abcdef0123456789abcdef01234567/m.gguf";
  lab.pin("m.gguf", DIGEST);
  lab.drop("m.gguf", MODEL, source);
  const now = () => new Date("2026-03-08T14:30:00.500Z");
  const [ended] = await lab.watch({ registry: registry.client, now });
  assert.equal(outcomeOf(ended), "passed");
  const policy = sha256(fs.readFileSync(lab.policyPath));
  const record = JSON.parse(fs.readFileSync(join(lab.places.registry, "m.gguf.provenance.json"), "utf8"));
  assert.match(record.skipped.behavioral_test, /^not examined: llama-server/);
  assert.deepEqual(record, {
    schema_version: "1.0",
    artifact: { filename: "m.gguf", sha256: DIGEST, size_bytes: MODEL.byteLength, format: "gguf" },
    source: { url: source, revision: "0123456789abcdef0123456789abcdef01234567" },
    scanners: { "ai-quarantine": "0.1.0" },
    policy: { version: policy, profile: "standalone" },
    promotion: { timestamp: "2026-03-08T14:30:00Z", hostname: "appliance" },
    scan_summary: {
      source_policy: "pass",
      format_gate: "pass",
      integrity_check: "pass",
      provenance_check: "pass",
      static_scan: "pass",
      behavioral_test: "skip",
      diffusion_deep_scan: "skip",
    },
    skipped: {
      behavioral_test: record.skipped.behavioral_test,
      diffusion_deep_scan: "not a diffusion model",
    },
    signature: { status: "unsigned", required: false, signatures: [] },
    sandbox: "process",
    integrity: { fsverity_enabled: false, fsverity_digest: null },
    merkle_roots: { "": record.merkle_roots[""] },
    signed_by: null,
  });
  assert.match(record.merkle_roots[""], /^[0-9a-f]{64}$/);
});

Deno.test("P123, P126, P155: the promoted bytes are read-only, registered once, and nothing else is left", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  await lab.watch({ registry: registry.client });
  const path = join(lab.places.registry, "m.gguf");
  assert.equal(sha256(fs.readFileSync(path)), DIGEST);
  const stat = fs.lstatSync(path);
  assert.deepEqual([stat.mode & 0o777, stat.nlink], [0o444, 1]);
  assert.deepEqual(lab.names("registry"), [...PUBLISHED, "manifest.json"]);
  for (const place of ["incoming", "scanning", "held", "rejected"] as const) {
    assert.deepEqual(lab.names(place), [], place);
  }
  assert.deepEqual(await registry.models(), { m: DIGEST });
});

Deno.test("P156: the first GGUF entry of the manifest leads a selector to a regular file with its digest", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  await lab.watch({ registry: registry.client });
  const manifest = JSON.parse(fs.readFileSync(join(lab.places.registry, "manifest.json"), "utf8"));
  const selected = manifest.models.find((model: { format: string }) => model.format === "gguf");
  assert.match(selected.filename, /^[^/\\]+$/);
  assert.match(selected.sha256, /^[0-9a-f]{64}$/);
  const path = join(lab.places.registry, selected.filename);
  assert.ok(fs.lstatSync(path).isFile());
  assert.equal(sha256(fs.readFileSync(path)), selected.sha256);
});

Deno.test("P002: the same artifact twice gives the same verdict and byte-identical stage evidence", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  const [first] = await lab.watch({ registry: registry.client });
  lab.drop("m.gguf", MODEL);
  const [second] = await lab.watch({ registry: registry.client });
  assert.deepEqual([first, second].map(outcomeOf), ["passed", "passed"]);
  assert.equal(evidenceOf(second), evidenceOf(first));
  assert.deepEqual(await registry.models(), { m: DIGEST });
});

Deno.test("P108, P109: a local model is pinned by its first promotion; other bytes of that name are refused", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  await lab.watch({ registry: registry.client });
  const other = tinyLlama({ seed: 2 });
  lab.drop("m.gguf", other);
  const [ended] = await lab.watch({ registry: registry.client });
  assert.equal(outcomeOf(ended), "failed integrity/mismatch");
  assert.deepEqual(await registry.models(), { m: DIGEST });
  assert.equal(sha256(fs.readFileSync(join(lab.places.registry, "m.gguf"))), DIGEST);
});

Deno.test("two quantisations of one model get two registry names", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.Q4_K_M.gguf", MODEL);
  lab.drop("m.Q8_0.gguf", tinyLlama({ seed: 2 }));
  await lab.watch({ registry: registry.client });
  assert.deepEqual(Object.keys(await registry.models()).sort(), ["m.Q4_K_M", "m.Q8_0"]);
});

Deno.test("P156: a model of another name's bytes never takes a registered file's place", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  fs.writeFileSync(join(lab.places.registry, "m.gguf"), "somebody else's");
  lab.drop("m.gguf", MODEL);
  const [ended] = await lab.watch({ registry: registry.client });
  assert.equal(outcomeOf(ended), "error registry/conflict");
  assert.equal(fs.readFileSync(join(lab.places.registry, "m.gguf"), "utf8"), "somebody else's");
  assert.deepEqual(lab.names("held").filter((name) => !name.startsWith(".")), [
    "m.gguf",
    "m.gguf.report.json",
  ]);
  assert.equal(sha256(fs.readFileSync(join(lab.places.held, "m.gguf"))), DIGEST);
});

Deno.test("P075, P078: the chain holds claim, every stage, decision and promotion, with what each must say", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  await lab.watch({ registry: registry.client });
  assert.deepEqual(lab.entries().map(({ event, data }) => data.stage ?? event), [
    "claimed",
    "source_policy",
    "format_gate",
    "integrity_check",
    "provenance_check",
    "static_scan",
    "behavioral_test",
    "diffusion_deep_scan",
    "evidence",
    "decided",
    "promoted",
  ]);
  const [promoted] = lab.events("promoted");
  assert.equal(promoted?.filename, "m.gguf");
  assert.equal(promoted?.sha256, DIGEST);
  assert.equal(promoted?.passed, true);
  assert.deepEqual(promoted?.scanner_versions, { "ai-quarantine": "0.1.0" });
  assert.deepEqual(await lab.verifyAudit().then(({ valid, entries }) => ({ valid, entries })), {
    valid: true,
    entries: 11,
  });
});
