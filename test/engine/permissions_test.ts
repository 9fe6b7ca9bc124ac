import assert from "node:assert/strict";
import { createHash } from "node:crypto";

const SIZE_BYTES = 9 * 1024 * 1024;
const SOURCE = new URL("../../src/", import.meta.url).pathname;

/** Runs a pass in a process that may read the file and the given directories, and nothing else. */
async function runPass(path: string, directories: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      `--allow-read=${[path, ...directories].join()}`,
      new URL("./measure_one.ts", import.meta.url).pathname,
      path,
      String(SIZE_BYTES),
    ],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

const cases: [grant: string, directories: string[], state: string][] = [
  ["the file alone: one thread does all", [], "absent"],
  ["the file, src/engine and src/measure: workers help", [`${SOURCE}engine`, `${SOURCE}measure`], "ready"],
];
for (const [grant, directories, state] of cases) {
  Deno.test(`a pass may read ${grant}`, async () => {
    const bytes = new Uint8Array(SIZE_BYTES);
    const path = Deno.makeTempFileSync();
    try {
      Deno.writeFileSync(path, bytes);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      assert.equal(await runPass(path, directories), `${state} ${sha256}`);
    } finally {
      Deno.removeSync(path);
    }
  });
}
