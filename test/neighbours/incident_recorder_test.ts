import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import type { BoundaryEvent } from "../../src/model/mod.ts";
import { IncidentReporter } from "../../src/neighbours/mod.ts";
import { registryAddress } from "../../src/registry/mod.ts";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { Lab, outcomeOf } from "../support/lab.ts";
import { LabRegistry, unreachableUrl } from "../support/registries.ts";
import { type Answer, FaultRegistry } from "./fault_registry.ts";
import { goJson } from "./go_replies.ts";
import { Recorder, REPORTER_TOKEN } from "./incident_recorder.ts";

const event = (description: string, more: Partial<BoundaryEvent> = {}): BoundaryEvent => ({
  class: "integrity_violation",
  severity: "critical",
  description,
  evidence: {},
  ...more,
});

/** A spool of its own and a clock. */
class Desk implements Disposable {
  readonly spoolDir = join(Deno.makeTempDirSync({ prefix: "incidents-" }), "incidents");
  readonly warnings: string[] = [];
  now = Date.parse("2026-03-08T14:30:00Z");

  reporter(url: string, token = REPORTER_TOKEN): IncidentReporter {
    return new IncidentReporter({
      address: registryAddress(url),
      token: () => Promise.resolve(token),
      timeoutMs: 500,
      spoolDir: this.spoolDir,
      now: () => new Date(this.now),
      warn: (text) => void this.warnings.push(text),
    });
  }
  spooled(): string[] {
    return fs.existsSync(this.spoolDir)
      ? fs.readdirSync(this.spoolDir).filter((name) => /^\d/.test(name)).sort()
      : [];
  }
  [Symbol.dispose](): void {
    fs.rmSync(join(this.spoolDir, ".."), { recursive: true });
  }
}

Deno.test("an incident recorder that is down for an hour and back gets everything once, in order", async () => {
  using desk = new Desk();
  const recorder = new Recorder(REPORTER_TOKEN);
  let up = false;
  let asked = 0;
  await using server = new FaultRegistry((seen) => {
    asked++;
    return up ? recorder.answer(seen) : { kind: "reset" };
  });
  const first = desk.reporter(server.url);
  for (let minute = 0; minute < 60; minute++) {
    if (minute % 10 === 0) first.report(event(`event ${minute}`));
    desk.now += 60_000;
    await first.drain();
  }
  await first.close(1_000);
  assert.ok(asked >= 60);
  assert.equal(recorder.incidents.length, 0);
  assert.equal(desk.spooled().length, 6);
  assert.equal(desk.warnings.length, 1); // Said once, not sixty times.
  up = true;
  // Another process carries on with the same spool.
  const second = desk.reporter(server.url);
  second.report(event("event 60"));
  await Promise.all([second.drain(), second.drain()]);
  await second.close(1_000);
  const told = recorder.incidents.map(({ description }) => description);
  assert.deepEqual(told, [0, 10, 20, 30, 40, 50, 60].map((minute) => `event ${minute}`));
  assert.deepEqual(desk.spooled(), []);
  assert.equal(recorder.incidents[0]?.evidence.observed_at, "2026-03-08T14:30:00.000Z");
  await desk.reporter(server.url).drain();
  assert.equal(recorder.incidents.length, 7);
});

Deno.test("the same event is not reported twice in a row, waiting or delivered", async () => {
  using desk = new Desk();
  const recorder = new Recorder(REPORTER_TOKEN);
  await using server = new FaultRegistry(recorder.answer);
  const reporter = desk.reporter(server.url);
  for (let time = 0; time < 3; time++) reporter.report(event("the chain is broken"));
  await reporter.drain();
  reporter.report(event("the chain is broken"));
  await reporter.close(1_000);
  assert.equal(recorder.incidents.length, 1);
});

const kept: [why: string, answer: Answer][] = [
  ["403", goJson(403, { error: "reporter is not authorized for the requested source or class" })],
  ["503", goJson(503, { error: "containment broker unavailable" })],
  ["a hang", { kind: "hang" }],
  ["200", goJson(200, {})],
];
for (const [why, answer] of kept) {
  Deno.test(`an incident that is answered ${why} stays in the spool`, async () => {
    using desk = new Desk();
    await using server = new FaultRegistry(() => answer);
    const reporter = desk.reporter(server.url);
    reporter.report(event("first"));
    await reporter.drain();
    await reporter.close(1_000);
    assert.deepEqual(desk.spooled(), ["000000000001.json"]);
    assert.equal(desk.warnings.length, 1);
  });
}

Deno.test("a report that the recorder will never take is set aside and does not hold up the next", async () => {
  using desk = new Desk();
  const recorder = new Recorder(REPORTER_TOKEN);
  let times = 0;
  await using server = new FaultRegistry((seen) =>
    times++ === 0 ? goJson(400, { error: "invalid incident class" }) : recorder.answer(seen)
  );
  const reporter = desk.reporter(server.url);
  reporter.report(event("first"));
  reporter.report(event("second"));
  await reporter.close(1_000);
  assert.deepEqual(recorder.incidents.map(({ description }) => description), ["second"]);
  assert.deepEqual(desk.spooled(), ["000000000001.json.refused"]);
});

/** A machine that reports to a recorder. */
function labReporting(url: string): Lab {
  const lab = Lab.make({ report: "true" });
  const text = fs.readFileSync(lab.policyPath, "utf8").replace("http://127.0.0.1:8515", url);
  fs.writeFileSync(lab.policyPath, text);
  return lab;
}

Deno.test("P152: a promoted model that was changed is reported so that it can be contained; ordinary refusals never are", async () => {
  const recorder = new Recorder();
  await using server = new FaultRegistry(recorder.answer);
  using lab = labReporting(server.url);
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", tinyLlama());
  lab.drop("evil.pkl", "cos\nsystem\n(S'id'\ntR.");
  lab.drop("broken.gguf", "GGUFnonsense");
  const outcomes = (await lab.watch({ registry: registry.client })).map(outcomeOf);
  assert.equal(outcomes.filter((outcome) => outcome.startsWith("rejected")).length, 2);
  assert.equal(recorder.incidents.length, 0);

  const promoted = join(lab.places.registry, "m.gguf");
  fs.chmodSync(promoted, 0o644);
  fs.appendFileSync(promoted, "tampered");
  lab.drop("m.gguf", tinyLlama());
  assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), [
    "error registry/conflict",
  ]);
  const [incident, ...more] = recorder.incidents;
  assert.deepEqual(more, []);
  assert.equal(`${incident?.class} ${incident?.severity}`, "manifest_mismatch high");
  assert.equal(incident?.evidence.model_name, "m");
  assert.equal(incident?.evidence.model_path, promoted);
  assert.equal(lab.events("boundary").length, 1);

  // The recorder answers such an incident with an order to the registry: the model is moved and no longer listed.
  const order = {
    action: "quarantine",
    incident_id: "INC-20260308-143000-0001",
    model_name: incident?.evidence.model_name,
  };
  const reply = await fetch(`${registry.url}/api/v1/quarantine`, {
    method: "POST",
    headers: { authorization: `Bearer ${"9f0c".repeat(16)}` },
    body: JSON.stringify(order),
  });
  assert.equal(reply.status, 200);
  const contained = await reply.json();
  assert.equal(contained.manifest_updated, true);
  assert.deepEqual(await registry.models(), {});
  assert.deepEqual(lab.names("registry"), ["manifest.json"]); // Its records went along.
  const name = `contained-${sha256(order.incident_id).slice(0, 12)}-m.gguf`;
  assert.ok(fs.statSync(join(lab.places.state, "contained-models", name)).isFile());

  // The audit log has it once, and the very same bytes are not registered again.
  lab.drop("m.gguf", tinyLlama());
  for (let time = 0; time < 2; time++) await lab.watch({ registry: registry.client });
  assert.deepEqual(lab.events("contained").map((entry) => [entry.filename, entry.incident]), [
    ["m.gguf", order.incident_id],
  ]);
  assert.deepEqual(await registry.models(), {});
  assert.match(lab.report("held", "m.gguf").reason, /contained by incident INC-20260308-143000-0001/);
  assert.equal((await lab.verifyAudit()).valid, true);
});

Deno.test("a broken audit chain is reported though nothing starts, and waits while the recorder is away", async () => {
  const recorder = new Recorder();
  await using server = new FaultRegistry(recorder.answer);
  using lab = labReporting(unreachableUrl());
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", tinyLlama());
  await lab.watch({ registry: registry.client });
  fs.writeFileSync(lab.auditLog, fs.readFileSync(lab.auditLog, "utf8").split("\n").slice(2).join("\n"));
  await assert.rejects(lab.watch({ registry: registry.client }), { code: "audit/unavailable" });
  await assert.rejects(lab.watch({ registry: registry.client }), { code: "audit/unavailable" });
  const spool = join(lab.places.state, "incidents");
  assert.deepEqual(fs.readdirSync(spool), ["000000000001.json"]);
  const policy = fs.readFileSync(lab.policyPath, "utf8").replace(
    /(incident_recorder:[^]*?url: ).*/,
    `$1${server.url}`,
  );
  fs.writeFileSync(lab.policyPath, policy);
  await assert.rejects(lab.watch({ registry: registry.client }), { code: "audit/unavailable" });
  assert.deepEqual(recorder.incidents.map((one) => `${one.class} ${one.severity}`), [
    "integrity_violation critical",
  ]);
});

Deno.test("bytes that change under the seal are reported: something reached them in their sandbox", async () => {
  const recorder = new Recorder();
  await using server = new FaultRegistry(recorder.answer);
  using lab = labReporting(server.url);
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", tinyLlama());
  const ended = await lab.watch({
    registry: registry.client,
    step(name) {
      if (name !== "promote:intent-recorded") return;
      for (const path of fs.readdirSync(lab.places.scanning, { recursive: true, encoding: "utf8" })) {
        if (path.endsWith("/sealed/m.gguf")) fs.appendFileSync(join(lab.places.scanning, path), "more");
      }
    },
  });
  assert.deepEqual(ended.map(outcomeOf), ["error line/digest-disagrees"]);
  assert.deepEqual(recorder.incidents.map((one) => `${one.class} ${one.severity}`), [
    "integrity_violation critical",
  ]);
  assert.equal(recorder.incidents[0]?.evidence.filename, "m.gguf");
  assert.deepEqual(await registry.models(), {});
});
