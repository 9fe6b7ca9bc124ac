import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { AuditLab } from "./lab.ts";

const WRITER = fileURLToPath(new URL("./writer_process.ts", import.meta.url));

function command(lab: AuditLab): string[] {
  const grant = [`--allow-read=${lab.directory}`, `--allow-write=${lab.directory}`];
  return [Deno.execPath(), "run", "--quiet", "--no-prompt", ...grant, WRITER, lab.log, lab.anchor];
}

Deno.test("P075: SIGKILL at any moment loses no entry that was recorded", async () => {
  for (const afterEntries of [1, 60, 150]) {
    await using lab = await AuditLab.make();
    const [program = "", ...args] = command(lab);
    await using child = new Deno.Command(program, { args, stdout: "piped", stderr: "inherit" }).spawn();
    let printed = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      printed += text;
      if (printed.split("\n").length > afterEntries) child.kill("SIGKILL");
    }
    await child.status;
    const recorded = printed.split("\n").length - 1;
    await using chain = await lab.open();
    assert.ok(chain.entries >= recorded, `${recorded} recorded, ${chain.entries} found`);
    assert.equal((await lab.verify()).valid, true);
  }
});

Deno.test("an entry the disk takes only in part stops the writer, and the next start repairs the log", async () => {
  await using lab = await AuditLab.make();
  // A file size limit stands for the full disk: the write that crosses it is cut short, the next one fails.
  const script = 'trap "" XFSZ; ulimit -f 8; exec "$@"';
  const child = new Deno.Command("sh", {
    args: ["-c", script, "sh", ...command(lab)],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stderr), /AuditError: Cannot audit stage/);
  const recorded = new TextDecoder().decode(stdout).split("\n").length - 1;
  assert.ok(recorded > 3);
  await using chain = await lab.open();
  assert.equal((await lab.entries()).at(-1)?.event, "audit-repaired");
  assert.equal(chain.entries, recorded + 1);
  assert.equal((await lab.verify()).valid, true);
});
