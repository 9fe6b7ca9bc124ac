import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AuditLab, ticking } from "./lab.ts";

const VERIFIER = fileURLToPath(new URL("./verify.py", import.meta.url));
const KEY = new TextEncoder().encode("a key of an appliance");

async function python(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("python3", { args }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const missing = await new Deno.Command("python3", { args: ["--version"], stdout: "null" }).output()
  .then(() => false, (error) => error instanceof Deno.errors.NotFound);
if (missing) console.log("python3 is not installed: the log is not compared with an independent verifier");

const NAMES = ["m.gguf", "é.gguf", "\u{1f600}\uff5e.gguf", "a b'\"$(x)", "tab\tnew\nline\x7f", "\u2028\0"];

for (const key of [undefined, KEY]) {
  const sealed = key === undefined ? "SHA-256" : "HMAC-SHA256";
  Deno.test({
    name: `P076 P085: an independent Python verifier agrees on a ${sealed} log across rotations`,
    ignore: missing,
    async fn() {
      await using lab = await AuditLab.make();
      const keyed = key === undefined ? {} : { hmacKey: key };
      {
        await using chain = await lab.open({ ...keyed, maxSizeBytes: 1500, now: ticking() });
        for (const filename of [...NAMES, ...NAMES]) {
          await chain.append("rejected", {
            filename,
            size_bytes: Number.MAX_SAFE_INTEGER,
            details: {
              [filename]: { ok: false, none: null, list: [1, -1, "x"] },
              "\ue000": 1,
              "\u{1f600}": 2,
              Z: 3,
              a: 4,
            },
          });
        }
      }
      const keyFile = join(lab.directory, "key");
      await writeFile(keyFile, KEY);
      const args = [VERIFIER, lab.log, ...(key === undefined ? [] : [keyFile])];
      const ours = await lab.verify(key);
      assert.ok(ours.valid && ours.archives >= 3, JSON.stringify(ours));
      assert.deepEqual(JSON.parse(await python(...args)), {
        valid: true,
        entries: 12,
        last_hash: ours.last_hash,
      });

      await writeFile(lab.log, (await readFile(lab.log, "utf8")).replace('"Z":3', '"Z":4'));
      assert.equal(JSON.parse(await python(...args)).valid, false);
      assert.equal((await lab.verify(key)).valid, false);
    },
  });
}
