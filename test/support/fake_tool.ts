import fs from "node:fs";
import { join } from "node:path";
import { askTool, type ToolAnswer, type ToolQuestion } from "../../src/tools/ask_tool.ts";
import { processSandbox } from "../../src/tools/process_sandbox.ts";
import type { StaticScanner } from "../../src/tools/scanners.ts";
import { builtProgram } from "./cli.ts";
import { PROGRAM_ROOT } from "./lab.ts";
import { programOnPath } from "./programs.ts";

export const BWRAP = programOnPath("bwrap");

/** Where a fake finds things inside its sandbox. */
export const ARTIFACT = "/artifact/model.bin";
export const REPORT = "/tmp/job/report.json";

/** What each scanner prints when it is asked for its version, and one whole answer of "nothing found". */
export const CONTRACTS: Readonly<Record<StaticScanner, { says: string; version: string; clean: string }>> = {
  modelscan: {
    says: "modelscan, version 0.8.8",
    version: "0.8.8",
    clean: JSON.stringify({
      summary: { total_issues: 0, scanned: { total_scanned: 1 } },
      issues: [],
      errors: [],
    }),
  },
  fickling: {
    says: "0.1.12",
    version: "0.1.12",
    clean: JSON.stringify({ severity: "LIKELY_SAFE", analysis: "nothing", detailed_results: {} }),
  },
  modelaudit: {
    says: "modelaudit, version 0.2.54",
    version: "0.2.54",
    clean: JSON.stringify({
      files_scanned: 1,
      bytes_scanned: 5,
      has_errors: false,
      success: true,
      scanner_names: ["gguf"],
      issues: [],
      file_metadata: {},
    }),
  },
  gguf_guard: {
    says: "gguf-guard 0.2.0",
    version: "0.2.0",
    clean: JSON.stringify({
      fingerprint: { tensor_count: 3 },
      policy: { pass: true, violations: [] },
      report: { score: 0.02, summary: "clean", anomalies: [] },
    }),
  },
  yara: {
    says: "4.5.8",
    version: "4.5.8",
    clean: `looked_at [description="every file matches: proof that it was read",severity="info"] ${ARTIFACT}`,
  },
};

/** Shell that gives an answer where the scanner's adapter looks for it. */
export function answering(id: StaticScanner, answer: string, code = 0): string {
  const to = id === "yara" ? "" : ` >${REPORT}`;
  return `printf '%s\\n' '${answer}'${to}; exit ${code}`;
}

/** A shell script in place of a scanner, run by the real role in the real sandbox. For faults only. */
export class FakeTool implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "fake-tool-" });
  readonly program = join(this.root, "tool");
  readonly artifact = join(this.root, "artifact");

  constructor(readonly id: StaticScanner, body: string, says = CONTRACTS[id].says) {
    const script = `#!/bin/sh\ncase $1 in *version) echo '${says}'; exit 0 ;; esac\n${body}\n`;
    fs.writeFileSync(this.program, script, { mode: 0o755 });
    fs.writeFileSync(this.artifact, "bytes");
  }

  async ask(more: Partial<ToolQuestion<StaticScanner>> = {}): Promise<ToolAnswer<StaticScanner>> {
    return await askTool(runScannerSandbox(this.program), {
      tool: this.id,
      program: this.program,
      version: null,
      artifact: { path: this.artifact, name: "model.bin" },
      inputs: {},
      timeoutMs: 20_000,
      signal: new AbortController().signal,
      ...more,
    });
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.root, { recursive: true });
  }
}

/** The run-scanner role under bubblewrap, with one program in it. */
export function runScannerSandbox(program: string, more: readonly string[] = [program]) {
  const built = builtProgram();
  return processSandbox({
    role: "run-scanner",
    launcher: join(built, "scripts", "ai-quarantine"),
    bwrap: BWRAP,
    programRoots: [built, join(PROGRAM_ROOT, "policy"), Deno.execPath(), ...more],
    cache: join(built, "cache", "workers"),
    environment: {
      PATH: "/usr/bin:/bin",
      HOME: "/tmp",
      AI_QUARANTINE_DENO: Deno.execPath(),
      AI_QUARANTINE_TOOLS: program,
    },
  });
}
