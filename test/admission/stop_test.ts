import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { type Artifact, type Judgement, type StageContext, UndecidedError } from "../../src/model/mod.ts";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { Lab, type LineSetup, outcomeOf } from "../support/lab.ts";
import { LabRegistry, unreachableRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();

/** A stage 5 that waits until it is told to stop, as one in a sandbox does. */
const untilStopped = (_artifact: Artifact, { signal }: StageContext): Promise<Judgement> =>
  new Promise((_, reject) => {
    signal.addEventListener(
      "abort",
      () => reject(new UndecidedError("line/stopped", "stopped before the verdict")),
    );
  });

const withStage5 =
  (examine: typeof untilStopped): NonNullable<LineSetup["stages"]> => ([a, b, c, d, scan, e, f]) => [
    a,
    b,
    c,
    d,
    { ...scan, examine },
    e,
    f,
  ];

Deno.test("P175: asked to stop in the middle of a stage, the line parks the claim and goes on at the next start", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  const stop = new AbortController();
  const step = (name: string) => {
    if (name === "stage:static_scan:starting") setTimeout(() => stop.abort(), 20);
  };
  const setup = { registry: registry.client, signal: stop.signal, step, stages: withStage5(untilStopped) };
  assert.deepEqual((await lab.watch(setup)).map(outcomeOf), ["waiting"]);
  assert.equal(lab.names("scanning").length, 1);
  assert.deepEqual([...lab.names("held"), ...lab.names("rejected"), ...lab.names("incoming")], []);
  assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
  assert.deepEqual(lab.names("scanning"), []);
});

Deno.test("P175: asked to stop while it copies, the line parks the claim", async () => {
  using lab = Lab.make();
  const large = lab.drop("m.gguf", MODEL);
  fs.writeFileSync(large, new Uint8Array(40 * 1024 * 1024).fill(1));
  fs.utimesSync(large, 1_700_000_000, 1_700_000_000);
  const stop = new AbortController();
  const step = (name: string) => {
    if (name === "claim:audited") setTimeout(() => stop.abort(), 0);
  };
  const setup = { registry: unreachableRegistry(), signal: stop.signal, step };
  assert.deepEqual((await lab.watch(setup)).map(outcomeOf), ["waiting"]);
  assert.equal(lab.names("scanning").length, 1);
});

const broken: readonly (readonly [what: string, examine: typeof untilStopped, rule: string])[] = [
  ["throws", () => Promise.reject(new Error("oops")), "line/crashed"],
  [
    "throws at once",
    () => {
      throw new TypeError("oops");
    },
    "line/crashed",
  ],
  ["throws what is no error", () => Promise.reject("oops"), "line/crashed"],
  ["cannot decide", () => Promise.reject(new UndecidedError("worker/died", "gone")), "worker/died"],
];

for (const [what, examine, rule] of broken) {
  Deno.test(`a stage that ${what} never passes: ${rule}, held with its bytes`, async () => {
    using lab = Lab.make();
    await using registry = new LabRegistry(lab);
    lab.drop("m.gguf", MODEL);
    const ended = await lab.watch({ registry: registry.client, stages: withStage5(examine) });
    assert.deepEqual(ended.map(outcomeOf), [`error ${rule}`]);
    assert.deepEqual(await registry.models(), {});
    assert.equal(lab.report("held", "m.gguf").failed_stage, "static_scan");
    assert.equal(sha256(fs.readFileSync(join(lab.places.held, "m.gguf"))), sha256(MODEL));
    assert.ok(
      lab.journal.some((line) => line.startsWith("<2>[quarantine] Stage 5/7: static_scan — ERROR: ")),
    );
    assert.equal(lab.journal.at(-1), `<4>[quarantine] HELD: m.gguf (${rule})`);
  });
}

Deno.test("P085: an audit log that cannot be written stops the line, and the artifact stays", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  const step = (name: string) => {
    if (name === "stage:format_gate:starting") fs.truncateSync(lab.auditLog, 10);
  };
  await assert.rejects(lab.watch({ registry: registry.client, step }), { name: "AuditError" });
  assert.deepEqual(await registry.models(), {});
  assert.equal(lab.names("scanning").length, 1);
  assert.ok(!lab.journal.some((line) => line.includes("integrity_check")));
});

Deno.test("P137: a stage that the policy switches off is skipped loudly, and the record says so", async () => {
  using lab = Lab.make({ provenance_check: "false" });
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
  const at = lab.journal.indexOf("<4>[quarantine] WARNING: stage provenance_check is disabled by policy");
  assert.equal(
    lab.journal[at + 1],
    "<4>[quarantine] Stage 4/7: provenance_check — SKIP (disabled by policy)",
  );
  const record = JSON.parse(fs.readFileSync(join(lab.places.registry, "m.gguf.provenance.json"), "utf8"));
  assert.equal(record.scan_summary.provenance_check, "skip");
  assert.equal(record.skipped.provenance_check, "disabled by policy");
});

Deno.test("P054: a scanner the policy requires and nobody can run is never a pass", async () => {
  using lab = Lab.make({ modelscan: "{ required: true }" });
  lab.drop("m.gguf", MODEL);
  const ended = await lab.watch({ registry: unreachableRegistry() });
  assert.deepEqual(ended.map(outcomeOf), ["error line/missing-program"]);
});

Deno.test("a second coordinator over the same state is refused, and starts when the first has ended", async () => {
  using lab = Lab.make();
  const first = await lab.open({ registry: unreachableRegistry() });
  await assert.rejects(lab.open({ registry: unreachableRegistry() }), { code: "state/locked" });
  await first.close();
  await (await lab.open({ registry: unreachableRegistry() })).close();
});

Deno.test("a claim of another version's schema stops the start and is left alone", async () => {
  using lab = Lab.make({ free_space_reserve_mib: String(2 ** 24) });
  lab.drop("m.gguf", MODEL);
  await lab.watch({ registry: unreachableRegistry() });
  const [id = ""] = lab.names("scanning");
  const path = join(lab.places.scanning, id, "claim.json");
  const text = fs.readFileSync(path, "utf8").replace('"schema": 1', '"schema": 2');
  fs.writeFileSync(path, text);
  lab.setPolicy({});
  await assert.rejects(lab.watch({ registry: unreachableRegistry() }), { code: "state/newer-schema" });
  assert.equal(fs.readFileSync(path, "utf8"), text);
  assert.equal(sha256(fs.readFileSync(join(lab.places.scanning, id, "inbox"))), sha256(MODEL));
});
