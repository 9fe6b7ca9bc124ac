import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { digestInPlace } from "../../src/admission/mod.ts";
import { withDirectory } from "../make/directory.ts";
import { envelopeBundle, makeKey, statementOf, textOf } from "../make/model_signing.ts";
import { PROGRAM_ROOT } from "../support/lab.ts";

const SIZE_BYTES = 192 * 1024 * 1024;

/** `deno task bench:signatures` measures 2 GiB, and against the hashing; here it must only not be held in memory. */
Deno.test("a signed model larger than the memory allowed is verified within it", async () => {
  await withDirectory({}, async (root) => {
    const key = makeKey();
    const path = join(root, "model.gguf");
    fs.writeFileSync(path, new Uint8Array(SIZE_BYTES));
    fs.writeFileSync(join(root, "key.pem"), key.pem);
    const { sha256 } = await digestInPlace(path, {});
    const resources = [{ name: ".", algorithm: "sha256", digest: sha256 }];
    const statement = statementOf(resources, { method: "files", hash_type: "sha256" });
    fs.writeFileSync(`${path}.sig`, textOf(envelopeBundle(statement, { key })));
    const script = join(PROGRAM_ROOT, "scripts", "bench_signatures.ts");
    const flags = [
      "--v8-flags=--max-semi-space-size=4",
      "--allow-read",
      "--allow-env",
      "--allow-run=/usr/bin/cat",
    ];
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...flags, script, "--key", join(root, "key.pem"), path],
    }).output();
    assert.equal(new TextDecoder().decode(stderr), "");
    const { summary, peakBytes } = JSON.parse(new TextDecoder().decode(stdout));
    assert.equal(summary, "signed by bench");
    assert.ok(peakBytes < 150e6, `${peakBytes} bytes`);
  });
});
