import assert from "node:assert/strict";
import { join } from "node:path";
import { mintToken, tokenReader } from "../../src/registry/mod.ts";

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync();
  try {
    await run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function write(path: string, text: string, mode: number): string {
  Deno.writeTextFileSync(path, text);
  Deno.chmodSync(path, mode);
  return path;
}

Deno.test("SERVICE_TOKEN wins over files, the first file that exists over later ones (P043, P045)", () =>
  inDirectory(async (directory) => {
    const a = write(join(directory, "a"), "from-a\n", 0o600);
    const b = write(join(directory, "b"), " from-b ", 0o640);
    const missing = join(directory, "missing");
    const read = (serviceToken: string | null, paths: string[]) => tokenReader({ serviceToken, paths })();
    assert.equal(await read("from-env", [a]), "from-env");
    assert.equal(await read(null, [a, b]), "from-a");
    assert.equal(await read(null, [missing, b]), "from-b");
    assert.equal(await read(null, []), null);
    await assert.rejects(read(null, [missing]), { rule: "registry/token" });
    await assert.rejects(read("", [a]), { rule: "registry/token" });
  }));

Deno.test("a token file that others can read or write, or that is no token, is refused", () =>
  inDirectory(async (directory) => {
    const rows: [why: string, text: string, mode: number][] = [
      ["readable for others", "t", 0o644],
      ["executable for others", "t", 0o601],
      ["writable for the group", "t", 0o660],
      ["empty", " \n", 0o600],
      ["two words", "a b", 0o600],
      ["two lines", "a\nb\n", 0o600],
      ["a forged header", "a\r\nX: y", 0o600],
      ["not ASCII", "é", 0o600],
      ["too large", "x".repeat(4097), 0o600],
    ];
    for (const [why, text, mode] of rows) {
      const path = write(join(directory, "token"), text, mode);
      await assert.rejects(
        tokenReader({ serviceToken: null, paths: [path] })(),
        { rule: "registry/token" },
        why,
      );
    }
    const limit = write(join(directory, "limit"), "x".repeat(4096), 0o440);
    assert.equal((await tokenReader({ serviceToken: null, paths: [limit] })())?.length, 4096);
  }));

Deno.test("a pipe or a directory in place of the token file is refused at once", () =>
  inDirectory(async (directory) => {
    const pipe = join(directory, "pipe");
    await new Deno.Command("mkfifo", { args: ["-m", "600", pipe] }).output();
    for (const path of [pipe, directory]) {
      await assert.rejects(tokenReader({ serviceToken: null, paths: [path] })(), { rule: "registry/token" });
    }
  }));

Deno.test("mintToken() makes a private token once and keeps it", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "token");
    mintToken(path);
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
    const token = await tokenReader({ serviceToken: null, paths: [path] })();
    assert.match(token ?? "", /^[0-9a-f]{64}$/);
    mintToken(path);
    assert.equal(await tokenReader({ serviceToken: null, paths: [path] })(), token);
  }));
