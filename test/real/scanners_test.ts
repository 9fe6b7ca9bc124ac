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
  "P023, P034: with every scanner there, the appliance profile passes a clean model and names what looked",
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
  "P067, P078, P131, P145: what looked is in the record, the audit log and the report, and who disagreed",
  SCANNERS,
  async ({ MODELAUDIT_BIN, YARA_BIN }) => {
    using folder = new Folder();
    const key = new TextDecoder().decode(PLANTS.yara.bad);
    const withKey = [["general.architecture", str("llama")], ["general.description", str(key)]] as const;
    const bad = folder.write("bad.gguf", gguf({ kv: [...withKey], tensors: [{ name: "w", dims: [8] }] }));
    const clean = folder.write("clean.gguf", speakingModel(POLITE));
    const state = join(folder.path, "state");
    const ran = await cli(["admit", clean, bad], {
      MODELAUDIT_BIN,
      YARA_BIN,
      LLAMA_SERVER_BIN: "/nowhere/llama-server",
      STATE_DIRECTORY: state,
      AUDIT_LOG_PATH: join(folder.path, "audit.jsonl"),
    });
    assert.equal(ran.code, 1, ran.stderr);
    assert.match(ran.stderr, /static_scan — running native analysis \+ modelaudit \+ yara\.\.\.$/m);
    const record = readJson(join(state, "registry", "clean.gguf.provenance.json"));
    assert.deepEqual(Object.keys(record.scanners), ["ai-quarantine", "bubblewrap", "modelaudit", "yara"]);
    const log = fs.readFileSync(join(folder.path, "audit.jsonl"), "utf8").trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    for (const event of ["promoted", "rejected"]) {
      assert.deepEqual(
        log.find((entry) => entry.event === event).data.scanner_versions,
        record.scanners,
        event,
      );
    }
    const report = readJson(join(state, "rejected", "bad.gguf.report.json"));
    assert.equal(report.scan_details.yara_version, record.scanners.yara);
    assert.equal(report.scan_details.findings[0].type, "yara/match");
    assert.deepEqual(report.stages[4].evidence.opinions, {
      native: "finds nothing",
      modelaudit: "finds nothing",
      yara: "calls it critical",
      disagree: true,
    });
  },
);

// deno-lint-ignore no-explicit-any -- a document of our own, read as its readers do
const readJson = (path: string): any => JSON.parse(fs.readFileSync(path, "utf8"));

realTest(
  "P047, P048, P049: doctor proves each real scanner on a bad file and a clean one, and trusts no other",
  SCANNERS,
  async (paths) => {
    using folder = new Folder();
    const env = variables(folder, paths, answering("gguf_guard", CONTRACTS.gguf_guard.clean)); // Clears whatever it is asked.
    const ran = await cli(["doctor", "--json"], env);
    const tools: { readonly tool: string; readonly state: string; readonly advice: string | null }[] =
      JSON.parse(ran.stdout).tools;
    assert.deepEqual(tools.slice(2, 7).map(({ tool, state, advice }) => [tool, state, advice]), [
      ["modelscan", "works", null],
      ["fickling", "works", null],
      ["modelaudit", "works", null],
      ["gguf-guard", "broken", "it passed a planted bad file; install it anew"],
      ["yara", "works", null],
    ]);
    assert.equal(ran.code, 1);
  },
);

realTest("doctor says what to do about a scanner that is not there", [], async () => {
  const ran = await cli(["doctor", "--profile", "appliance"], { YARA_BIN: "/nowhere/yara" });
  assert.equal(ran.code, 1);
  assert.match(
    ran.stdout,
    /^ +yara +required +missing +YARA_BIN names \/nowhere\/yara, which is not there$/m,
  );
  assert.match(
    ran.stdout,
    /^ +modelscan +required +missing +install modelscan and name it in MODELSCAN_BIN$/m,
  );
});

interface Verdict {
  readonly verdict: string;
  readonly reason: string | null;
  readonly scanners: Readonly<Record<string, string>>;
}

function verdictOf({ stdout, stderr }: Ran): Verdict {
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout);
}
