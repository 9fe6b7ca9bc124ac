import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { clientOf, sha256 } from "../registry/fixture.ts";
import { Lab, outcomeOf } from "../support/lab.ts";
import { LabRegistry } from "../support/registries.ts";
import { FaultRegistry } from "./fault_registry.ts";
import { neighbourB, placesB } from "./lab_dialects.ts";

const MODEL = tinyLlama();
const SOURCE = "https://huggingface.co/org/repo/resolve/main/m.gguf";

/** How the appliance's pages explain a rejection: the newest entry about the file in the log's last MiB. */
function shownByThePages(
  log: string,
  filename: string,
): { reason: string; scanner: string; why: string } | null {
  const tail = fs.readFileSync(log).subarray(-1024 * 1024).toString("utf8");
  for (const line of tail.split("\n").reverse()) {
    if (line === "") continue;
    const { event, data } = JSON.parse(line);
    if (event !== "rejected" || data.filename !== filename) continue;
    const detail = data.details?.[data.reason] ?? {};
    return { reason: data.reason, scanner: detail.scanner, why: detail.reason };
  }
  return null;
}

Deno.test("the pages find why a model was rejected, in a log that the group can read", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("evil.gguf", "GGUFnonsense");
  lab.drop("elsewhere.gguf", MODEL, "https://sketchy-site.com/model.gguf");
  await lab.watch({ registry: registry.client });
  const shown = shownByThePages(lab.auditLog, "evil.gguf");
  assert.equal(shown?.reason, "format_gate");
  assert.match(shown?.scanner ?? "", /^gguf\//);
  assert.equal(shown?.why, lab.report("rejected", "evil.gguf").reason);
  assert.equal(shownByThePages(lab.auditLog, "elsewhere.gguf")?.reason, "source_policy");
  assert.equal(fs.statSync(lab.auditLog).mode & 0o047, 0o040);
});

Deno.test("a download's sidecars stay where the pages look for them until the verdict, then go", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  const sidecar = join(lab.places.incoming, ".m.gguf.source");
  const marker = join(lab.places.incoming, ".m.gguf.status.json");
  lab.pin("m.gguf", sha256(MODEL));
  lab.drop("m.gguf", MODEL, SOURCE);
  fs.writeFileSync(marker, "{}");
  const steps: string[] = [];
  const ended = await lab.watch({
    registry: registry.client,
    step(name) {
      if (name === "promote:audited" || name.startsWith("stage:")) {
        assert.equal(fs.readFileSync(sidecar, "utf8"), SOURCE);
      }
      steps.push(name);
    },
  });
  assert.deepEqual(ended.map(outcomeOf), ["passed"]);
  assert.ok(steps.includes("promote:audited"));
  assert.deepEqual(lab.names("incoming"), []);
});

Deno.test("the pages read the seal of a promoted model from its record", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  await lab.watch({ registry: registry.client });
  const record = JSON.parse(fs.readFileSync(join(lab.places.registry, "m.gguf.provenance.json"), "utf8"));
  assert.equal(typeof record.integrity.fsverity_enabled, "boolean");
  assert.ok("fsverity_digest" in record.integrity);
});

Deno.test("files that the machine's own checks write into the logs directory are left as they are", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  const logs = dirname(lab.auditLog);
  fs.mkdirSync(logs);
  const theirs = ["audit-verify-last.json", "health-check.json", "integrity-last.json"];
  for (const name of theirs) fs.writeFileSync(join(logs, name), `{"status":"${name}"}\n`);
  lab.drop("m.gguf", MODEL);
  await lab.watch({ registry: registry.client });
  for (const name of theirs) {
    assert.equal(fs.readFileSync(join(logs, name), "utf8"), `{"status":"${name}"}\n`);
  }
  // The timer that verifies logs takes every *-audit.jsonl: ours, and nothing else of ours.
  const matched = fs.readdirSync(logs).filter((name) => name.endsWith("-audit.jsonl"));
  assert.deepEqual(matched, ["quarantine-audit.jsonl"]);
  assert.equal((await lab.verifyAudit()).valid, true);
});

Deno.test("P151: at no moment does anything lie in a watched models directory that is not enrolled", async () => {
  using lab = Lab.make();
  const neighbour = neighbourB(lab.root);
  const { models } = placesB(lab.root);
  await using registry = new FaultRegistry(neighbour.answer);
  const seen = new Set<string>();
  lab.drop("m.gguf", MODEL);
  lab.drop("evil.gguf", "GGUFnonsense");
  await lab.watch({
    registry: clientOf(registry.url, { ...neighbour.client, dialect: "b" }),
    step: () => fs.readdirSync(models).forEach((name) => seen.add(name)),
  });
  assert.deepEqual([...seen], ["m.gguf"]);
  assert.deepEqual(neighbour.registered(), [`m ${sha256(MODEL)}`]);
});
