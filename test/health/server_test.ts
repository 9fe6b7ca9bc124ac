import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { anchorPath } from "../../src/admission/mod.ts";
import { readStatus, statusPath } from "../../src/health/status.ts";
import { SILENT_AFTER_MS } from "../../src/health/snapshot.ts";
import { StartupError } from "../../src/model/mod.ts";
import { type RunningHealth, startHealth } from "../../src/roles/health.ts";
import { StatusPublisher } from "../../src/roles/status_publisher.ts";
import { watch } from "../../src/roles/watch.ts";
import { tinyLlama } from "../make/gguf.ts";
import { Lab, type LineSetup } from "../support/lab.ts";
import { LabRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const PICKLE = new Uint8Array([0x80, 2, 0x5d, 0x71, 0, 0x2e]);

/** The health server over a lab's state, on a free port. */
class Health implements AsyncDisposable {
  readonly #running: RunningHealth;
  clock: () => Date = () => new Date();

  constructor(lab: Lab) {
    const sources = {
      stateDir: lab.places.state,
      auditLog: lab.auditLog,
      anchorPath: anchorPath(lab.places.state),
      now: () => this.clock(),
    };
    this.#running = startHealth(sources, 0);
  }

  get port(): number {
    return this.#running.port;
  }

  async ask(path: string, init?: RequestInit) {
    const reply = await fetch(`http://127.0.0.1:${this.port}${path}`, init);
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  }

  // deno-lint-ignore no-explicit-any -- tests name every field
  async json(path: string): Promise<any> {
    return JSON.parse((await this.ask(path)).text);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running.stop();
  }
}

/** `watch --once` with its status published. */
async function watchOnce(lab: Lab, setup: Partial<LineSetup> = {}): Promise<void> {
  await using registry = new LabRegistry(lab);
  const { line, close } = await lab.open({ registry: registry.client, ...setup });
  try {
    using status = new StatusPublisher(line, "0.1.0");
    const signal = setup.signal ?? new AbortController().signal;
    for await (const _ended of watch(status.line, { until: "once", contained: lab.root, signal })) {
      status.ended();
    }
    status.finished();
  } finally {
    await close();
  }
}

Deno.test("P178: a passed and a refused model show in status, metrics and on the page", async () => {
  using lab = Lab.make();
  lab.drop("good.gguf", MODEL);
  lab.drop("bad.gguf", PICKLE);
  await watchOnce(lab);
  await using health = new Health(lab);
  const status = await health.json("/v1/status");
  assert.deepEqual(
    [status.schema, status.ready, status.reasons, status.coordinator.state, status.current],
    [1, true, [], "stopped", null],
  );
  // deno-lint-ignore no-explicit-any -- as above
  assert.deepEqual(status.verdicts.map((one: any) => [one.name, one.verdict, one.rule]), [
    ["good.gguf", "passed", ""],
    ["bad.gguf", "rejected", "disguise/denied-format"],
  ]);
  assert.equal(status.audit.entries, lab.entries().length);
  assert.equal(status.policy.sha256, lab.configuration().policy.sha256);
  const { text: metrics } = await health.ask("/metrics");
  for (
    const sample of [
      `verdicts_total{verdict="passed"} 1`,
      `verdicts_total{verdict="rejected"} 1`,
      "claims_total 2",
      "refusals_total 1",
      "refusals_audited_total 1",
      "pipeline_duration_seconds_count 2",
      `stage_outcomes_total{stage="format_gate",outcome="FAIL"} 1`,
      `stage_outcomes_total{stage="diffusion_deep_scan",outcome="SKIP"} 1`,
      `stage_duration_seconds_count{stage="format_gate"} 2`,
    ]
  ) assert.ok(metrics.includes(`\nai_quarantine_${sample}\n`), sample);
  const { text: page } = await health.ask("/");
  for (const words of ["bad.gguf", "good.gguf", "disguise/denied-format", "Ready, at rest"]) {
    assert.ok(page.includes(words), words);
  }
});

Deno.test("a second run goes on counting where the first ended", async () => {
  using lab = Lab.make();
  for (const name of ["one.gguf", "two.gguf"]) {
    lab.drop(name, PICKLE);
    await watchOnce(lab);
  }
  const reading = readStatus(statusPath(lab.places.state));
  assert.ok(reading.kind === "status");
  const { totals, verdicts } = reading.status;
  assert.deepEqual([totals.claims, totals.refusals, totals.refusals_audited], [2, 2, 2]);
  assert.deepEqual(verdicts.map(({ name }) => name), ["two.gguf", "one.gguf"]);
});

Deno.test("a model that is being examined shows with its stage, its bytes and what waits behind it", async () => {
  using lab = Lab.make();
  lab.drop("big.gguf", MODEL);
  lab.drop("next.gguf", PICKLE);
  const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let first = true;
  const run = watchOnce(lab, {
    stages: (real) => {
      const [one, two, three, four, scan, ...rest] = real;
      const slow: typeof scan = {
        ...scan,
        async examine(artifact, context) {
          if (!first) return await scan.examine(artifact, context);
          first = false;
          context.progress(1000);
          reached.resolve();
          await go.promise;
          return await scan.examine(artifact, context);
        },
      };
      return [one, two, three, four, slow, ...rest];
    },
  });
  await reached.promise;
  await using health = new Health(lab);
  let status = await health.json("/v1/status");
  for (let i = 0; i < 40 && status.current?.bytes_done !== 1000; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    status = await health.json("/v1/status");
  }
  const { name, stage, bytes_done, size_bytes, stages } = status.current;
  assert.deepEqual([name, stage, bytes_done, size_bytes], ["big.gguf", "static_scan", 1000, MODEL.length]);
  assert.equal(stages.length, 4);
  assert.deepEqual(status.queue, { length: 1, names: ["next.gguf"] });
  assert.match((await health.ask("/")).text, /Examining big\.gguf/);
  assert.match(
    (await health.ask("/metrics")).text,
    /\nai_quarantine_stage_running\{stage="static_scan"\} 1\n/,
  );
  go.resolve();
  await run;
  assert.deepEqual((await waitFor(health, (one) => one.verdicts.length === 2)).queue.length, 0);
});

Deno.test("P178: what a stop parks is still there to be counted, and is decided by the next run", async () => {
  using lab = Lab.make();
  lab.drop("m.gguf", MODEL);
  const stop = new AbortController();
  await watchOnce(lab, {
    signal: stop.signal,
    stages: ([one, ...rest]) => [{
      ...one,
      examine(artifact, context) {
        stop.abort();
        return one.examine(artifact, context);
      },
    }, ...rest],
  });
  await using health = new Health(lab);
  const { open_claims, verdicts, totals, coordinator } = await health.json("/v1/status");
  assert.deepEqual([coordinator.state, open_claims, verdicts.length, totals.claims], ["stopped", 1, 0, 1]);
  await watchOnce(lab);
  const after = await waitFor(health, (status) => status.verdicts.length === 1);
  assert.deepEqual([after.open_claims, after.totals.claims, after.totals.verdicts.passed], [0, 1, 1]);
});

// deno-lint-ignore no-explicit-any -- as above
async function waitFor(health: Health, holds: (status: any) => boolean): Promise<any> {
  for (let i = 0;; i++) {
    const status = await health.json("/v1/status");
    if (holds(status)) return status;
    assert.ok(i < 40, JSON.stringify(status));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Fault {
  readonly what: string;
  readonly plant: (lab: Lab, health: Health) => void;
  readonly reason: RegExp;
}
const faults: readonly Fault[] = [
  {
    what: "a coordinator that never ran",
    plant: (lab) => fs.rmSync(statusPath(lab.places.state)),
    reason: /^The coordinator has not run yet\.$/,
  },
  {
    what: "a coordinator that was killed",
    plant: (lab, health) => {
      const path = statusPath(lab.places.state);
      const status = JSON.parse(fs.readFileSync(path, "utf8"));
      fs.writeFileSync(path, JSON.stringify({ ...status, state: "running" }));
      health.clock = () => new Date(Date.parse(status.alive_at) + SILENT_AFTER_MS + 1);
    },
    reason: /said nothing for 120 s/,
  },
  {
    what: "a coordinator that ended with an error",
    plant: (lab) => {
      const path = statusPath(lab.places.state);
      fs.writeFileSync(path, fs.readFileSync(path, "utf8").replace('"state":"stopped"', '"state":"failed"'));
    },
    reason: /ended with an error/,
  },
  {
    what: "a status of a newer version",
    plant: (lab) => fs.writeFileSync(statusPath(lab.places.state), '{"schema":2}'),
    reason: /newer version/,
  },
  {
    what: "a status that is cut off",
    plant: (lab) => fs.truncateSync(statusPath(lab.places.state), 100),
    reason: /not JSON/,
  },
  {
    what: "a status that is no status",
    plant: (lab) => fs.writeFileSync(statusPath(lab.places.state), "[]"),
    reason: /not one that this version writes/,
  },
  {
    what: "a status without end",
    plant: (lab) => fs.truncateSync(statusPath(lab.places.state), 10 * 1024 * 1024),
    reason: /larger than any/,
  },
  {
    what: "an audit log that lost its end",
    plant: (lab) => fs.truncateSync(lab.auditLog, fs.statSync(lab.auditLog).size - 300),
    reason: /cut in place/,
  },
  {
    what: "an audit log that is gone",
    plant: (lab) => fs.rmSync(lab.auditLog),
    reason: /missing/,
  },
];
for (const { what, plant, reason } of faults) {
  Deno.test(`readyz says no, and why, of ${what}; livez says yes`, async () => {
    using lab = Lab.make();
    lab.drop("m.gguf", PICKLE);
    await watchOnce(lab);
    await using health = new Health(lab);
    plant(lab, health);
    const { status, text } = await health.ask("/readyz");
    const { ready, reasons } = JSON.parse(text);
    assert.deepEqual([status, ready, reasons.length], [503, false, 1]);
    assert.match(reasons[0], reason);
    assert.deepEqual((await health.ask("/livez")).status, 200);
    const { status: shown, text: page } = await health.ask("/");
    assert.equal(shown, 200);
    assert.match(page, /Not ready/);
    assert.match((await health.ask("/metrics")).text, /^ai_quarantine_ready 0$/m);
  });
}

Deno.test("a coordinator that waits in silence for less than the limit is ready", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  const { line, close } = await lab.open({ registry: registry.client });
  {
    using _status = new StatusPublisher(line, "0.1.0");
    await using health = new Health(lab);
    const { alive_at } = (await health.json("/v1/status")).coordinator;
    health.clock = () => new Date(Date.parse(alive_at) + SILENT_AFTER_MS);
    await new Promise((resolve) => setTimeout(resolve, 250)); // Longer than a look is kept.
    assert.deepEqual(await health.json("/readyz"), { ready: true, reasons: [] });
  }
  await close();
});

Deno.test("names and reasons of a hostile model are text on the page and nothing else", async () => {
  using lab = Lab.make();
  const name = "<img src=x onerror=alert(1)>\u202egpj.gguf";
  lab.drop(name, PICKLE);
  await watchOnce(lab);
  await using health = new Health(lab);
  const { text, headers } = await health.ask("/");
  assert.ok(text.includes("&lt;img src=x onerror=alert(1)&gt;\\u{202e}gpj.gguf"));
  assert.ok(!text.includes("<img") && !text.includes("\u202e"));
  const policy = headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/);
  assert.doesNotMatch(text, /<script(?! src="\/status\.js")|<style|\sstyle=|\son[a-z]+=(?!alert)|https?:/);
  assert.equal((await health.json("/v1/status")).verdicts[0].name, name, "JSON has the name as it is");
});

Deno.test("what the page needs is served, and nothing can be changed", async () => {
  using lab = Lab.make();
  await using health = new Health(lab);
  const { text: page } = await health.ask("/");
  const needed = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = ""]) => path);
  assert.ok(needed.includes("/status.js") && needed.includes("/status.css"));
  for (const path of needed) assert.equal((await health.ask(path)).status, 200, path);
  for (const path of ["/", "/livez", "/readyz", "/metrics", "/v1/status", "/status.js"]) {
    for (const method of ["POST", "PUT", "DELETE"]) {
      assert.equal((await health.ask(path, { method })).status, 405, `${method} ${path}`);
    }
  }
  assert.equal((await health.ask("/../etc/passwd")).status, 404);
  assert.equal((await health.ask("/v1/models")).status, 404);
});

const hosts: [host: string, origin: string | null, status: number][] = [
  ["127.0.0.1:8472", null, 200],
  ["localhost:8472", null, 200],
  ["[::1]:8472", null, 200],
  ["rebound.example:8472", null, 403],
  ["127.0.0.1.example", null, 403],
  ["127.0.0.1:8472", "https://elsewhere.example", 403],
];
for (const [host, origin, expected] of hosts) {
  Deno.test(`a request for ${JSON.stringify(host)}${origin === null ? "" : ` from ${origin}`} gets ${expected}`, async () => {
    using lab = Lab.make();
    await using health = new Health(lab);
    assert.equal(await statusFor(health.port, { host, ...(origin === null ? {} : { origin }) }), expected);
  });
}

function statusFor(port: number, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    http.get({ host: "127.0.0.1", port, path: "/v1/status", headers, agent: false }, (reply) => {
      reply.resume().on("end", () => resolve(reply.statusCode));
    }).on("error", reject);
  });
}

Deno.test("many callers at once are answered from one look", async () => {
  using lab = Lab.make();
  await using health = new Health(lab);
  const seen = await Promise.all(Array.from({ length: 50 }, () => health.json("/v1/status")));
  assert.ok(new Set(seen.map(({ at }) => at)).size < 10);
});

Deno.test("a taken port is a start-up error", async () => {
  using lab = Lab.make();
  await using health = new Health(lab);
  const sources = {
    stateDir: lab.places.state,
    auditLog: lab.auditLog,
    anchorPath: join(lab.root, "none"),
    now: () => new Date(),
  };
  assert.throws(
    () => startHealth(sources, health.port),
    (error) => error instanceof StartupError && error.code === "health/address",
  );
});

Deno.test("a coordinator whose audit log cannot be written says that it ended with an error", async () => {
  using lab = Lab.make();
  lab.drop("m.gguf", PICKLE);
  let full = false;
  const step = (name: string) => {
    if (name === "claim:audited") full = true;
    if (full && name.startsWith("audit:")) throw new Error("no space left");
  };
  await assert.rejects(watchOnce(lab, { step }), /Cannot audit/);
  const reading = readStatus(statusPath(lab.places.state));
  assert.ok(reading.kind === "status");
  assert.deepEqual([reading.status.state, reading.status.totals.refusals_audited], ["failed", 0]);
});

Deno.test("a status that cannot be written stops nothing", async () => {
  using lab = Lab.make();
  fs.mkdirSync(`${statusPath(lab.places.state)}.tmp`); // Nothing can be written under that name.
  lab.drop("m.gguf", PICKLE);
  await watchOnce(lab);
  assert.equal(lab.events("rejected").length, 1);
  assert.deepEqual(readStatus(statusPath(lab.places.state)), { kind: "absent" });
});
