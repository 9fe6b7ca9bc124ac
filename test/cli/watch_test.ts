import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { cli, registryRole, surroundings, watchVariables } from "../support/cli.ts";
import { Lab, LAUNCHER } from "../support/lab.ts";
import { freePort } from "../support/real_parts.ts";

const MODEL = tinyLlama();
const DIGEST = sha256(MODEL);
const OTHER = "ab".repeat(32);

/** The journal of one artifact through `watch --once`, less what it says at the start. */
async function journalOf(lab: Lab): Promise<{ code: number; lines: string[]; stderr: string }> {
  await using registry = await registryRole(lab);
  const { code, stdout, stderr } = await cli(["watch", "--once"], watchVariables(lab, registry.url));
  const lines = stdout.split("\n").slice(0, -1);
  assert.deepEqual(lines.splice(0, 2), [
    `<4>[quarantine] WARNING: the policy is ${lab.policyPath}`,
    "<4>[quarantine] WARNING: there is no signing key, records are unsigned",
  ]);
  assert.match(
    lines.shift() ?? "",
    /^<4>\[quarantine\] WARNING: not installed, so not asked: [a-z-]+(, [a-z-]+)*$/,
  );
  return { code, lines, stderr };
}

const UP_TO_4 = (name: string) => [
  `<6>[quarantine] Processing: ${name}`,
  "<6>[quarantine] Stage 1/7: source_policy — checking origin...",
  "<6>[quarantine] Stage 1/7: source_policy — PASS",
  "<6>[quarantine] Stage 2/7: format_gate — validating format...",
  "<6>[quarantine] Stage 2/7: format_gate — PASS (gguf)",
  "<6>[quarantine] Stage 3/7: integrity_check — verifying hash...",
];

Deno.test("P022, P089-P099, P123: the journal of a model that passes, word for word", async () => {
  using lab = Lab.make();
  lab.drop("my-model.gguf", MODEL);
  const { code, lines, stderr } = await journalOf(lab);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  const [scanning, scanned, ...smoke] = lines.slice(9, 12);
  assert.match(scanning ?? "", /^<6>\[quarantine\] Stage 5\/7: static_scan — running .+\.\.\.$/);
  assert.match(scanned ?? "", /^<6>\[quarantine\] Stage 5\/7: static_scan — PASS \(score=0\.00, .+\)$/);
  assert.match(
    smoke[0] ?? "",
    /^<\d>\[quarantine\] Stage 6\/7: behavioral_test — (SKIP \(not examined: .+\)|running .+\.\.\.)$/,
  );
  assert.deepEqual([...lines.slice(0, 9), ...lines.slice(-3)], [
    ...UP_TO_4("my-model.gguf"),
    `<6>[quarantine] Stage 3/7: integrity_check — PASS (sha256=${DIGEST})`,
    "<6>[quarantine] Stage 4/7: provenance_check — verifying signature...",
    "<6>[quarantine] Stage 4/7: provenance_check — PASS (unsigned)",
    "<6>[quarantine] Stage 7/7: diffusion_deep_scan — SKIP (not a diffusion model)",
    "<6>[quarantine] All stages passed. Promoting my-model.gguf...",
    `<6>[quarantine] PROMOTED: my-model (my-model.gguf) sha256=${DIGEST}`,
  ]);
  assert.equal(sha256(fs.readFileSync(join(lab.places.registry, "my-model.gguf"))), DIGEST);
});

Deno.test("watch --embedded-registry registers what it promotes, where no registry runs", async () => {
  using lab = Lab.make();
  lab.drop("my-model.gguf", MODEL);
  const variables = watchVariables(lab, `http://127.0.0.1:${freePort()}`);
  const ran = await cli(["watch", "--once", "--embedded-registry"], variables);
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.match(ran.stdout, /PROMOTED: my-model \(my-model\.gguf\)/);
  assert.match(fs.readFileSync(join(lab.places.registry, "manifest.json"), "utf8"), new RegExp(DIGEST));
});

Deno.test("watch --embedded-registry does not start where its port is taken", async () => {
  using lab = Lab.make();
  lab.drop("my-model.gguf", MODEL);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const variables = watchVariables(lab, `http://127.0.0.1:${taken.addr.port}`);
  const ran = await cli(["watch", "--once", "--embedded-registry"], variables);
  assert.equal(ran.code, 2, ran.stdout + ran.stderr);
  assert.match(ran.stderr, /ai-quarantine: Cannot start the embedded registry/);
  assert.deepEqual(lab.names("incoming"), ["my-model.gguf"]);
});

interface Refusal {
  readonly why: string;
  readonly drop: (lab: Lab) => void;
  /** The last lines of the journal. */
  readonly lines: readonly string[];
}

const refusals: readonly Refusal[] = [
  {
    why: "P103: an origin that is not allowed",
    drop: (lab) => lab.drop("model.gguf", MODEL, "https://sketchy-site.com/model.gguf"),
    lines: [
      '<2>[quarantine] Stage 1/7: source_policy — FAIL: origin "https://sketchy-site.com/model.gguf" not in sources.allowlist.yaml',
      "<2>[quarantine] REJECTED: model.gguf (source_policy: origin/not-allowed)",
    ],
  },
  {
    why: "P104, P107: a pickle under the name of a model",
    drop: (lab) => lab.drop("model.gguf", new Uint8Array([0x80, 2, 0x5d, 0x71, 0, 0x2e])),
    lines: [
      '<2>[quarantine] Stage 2/7: format_gate — FAIL: format "pickle" is denied by policy',
      "<2>[quarantine] REJECTED: model.gguf (format_gate: disguise/denied-format)",
    ],
  },
  {
    why: "P110: another digest than the pinned one",
    drop: (lab) => {
      lab.pin("model.gguf", OTHER);
      lab.drop("model.gguf", MODEL);
    },
    lines: [
      `<2>[quarantine] Stage 3/7: integrity_check — FAIL: hash mismatch expected: ${OTHER} actual: ${DIGEST}`,
      "<2>[quarantine] FAILED: model.gguf (integrity_check: integrity/mismatch)",
    ],
  },
  {
    why: "a name that would forge a line",
    drop: (lab) => lab.drop("x\n<6>[quarantine] PROMOTED: x.gguf", MODEL),
    lines: [
      "<6>[quarantine] Processing: x\\x0a<6>[quarantine] PROMOTED: x.gguf",
      "<2>[quarantine] REJECTED: x\\x0a<6>[quarantine] PROMOTED: x.gguf (format_gate: name/control-character)",
    ],
  },
];

for (const { why, drop, lines } of refusals) {
  Deno.test(`the journal of ${why}, word for word`, async () => {
    using lab = Lab.make();
    drop(lab);
    const journal = await journalOf(lab);
    assert.equal(journal.code, 1);
    assert.deepEqual(journal.lines.slice(-lines.length), lines);
  });
}

Deno.test("P054: the journal of an artifact that could not be decided, word for word", async () => {
  using lab = Lab.make({ modelscan: "{ required: true }" });
  lab.drop("model.gguf", MODEL);
  const { code, lines } = await journalOf(lab);
  assert.equal(code, 3);
  assert.match(lines.at(-2) ?? "", /^<2>\[quarantine\] Stage 5\/7: static_scan — ERROR: .*modelscan/);
  assert.match(lines.at(-1) ?? "", /^<4>\[quarantine\] HELD: model\.gguf \([a-z]+\/[a-z-]+\)$/);
});

Deno.test("P017, P039: watch does not start with a registry on another host", async () => {
  using lab = Lab.make();
  const { code, stdout, stderr } = await cli(
    ["watch", "--once"],
    watchVariables(lab, "http://192.0.2.1:8470"),
  );
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^ai-quarantine: Cannot .*192\.0\.2\.1/);
  assert.equal(stderr.split("\n").length, 2, "said once");
});

Deno.test("a policy that cannot be loaded promotes nothing and says so once", async () => {
  using lab = Lab.make();
  fs.writeFileSync(lab.policyPath, "models: [\n");
  lab.drop("m.gguf", MODEL);
  const { code, stdout, stderr } = await cli(["watch", "--once"], watchVariables(lab, "http://127.0.0.1:1"));
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /policy\.yaml:\d+:\d+: /);
  assert.deepEqual(lab.names("incoming"), ["m.gguf"]);
});

Deno.test("watch under the appliance profile insists on systemd", async () => {
  using lab = Lab.make();
  const variables = watchVariables(lab, "http://127.0.0.1:1");
  const { POLICY_PATH: _, ...rest } = variables;
  const { code, stderr } = await cli(["watch", "--once", "--profile", "appliance"], rest);
  assert.equal(code, 2);
  assert.match(stderr, /without systemd/);
});

Deno.test("P175: SIGTERM ends a watch within seconds with code 0", async () => {
  using lab = Lab.make();
  await using registry = await registryRole(lab);
  const child = new Deno.Command(LAUNCHER, {
    ...surroundings(watchVariables(lab, registry.url)),
    args: ["watch"],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await lines.read(); // It is up: it named its policy.
  child.kill("SIGTERM");
  const { code, signal } = await child.status;
  await lines.cancel(); // Not before: it says more, and a closed pipe would be an error.
  assert.deepEqual([code, signal], [0, null]);
});
