import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { processSandbox } from "../../src/tools/process_sandbox.ts";
import { type Job, MAX_LINE_BYTES, PROTOCOL_VERSION } from "../../src/tools/protocol.ts";
import { type Listening, type OpenSandbox, runJob } from "../../src/tools/worker.ts";
import { type Artifact, UndecidedError } from "../../src/model/mod.ts";
import { examineAtOnce } from "../../src/roles/delegate.ts";
import { EarlySandbox } from "../../src/roles/early_examiner.ts";
import { policyFromObject } from "../../src/policy/load.ts";

const POLICY = policyFromObject({ profile: "standalone" }, { now: () => new Date() });
const DEADLINE_MS = 700;

/** A worker planted in place of the examiner: a shell script that gets the job on stdin. */
class Planted implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "worker-" });

  constructor(script: string) {
    fs.writeFileSync(join(this.root, "worker"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    fs.writeFileSync(join(this.root, "artifact"), "bytes");
  }

  job(files = 0): Job {
    const sha256 = "ab".repeat(32) as never;
    return {
      v: PROTOCOL_VERSION,
      stage: "static_scan",
      artifact: {
        name: "m.gguf",
        path: join(this.root, "artifact"),
        shape: "file",
        format: "gguf",
        sizeBytes: 5,
        origin: { kind: "local" },
        digest: {
          sha256,
          sizeBytes: 5,
          files: Array.from({ length: files }, (_, i) => ({ path: `shard-${i}`, sha256, sizeBytes: 1 })),
        },
      },
      behaviour: null,
      provenance: null,
      policy: POLICY,
    };
  }

  artifact(): Artifact {
    const { digest: _, ...claimed } = this.job().artifact;
    return { ...claimed, digest: new Promise(() => {}), digestFrom: "scan" };
  }

  open(): OpenSandbox {
    return processSandbox({
      role: "examine",
      launcher: join(this.root, "worker"),
      bwrap: null,
      programRoots: [],
      cache: null,
      environment: { PATH: "/usr/bin:/bin" },
    });
  }

  async run(more: Partial<Listening> = {}, job = this.job()) {
    return await runJob(this.open(), job, {
      policy: POLICY,
      deadlineMs: DEADLINE_MS,
      signal: new AbortController().signal,
      progress: () => {},
      ...more,
    });
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.root, { recursive: true });
  }
}

const HELLO = `echo '{"t":"hello","v":1}'`;
const says = (t: string, kind: string, findings: unknown[] = []) =>
  `echo '${JSON.stringify({ t, kind, summary: "s", evidence: {}, findings })}'`;
const done = (kind: string, findings: unknown[] = []) => says("done", kind, findings);
const CRITICAL = { rule: "gguf/magic", severity: "critical", message: "no GGUF" };
const READ_JOB = "read job";

const faults: readonly (readonly [why: string, script: string, rule: string])[] = [
  ["says nothing and ends", READ_JOB, "worker/start"],
  ["ends before it takes its job", "exit 0", "worker/start"],
  ["exits 3", `${READ_JOB}; exit 3`, "worker/start"],
  ["greets and exits 3", `${HELLO}; ${READ_JOB}; exit 3`, "worker/died"],
  ["dies by a signal", `${HELLO}; ${READ_JOB}; kill -SEGV $$`, "worker/died"],
  ["hangs", `${HELLO}; exec sleep 60`, "worker/deadline"],
  ["hangs without a greeting", "exec sleep 60", "worker/deadline"],
  ["loops", `${HELLO}; while :; do :; done`, "worker/deadline"],
  ["ignores SIGTERM", `trap '' TERM; ${HELLO}; while :; do sleep 0.1; done`, "worker/deadline"],
  ["leaves a child behind that keeps its output open", `${HELLO}; sleep 5 & exit 0`, "worker/deadline"],
  ["floods a line", `${HELLO}; head -c 3000000 /dev/zero | tr '\\0' x`, "worker/flood"],
  ["floods before it takes its job", `head -c 3000000 /dev/zero | tr '\\0' x`, "worker/flood"],
  [
    "floods in all",
    `${HELLO}; l=$(head -c 900000 /dev/zero | tr '\\0' x); while :; do echo '{"t":"tensor","record":"'$l'"}'; done`,
    "worker/flood",
  ],
  ["prints garbage", `${HELLO}; echo garbage`, "worker/protocol"],
  ["prints bytes that are not UTF-8", `${HELLO}; printf '\\377\\n'`, "worker/protocol"],
  ["prints JSON that is no answer", `${HELLO}; echo '{"t":"passed"}'`, "worker/protocol"],
  ["adds a field", `${HELLO}; echo '{"t":"hello","v":1,"x":1}'`, "worker/protocol"],
  ["speaks another version", `echo '{"t":"hello","v":2}'`, "worker/protocol"],
  ["answers before it greets", done("cleared"), "worker/protocol"],
  ["clears with a critical finding", `${HELLO}; ${done("cleared", [CRITICAL])}`, "worker/protocol"],
  ["refuses without a finding", `${HELLO}; ${done("refused")}`, "worker/protocol"],
  [
    "names a rule that is none",
    `${HELLO}; ${done("refused", [{ ...CRITICAL, rule: "toString" }])}`,
    "worker/protocol",
  ],
  [
    "says why it could not decide",
    `${HELLO}; echo '{"t":"error","rule":"line/crashed","message":"m"}'`,
    "line/crashed",
  ],
  [
    "claims another's reason",
    `${HELLO}; echo '{"t":"error","rule":"registry/refused","message":"m"}'`,
    "worker/died",
  ],
];

for (const [why, script, rule] of faults) {
  Deno.test(`runJob() of a worker that ${why} ends with ${rule}`, async () => {
    using worker = new Planted(script);
    const deadlineMs = rule === "worker/deadline" ? DEADLINE_MS : 10 * DEADLINE_MS;
    const started = performance.now();
    await assert.rejects(worker.run({ deadlineMs }), (error) => {
      assert.ok(error instanceof UndecidedError, String(error));
      assert.equal(error.rule, rule, error.message);
      return true;
    });
    const tookMs = performance.now() - started;
    assert.ok(tookMs < DEADLINE_MS + 2000, `${tookMs} ms`);
  });
}

Deno.test("runJob() believes a whole answer, and tells progress", async () => {
  using worker = new Planted(
    `${READ_JOB}; ${HELLO}; echo '{"t":"progress","bytes":5}'; ${done("refused", [CRITICAL])}`,
  );
  const progress: number[] = [];
  const judgement = await worker.run({ progress: (bytes) => progress.push(bytes) });
  assert.deepEqual([judgement.kind, progress], ["refused", [5]]);
});

const gates: readonly (readonly [gate: string, findings: unknown[], then: string, heard: string[]])[] = [
  ["cleared", [], done("refused", [CRITICAL]), ["cleared", "refused"]],
  ["refused", [CRITICAL], "exec sleep 60", ["refused", "refused"]],
];
for (const [gate, findings, then, heard] of gates) {
  Deno.test(`runJob() hands over that the gate ${gate}${gate === "refused" ? ", and ends there" : ""}`, async () => {
    using worker = new Planted(`${HELLO}; ${says("gate", gate, findings)}; ${then}`);
    const said: string[] = [];
    const judgement = await worker.run({ deadlineMs: 5000, gate: ({ kind }) => void said.push(kind) });
    assert.deepEqual([...said, judgement.kind], heard);
  });
}

const silences: readonly (readonly [why: string, script: string, rule: string])[] = [
  ["answers without it", done("cleared"), "worker/protocol"],
  ["dies before it", "exit 3", "worker/died"],
  ["clears it with a critical finding", says("gate", "cleared", [CRITICAL]), "worker/protocol"],
];
for (const [why, script, rule] of silences) {
  Deno.test(`examineAtOnce() has no judgement of the gate when the examiner ${why}: ${rule}`, async () => {
    using worker = new Planted(`${HELLO}; ${script}`);
    const { gate, scan } = examineAtOnce(worker.open())(worker.artifact(), {
      policy: POLICY,
      now: () => new Date(),
      signal: new AbortController().signal,
      progress: () => {},
      record: () => {},
    });
    scan.catch(() => {});
    await assert.rejects(gate, { name: "UndecidedError", rule });
    await scan.catch(() => {});
  });
}

Deno.test("an early sandbox serves the first job for its artifact, and no other", async () => {
  using worker = new Planted(`${HELLO}; ${done("cleared")}`);
  const opened: string[] = [];
  const path = join(worker.root, "artifact");
  const early = new EarlySandbox(path, await worker.open()(worker.job(), new AbortController().signal));
  const open = early.before((job) => {
    opened.push(job.artifact.path);
    return worker.open()(job, new AbortController().signal);
  });
  const other = { ...worker.job(), artifact: { ...worker.job().artifact, path: `${path}.other` } };
  const listening = {
    policy: POLICY,
    deadlineMs: 5000,
    signal: new AbortController().signal,
    progress: () => {},
  };
  for (const job of [other, worker.job(), worker.job()]) await runJob(open, job, listening);
  assert.deepEqual(opened, [`${path}.other`, path]);
});

Deno.test("runJob() takes a line of exactly one MiB", async () => {
  const padding = MAX_LINE_BYTES - JSON.stringify({ t: "tensor", record: "" }).length;
  const line = `printf '{"t":"tensor","record":"'; head -c ${padding} /dev/zero | tr '\\0' x; echo '"}'`;
  using worker = new Planted(`${HELLO}; ${line}; ${done("cleared")}`);
  let size = 0;
  const judgement = await worker.run({ deadlineMs: 5000, tensor: (record) => size = String(record).length });
  assert.deepEqual([judgement.kind, size], ["cleared", padding]);
});

Deno.test("runJob() hands over a job larger than a pipe holds", async () => {
  using worker = new Planted(`${HELLO}; head -n 1 | wc -c >"$0.size"; ${done("cleared")}`);
  const job = worker.job(20_000);
  await worker.run({ deadlineMs: 5000 }, job);
  const size = Number(fs.readFileSync(join(worker.root, "worker.size"), "utf8"));
  assert.equal(size, JSON.stringify(job).length + 1);
});

Deno.test("runJob() ends at once when the program is asked to stop", async () => {
  using worker = new Planted(`${HELLO}; exec sleep 60`);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  const running = worker.run({ deadlineMs: 60_000, signal: stop.signal });
  await assert.rejects(running, { name: "UndecidedError", rule: "line/stopped" });
});

Deno.test("runJob() of a launcher that is not there ends with worker/start", async () => {
  using worker = new Planted("");
  fs.rmSync(join(worker.root, "worker"));
  await assert.rejects(worker.run(), { name: "UndecidedError", rule: "worker/start" });
});

Deno.test("a worker sees no variable but those it is given", async () => {
  using worker = new Planted(`env | cut -d= -f1 | sort >"$0.env"; ${HELLO}; ${done("cleared")}`);
  await worker.run({ deadlineMs: 5000 });
  const names = fs.readFileSync(join(worker.root, "worker.env"), "utf8").trim().split("\n");
  assert.deepEqual(names.filter((name) => !["PWD", "OLDPWD", "_", "SHLVL"].includes(name)), [
    "AI_QUARANTINE_ARTIFACT",
    "PATH",
  ]);
});
