import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { ARTIFACT, BWRAP, FakeTool } from "../support/fake_tool.ts";

const ignore = BWRAP === null && Deno.env.get("CI") !== "true";

/** A file of this machine that holds something private, in a folder no sandbox should see. */
const secret = Deno.makeTempFileSync({ prefix: "other-artifact-" });
fs.writeFileSync(secret, "private");
addEventListener("unload", () => fs.rmSync(secret, { force: true }));

const ELSEWHERE = [
  "/x",
  "/usr/x",
  "/dev/x",
  "/dev/shm/x",
  "/artifact/x",
  "/proc/x",
  "/proc/sys/kernel/core_pattern",
];
const refused = (command: string) => `${command} >/dev/null 2>&1 && echo done || echo refused`;
const rows: readonly (readonly [what: string, attempt: string, said: string])[] = [
  ["reads its artifact", `cat ${ARTIFACT}`, "bytes"],
  ["cannot write to its artifact", refused(`sh -c 'echo x >>${ARTIFACT}'`), "refused"],
  ["cannot put a file beside its artifact", refused("touch /artifact/more"), "refused"],
  ["cannot replace its artifact", refused(`mv ${ARTIFACT} /tmp/`), "refused"],
  ["has no network but its own loopback", "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' \\n'", "lo"],
  ["cannot connect anywhere", refused("bash -c 'exec 3<>/dev/tcp/192.0.2.1/443'"), "refused"],
  ["finds no address for a name", refused("getent hosts localhost.example"), "refused"],
  ["sees no other artifact", refused(`cat ${secret}`), "refused"],
  [
    "sees no credentials",
    "find /etc /home /root /run /sys /var -type f 2>/dev/null | grep -vc deno || true",
    "0",
  ],
  ["is given no variable of ours", "env | grep -cE 'TOKEN|KEY|PASSWORD|AI_QUARANTINE|DENO' || true", "0"],
  [
    "cannot write outside its scratch space",
    `for f in ${ELSEWHERE.join(" ")}; do (: >>$f) 2>/dev/null && printf 'wrote %s ' $f; done; echo nothing`,
    "nothing",
  ],
  ["holds no capability", "grep CapEff /proc/self/status | tr -d '\\t 0'", "CapEff:"],
  ["cannot mount", refused("mount -t tmpfs none /mnt"), "refused"],
  [
    "cannot change our rules",
    refused("sh -c 'echo >>$(ls -d /*/*/*/policy/yara/models.yar | head -1)'"),
    "refused",
  ],
  ["sees no process of this machine", "[ $(ls /proc | grep -c '^[0-9]*$') -lt 12 ] && echo few", "few"],
  [
    "cannot fill the machine's memory with files",
    refused("sh -c 'head -c 600M /dev/zero >/tmp/fill'") + "; rm /tmp/fill",
    "refused",
  ],
  ["cannot take more memory than its limit", refused("perl -e '$x = 1 x 4e9'"), "refused"],
  ["may write in its scratch space", "echo x >/tmp/x && cat /tmp/x", "x"],
];

/** What a scanner that was taken over says of each attempt, all of them in one sandbox; it says so as YARA says a match. */
async function tellAll(): Promise<ReadonlyMap<string, string>> {
  const tell = `tell() { printf '%s [description="%s",severity="info"] ${ARTIFACT}\\n' "$1" "$2"; }`;
  const attempts = rows.map(([, attempt], row) => `tell row${row} "$(${attempt})"`);
  using tool = new FakeTool("yara", [tell, "tell looked_at it", ...attempts, "exit 0"].join("\n"));
  const { report } = await tool.ask();
  return new Map(report.findings.map(({ words }) => {
    const [row = "", ...said] = words.split(":");
    return [row, said.join(":").trim()];
  }));
}
let told: Promise<ReadonlyMap<string, string>> | undefined;

for (const [row, [what, , said]] of rows.entries()) {
  Deno.test({
    name: `a program in the scanner sandbox ${what}`,
    ignore,
    fn: async () => assert.equal((await (told ??= tellAll())).get(`row${row}`), said),
  });
}

Deno.test({
  name: "a daemon that a scanner leaves behind is noticed, and dies with the sandbox",
  ignore,
  fn: async () => {
    const seconds = `${60 + Math.random()}`;
    using tool = new FakeTool("yara", `setsid sleep ${seconds} >/dev/null 2>&1 &\nexit 0`);
    await assert.rejects(tool.ask(), { rule: "scanner/left-behind" });
    const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] }).output();
    assert.ok(!new TextDecoder().decode(stdout).includes(`sleep ${seconds}`));
  },
});

Deno.test({
  name: "the role runs no program but the one it was started with",
  ignore,
  fn: async () => {
    using tool = new FakeTool("yara", "exit 0");
    fs.copyFileSync(tool.program, join(tool.root, "other"));
    await assert.rejects(tool.ask({ program: join(tool.root, "other") }), { rule: "scanner/start" });
    await assert.rejects(tool.ask({ program: "/usr/bin/env" }), { rule: "scanner/start" });
  },
});
