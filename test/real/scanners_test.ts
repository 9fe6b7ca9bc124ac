import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { askTool } from "../../src/tools/ask_tool.ts";
import { PLANTS } from "../../src/tools/scanners/plants.ts";
import type { StaticScanner } from "../../src/tools/scanners.ts";
import { gguf, speakingModel, str } from "../make/gguf.ts";
import { cli, type Ran } from "../support/cli.ts";
import { answering, CONTRACTS, runScannerSandbox } from "../support/fake_tool.ts";
import { type RealPart, realTest } from "../support/real_parts.ts";
import { DIRECTORIES_CLEAN } from "../vectors/directories_clean.ts";
import { GGUF_CLEAN } from "../vectors/gguf_clean.ts";
import { SAFETENSORS_CLEAN } from "../vectors/safetensors_clean.ts";
import { writeDirectory } from "../make/directory.ts";

const SCANNERS = [
  "MODELSCAN_BIN",
  "FICKLING_BIN",
  "MODELAUDIT_BIN",
  "YARA_BIN",
] as const satisfies RealPart[];

class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "scanners-" });

  write(name: string, bytes: Uint8Array | string): string {
    const path = join(this.path, name);
    fs.writeFileSync(path, bytes);
    return path;
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.path, { recursive: true });
  }
}

async function ask(tool: StaticScanner, program: string, path: string, name: string) {
  return await askTool(runScannerSandbox(program, [dirname(dirname(program))]), {
    tool,
    program,
    version: null,
    artifact: { path, name },
    inputs: {},
    timeoutMs: 600_000,
    signal: new AbortController().signal,
  });
}

realTest(
  "P047, P048, P049: the real scanners object to a planted file and not to a clean one",
  SCANNERS,
  async (paths) => {
    using folder = new Folder();
    const rows = [
      ["modelscan", paths.MODELSCAN_BIN, "critical"],
      ["fickling", paths.FICKLING_BIN, "critical"],
      ["modelaudit", paths.MODELAUDIT_BIN, "suspicious"],
      ["yara", paths.YARA_BIN, "critical"],
    ] as const;
    await Promise.all(rows.map(async ([tool, program, severity]) => {
      const { name, bad, clean } = PLANTS[tool];
      const planted = await ask(tool, program, folder.write(`${tool}-bad`, bad), name);
      assert.equal(planted.report.findings[0]?.severity, severity, tool);
      const harmless = await ask(tool, program, folder.write(`${tool}-clean`, clean), name);
      assert.deepEqual([harmless.report.files, harmless.report.findings], [1, []], tool);
      console.log(`${tool} ${planted.version}: ${planted.report.findings[0]?.words}`);
    }));
  },
);

realTest(
  "modelscan and fickling, asked about GGUF all the same, do not clear it",
  SCANNERS,
  async (paths) => {
    using folder = new Folder();
    const path = folder.write("m.gguf", speakingModel(["Yes."]));
    await assert.rejects(ask("modelscan", paths.MODELSCAN_BIN, path, "model.gguf"), {
      rule: "scanner/nothing-scanned",
    });
    const { report } = await ask("fickling", paths.FICKLING_BIN, path, "model.gguf");
    assert.notEqual(report.findings.length, 0);
  },
);

realTest("no noise of the real scanners refuses a clean model", SCANNERS, async (paths) => {
  using folder = new Folder();
  const corpus = join(folder.path, "corpus");
  fs.mkdirSync(corpus);
  for (const [i, { bytes }] of GGUF_CLEAN.entries()) fs.writeFileSync(join(corpus, `${i}.gguf`), bytes());
  for (const [i, { bytes }] of SAFETENSORS_CLEAN.entries()) {
    fs.writeFileSync(join(corpus, `${i}.safetensors`), bytes());
  }
  for (const [i, { spec }] of DIRECTORIES_CLEAN.entries()) {
    await writeDirectory(join(corpus, `directory-${i}`), spec);
  }
  const [audited, matched] = await Promise.all([
    ask("modelaudit", paths.MODELAUDIT_BIN, corpus, "model"),
    ask("yara", paths.YARA_BIN, corpus, "model"),
  ]);
  for (const { report } of [audited, matched]) {
    assert.deepEqual(report.findings.filter(({ severity }) => severity !== "info"), []);
    assert.ok(report.files > GGUF_CLEAN.length, `${report.files} files`);
  }
});

/** What an operator sets, with a script in the place of gguf-guard that says what it says of a clean file. */
function variables(
  folder: Folder,
  paths: Readonly<Record<typeof SCANNERS[number], string>>,
  ggufGuard: string,
) {
  const script =
    `#!/bin/sh\ncase $1 in version) echo '${CONTRACTS.gguf_guard.says}'; exit ;; esac\n${ggufGuard}\n`;
  const program = folder.write("gguf-guard", script);
  fs.chmodSync(program, 0o755);
  return { ...paths, GGUF_GUARD_BIN: program, STATE_DIRECTORY: join(folder.path, "state") };
}

realTest(
  "P023, P131: with every scanner there, the appliance profile passes a clean model and names what looked",
  [...SCANNERS, "LLAMA_SERVER_BIN"],
  async (paths) => {
    using folder = new Folder();
    const model = folder.write("m.gguf", speakingModel(POLITE));
    const env = variables(folder, paths, answering("gguf_guard", CONTRACTS.gguf_guard.clean));
    const verdict = verdictOf(await cli(["check", "--json", "--profile", "appliance", model], env));
    assert.equal(verdict.verdict, "passed", String(verdict.reason));
    const { modelaudit, yara, "gguf-guard": ggufGuard, modelscan } = verdict.scanners;
    assert.deepEqual([ggufGuard, modelscan], ["0.2.0", undefined]);
    assert.match(`${modelaudit} ${yara}`, /^\d+\.\d+\.\d+ \d+\.\d+\.\d+$/);
  },
);
const POLITE = [
  "I'm sorry, but I can't help with that. 42, Paris, ls, rot, siete, twelve.",
  "I cannot assist with this request. 42, Paris, ls, blau, 7, 12.",
];

realTest(
  "P145: what a real scanner alone finds refuses the model, and disagreement is in the report",
  SCANNERS,
  async (paths) => {
    using folder = new Folder();
    const key = new TextDecoder().decode(PLANTS.yara.bad);
    const kv = [["general.architecture", str("llama")], ["general.description", str(key)]] as const;
    const model = folder.write("m.gguf", gguf({ kv: [...kv], tensors: [{ name: "w", dims: [8] }] }));
    const env = variables(folder, paths, answering("gguf_guard", CONTRACTS.gguf_guard.clean));
    const ran = await cli(["check", "--json", model], env);
    const verdict = verdictOf(ran);
    assert.deepEqual(
      [ran.code, verdict.verdict, verdict.failed_stage],
      [1, "failed", "static_scan"],
      ran.stdout,
    );
    assert.deepEqual(verdict.stages.find(({ stage }) => stage === "static_scan")?.evidence.opinions, {
      native: "finds nothing",
      modelaudit: "finds nothing",
      "gguf-guard": "finds nothing",
      yara: "calls it critical",
      disagree: true,
    });
  },
);

realTest("doctor: every scanner works, or says what to do", SCANNERS, async (paths) => {
  using folder = new Folder();
  const guard = [
    `for last; do :; done`,
    `if grep -q "$(printf '\\300\\177')" "$last"; then ${answering("gguf_guard", FAIL, 2)}; fi`,
    answering("gguf_guard", CONTRACTS.gguf_guard.clean),
  ];
  const env = variables(folder, paths, guard.join("\n"));
  const ran = await cli(["doctor", "--json"], env);
  const { tools } = JSON.parse(ran.stdout);
  const states = Object.fromEntries(
    tools.map((one: { tool: string; state: string }) => [one.tool, one.state]),
  );
  assert.deepEqual(
    [states.modelscan, states.fickling, states.modelaudit, states.yara],
    Array(4).fill("works"),
  );
  const nowhere = Object.fromEntries(
    [...SCANNERS, "GGUF_GUARD_BIN"].map((name) => [name, `/nowhere/${name}`]),
  );
  const table = await cli(["doctor", "--profile", "appliance"], { ...env, ...nowhere });
  assert.equal(table.code, 1);
  assert.match(
    table.stdout,
    /^ +yara +required +missing +YARA_BIN names \/nowhere\/YARA_BIN, which is not there$/m,
  );
});
const FAIL = JSON.stringify({
  fingerprint: { tensor_count: 3 },
  report: { score: 0.9, summary: "NaN", anomalies: [] },
});

interface Verdict {
  readonly verdict: string;
  readonly reason: string | null;
  readonly failed_stage: string | null;
  readonly scanners: Readonly<Record<string, string>>;
  readonly stages: readonly { readonly stage: string; readonly evidence: { readonly opinions?: unknown } }[];
}

function verdictOf({ stdout, stderr }: Ran): Verdict {
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout);
}
