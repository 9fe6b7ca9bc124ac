import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { builtFormOf } from "../../src/roles/built_form.ts";
import { tinyLlama } from "../make/gguf.ts";
import { builtProgram, cli, denoDir, type Ran, surroundings } from "../support/cli.ts";
import { Lab, LAUNCHER, PROGRAM_ROOT } from "../support/lab.ts";
import { run } from "../support/programs.ts";

const PARTS = ["src", "stages", "scripts", "policy", "main.ts", "deno.json", "deno.lock", "node_modules"];

/** A checkout of its own, which the launcher builds on its own. */
class Checkout implements Disposable {
  readonly lab = Lab.make();
  readonly root = join(this.lab.root, "checkout");

  constructor() {
    fs.mkdirSync(this.root);
    run("cp", "-a", ...PARTS.map((name) => join(PROGRAM_ROOT, name)), this.root);
    fs.writeFileSync(join(this.lab.root, "m.gguf"), tinyLlama());
  }

  async check(): Promise<Ran> {
    const env = { XDG_STATE_HOME: this.lab.places.state };
    return await cli(
      ["check", join(this.lab.root, "m.gguf")],
      env,
      join(this.root, "scripts", "ai-quarantine"),
    );
  }

  /** Where the launcher's build lies; null where it has built nothing, or something else than what is here now. */
  built(): string | null {
    return builtFormOf({
      env: (name) => name === "DENO_DIR" ? denoDir() : undefined,
      programRoot: this.root,
    });
  }

  [Symbol.dispose](): void {
    fs.rmSync(join(denoDir(), "ai-quarantine", this.lab.root), { recursive: true, force: true });
    this.lab[Symbol.dispose]();
  }
}

Deno.test("a checkout is built at its first start, and again when it has changed", async () => {
  using checkout = new Checkout();
  assert.equal(checkout.built(), null);
  assert.equal((await checkout.check()).code, 0);
  const first = checkout.built();
  assert.notEqual(first, null);
  assert.equal((await checkout.check()).code, 0);
  assert.equal(checkout.built(), first);
  const file = join(checkout.root, "src", "roles", "terminal.ts");
  fs.writeFileSync(file, fs.readFileSync(file, "utf8").replaceAll("PASSED", "MAY ENTER"));
  assert.equal(checkout.built(), null);
  const changed = await checkout.check();
  assert.match(changed.stdout, /MAY ENTER/);
  assert.notEqual(checkout.built(), first);
  assert.ok(fs.existsSync(join(first ?? "", "ai-quarantine.js")), "who uses it may go on for a while");
});

Deno.test("a checkout that cannot be built runs as it is, and is not built anew at every start", async () => {
  using checkout = new Checkout();
  const script = join(checkout.root, "scripts", "image", "bundle");
  const tried = join(checkout.lab.root, "tried");
  fs.writeFileSync(script, `#!/bin/sh\necho once more >>'${tried}'\nexit 1\n`);
  for (let start = 0; start < 2; start++) {
    const { code, stdout } = await checkout.check();
    assert.equal(code, 0, stdout);
    assert.match(stdout, /PASSED/);
  }
  assert.equal(checkout.built(), null);
  assert.equal(fs.readFileSync(tried, "utf8"), "once more\n");
});

Deno.test("a worker gets a copy of the compiled code, and leaves the original as it was", async () => {
  using lab = Lab.make();
  const built = builtProgram();
  const workers = join(built, "cache", "workers");
  const copy = join(lab.root, "deno");
  fs.mkdirSync(copy);
  const before = fs.statSync(join(workers, "v8_code_cache_v2"));
  const command = new Deno.Command(join(built, "scripts", "ai-quarantine"), {
    ...surroundings({
      AI_QUARANTINE_ARTIFACT: join(lab.root, "m.gguf"),
      AI_QUARANTINE_CACHE: workers,
      DENO_DIR: copy,
    }),
    args: ["examine"],
  });
  const { code, stderr } = await command.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.ok(fs.statSync(join(copy, "v8_code_cache_v2")).size > 1_000_000);
  assert.deepEqual(fs.statSync(join(workers, "v8_code_cache_v2")), before);
});

Deno.test("what the launcher builds is what it starts", async () => {
  const { stdout } = await cli(["--version"]);
  const { version } = JSON.parse(fs.readFileSync(join(builtProgram(), "deno.json"), "utf8"));
  assert.equal(stdout, `${version}\n`);
  assert.notEqual(join(builtProgram(), "scripts", "ai-quarantine"), LAUNCHER);
});

Deno.test("a reader that goes away ends the program in silence, and not with a yes", async () => {
  const script = `{ sleep 0.3; '${LAUNCHER}' --help; } | true; echo "\${PIPESTATUS[0]}"`;
  const command = new Deno.Command("/bin/bash", { ...surroundings({}), args: ["-c", script] });
  const { stdout, stderr } = await command.output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(new TextDecoder().decode(stdout), "3\n");
});
