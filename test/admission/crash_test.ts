import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tinyLlama } from "../make/gguf.ts";
import { clientOf, sha256 } from "../registry/fixture.ts";
import { Lab } from "../support/lab.ts";
import { takeEverything } from "../support/once.ts";
import { LabRegistry, unreachableUrl } from "../support/registries.ts";

const WORKER = fileURLToPath(new URL("crash_worker.ts", import.meta.url));
const MODEL = tinyLlama();
const AT_ONCE = 3;

/** What one dropped artifact must come to, whenever the coordinator is killed. */
interface Scenario {
  readonly why: string;
  readonly policy?: Readonly<Record<string, string>>;
  readonly prepare: (lab: Lab) => void;
  readonly registry: "up" | "down";
  readonly event: "promoted" | "rejected" | "held";
  /** Where its bytes must be at the end, if anywhere. */
  readonly bytes: "registry" | "rejected" | "held" | null;
  /** Which of the steps are points to be killed at. */
  readonly points: (step: string) => boolean;
}

const BROKEN = MODEL.slice(0, -40_000);
const REMOTE = "https://huggingface.co/org/repo/resolve/main/m.gguf";
const isOwn = (step: string) => !step.startsWith("audit:");

const scenarios: readonly Scenario[] = [
  {
    why: "a remote model that is promoted",
    prepare: (lab) => {
      lab.pin("m.gguf", sha256(MODEL));
      lab.drop("m.gguf", MODEL, REMOTE);
    },
    registry: "up",
    event: "promoted",
    bytes: "registry",
    points: isOwn,
  },
  {
    why: "a local model that is promoted, in the audit log's own steps",
    prepare: (lab) => lab.drop("m.gguf", MODEL),
    registry: "up",
    event: "promoted",
    bytes: "registry",
    points: (step) => step === "audit:append:sync",
  },
  {
    why: "a broken model whose bytes are kept",
    prepare: (lab) => lab.drop("m.gguf", BROKEN, REMOTE),
    registry: "up",
    event: "rejected",
    bytes: "rejected",
    points: isOwn,
  },
  {
    why: "a broken model whose bytes are deleted",
    policy: { retain_raw_artifacts: "false" },
    prepare: (lab) => lab.drop("m.gguf", BROKEN),
    registry: "up",
    event: "rejected",
    bytes: null,
    points: (step) => step.startsWith("refuse:"),
  },
  {
    why: "a model with no registry to go to",
    prepare: (lab) => lab.drop("m.gguf", MODEL),
    registry: "down",
    event: "held",
    bytes: "held",
    points: (step) => step.startsWith("promote:") || step.startsWith("refuse:"),
  },
];

for (const scenario of scenarios) {
  Deno.test(`P175: killed at any step, ${scenario.why} ends as ${scenario.event}, once`, async () => {
    const steps = await stepsOf(scenario);
    const points = steps.flatMap((step, index) => scenario.points(step) ? [{ step, number: index + 1 }] : []);
    const rest = [...points];
    const killAll = async () => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
        await killAt(scenario, next.number, next.step);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, killAll));
    console.log(`${scenario.why}: ${points.length} points of ${steps.length} steps`);
    console.log(points.map(({ step, number }) => `${String(number).padStart(4)}  ${step}`).join("\n"));
  });
}

/** Every step of an admission that nobody kills. */
async function stepsOf(scenario: Scenario): Promise<string[]> {
  using lab = Lab.make(scenario.policy);
  scenario.prepare(lab);
  await using registry = new LabRegistry(lab);
  const steps: string[] = [];
  const url = scenario.registry === "up" ? registry.url : unreachableUrl();
  await takeEverything(lab, { registry: clientOf(url), step: (step) => steps.push(step) });
  return steps;
}

/** Kills the coordinator at one step, starts it again, and looks at everything it left. */
async function killAt(scenario: Scenario, number: number, step: string): Promise<void> {
  using lab = Lab.make(scenario.policy);
  scenario.prepare(lab);
  await using registry = new LabRegistry(lab);
  const url = scenario.registry === "up" ? registry.url : unreachableUrl();
  const where = `killed at ${number} ${step}`;
  const { signal, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", ...PERMISSIONS, WORKER, lab.root, url, String(number)],
    stdin: "null",
  }).output();
  assert.equal(signal, "SIGKILL", `${where}: ${new TextDecoder().decode(stderr)}`);
  await takeEverything(lab, { registry: clientOf(url) });
  await checkEnd(lab, scenario, registry, where);
  await takeEverything(lab, { registry: clientOf(url) }); // One more start finds nothing to do.
  await checkEnd(lab, scenario, registry, where);
}

const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-run",
  "--allow-net=127.0.0.1",
  "--allow-sys",
];

async function checkEnd(lab: Lab, scenario: Scenario, registry: LabRegistry, where: string): Promise<void> {
  assert.deepEqual(lab.names("scanning"), [], where);
  assert.deepEqual(lab.names("incoming"), [], where);
  const audit = await lab.verifyAudit();
  assert.ok(audit.valid, `${where}: ${JSON.stringify(audit)}`);
  const ends = lab.entries().filter(({ event }) => ["promoted", "rejected", "held"].includes(event));
  assert.deepEqual(ends.map(({ event }) => event), [scenario.event], where);
  const listed = await registry.models();
  assert.deepEqual(listed, scenario.event === "promoted" ? { m: sha256(MODEL) } : {}, where);
  const digest = sha256(scenario.event === "rejected" ? BROKEN : MODEL);
  const places = (["registry", "rejected", "held"] as const).filter((place) =>
    lab.names(place).some((name) => /^m.*\.gguf$/.test(name))
  );
  assert.deepEqual(places, scenario.bytes === null ? [] : [scenario.bytes], where);
  if (scenario.bytes !== null) {
    assert.equal(sha256(fs.readFileSync(join(lab.places[scenario.bytes], "m.gguf"))), digest, where);
  }
  const leftovers = (["registry", "rejected", "held"] as const).flatMap((place) =>
    lab.names(place).filter((name) => name.startsWith(".aiq-"))
  );
  assert.deepEqual(leftovers, [], where);
  const reports = [...lab.names("rejected"), ...lab.names("held")].filter((name) =>
    name.endsWith(".report.json")
  );
  assert.equal(reports.length, scenario.event === "promoted" ? 0 : 1, where);
}
