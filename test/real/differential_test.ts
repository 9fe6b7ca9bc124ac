import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { WE_REFUSE as GGUF_REASONS } from "../differential/gguf_reasons.ts";
import { WE_REFUSE as SAFETENSORS_REASONS } from "../differential/safetensors_reasons.ts";
import { realTest } from "../support/real_parts.ts";

/** Beside all vectors and the clean corpus. */
const FUZZED_FILES = 200;

const READERS: readonly [script: string, reasons: ReadonlyMap<string, string>][] = [
  ["gguf.ts", GGUF_REASONS],
  ["safetensors.ts", SAFETENSORS_REASONS],
];

realTest(
  "gguf and safetensors from PyPI accept what we accept; what only they accept is on the list of reasons",
  ["AIQ_PYTHON"],
  async ({ AIQ_PYTHON }) => {
    const results = await Promise.all(READERS.map(([script]) => compared(script, AIQ_PYTHON)));
    for (const [i, [script, reasons]] of READERS.entries()) {
      const { code, output } = results[i] ?? { code: -1, output: "" };
      console.log(`${script}\n${withReasons(output, reasons)}`);
      assert.equal(code, 0, output);
      assert.match(output, /^\d{3,} files, 0 differences without a reason$/m);
    }
  },
);

/** Runs one comparison in a process of its own. */
async function compared(
  script: string,
  python: string,
): Promise<{ readonly code: number; readonly output: string }> {
  const path = fileURLToPath(new URL(`../differential/${script}`, import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-read",
      "--allow-write",
      "--allow-run",
      path,
      python,
      String(FUZZED_FILES),
    ],
    stdin: "null",
  }).output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

function withReasons(output: string, reasons: ReadonlyMap<string, string>): string {
  return output.replace(/we refuse, they accept: (\S+)$/gm, (line, rule: string) => {
    return `${line}: ${reasons.get(rule) ?? "no reason"}`;
  });
}
