import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { goodModel } from "../boot/appliance.ts";
import { PROGRAM_ROOT } from "../support/lab.ts";
import { run } from "../support/programs.ts";
import { realTest } from "../support/real_parts.ts";
import { runScenario } from "./machine.ts";
import { allowedIn, PROBED, type ProbedDomain, WITHOUT_DENIAL } from "./probed.ts";

interface Tried {
  readonly act: string;
  readonly outcome: string;
}

realTest(
  "an appliance with SELinux enforcing: the line, fs-verity, and what its domains are denied",
  ["AIQ_SELINUX_ROOT", "AIQ_VM_KERNEL", "LLAMA_SERVER_BIN"],
  async ({ AIQ_SELINUX_ROOT: root, AIQ_VM_KERNEL: kernel, LLAMA_SERVER_BIN }, t) => {
    const work = Deno.makeTempDirSync({ prefix: "vm-" });
    try {
      const overlay = join(work, "overlay");
      const make = join(PROGRAM_ROOT, "scripts", "image", "make-rootfs-overlay");
      run(
        make,
        "--profile",
        "standalone",
        "--registry",
        "ours",
        "--selinux",
        root,
        "--deno",
        Deno.execPath(),
        overlay,
      );
      const parts = {
        root,
        kernel,
        overlay,
        prefix: dirname(dirname(LLAMA_SERVER_BIN)),
        extra: extra(work),
        work,
      };
      const said = await runTwice(() => runScenario(parts));
      await verify(t, said);
    } finally {
      fs.rmSync(work, { recursive: true });
    }
  },
);

/** The files of the scenario, and the models it drops. */
function extra(work: string): string {
  const to = join(work, "extra");
  fs.cpSync(join(PROGRAM_ROOT, "test", "vm", "inside"), to, { recursive: true, verbatimSymlinks: true });
  const good = goodModel();
  fs.mkdirSync(join(to, "srv", "vm"), { recursive: true });
  fs.writeFileSync(join(to, "srv", "vm", "good.gguf"), good);
  fs.writeFileSync(join(to, "srv", "vm", "bad.gguf"), good.subarray(0, good.length - 7));
  return to;
}

/** An emulated machine may fail to boot; a second time it is our fault. */
async function runTwice<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    console.log(`a second try, because: ${String(error)}`);
    return await attempt();
  }
}

async function verify(t: Deno.TestContext, said: ReadonlyMap<string, string>): Promise<void> {
  const section = (name: string): string => {
    const text = said.get(name);
    if (text === undefined) throw new Error(`the scenario said nothing of ${name}`);
    return text;
  };
  await t.step("the machine enforces, and our services run in their domains", () => {
    assert.match(section("machine"), /^Enforcing$/m);
    assert.match(section("domains"), /aiq_registry_t.*registry/);
    assert.match(section("domains"), /aiq_health_t.*health/);
  });
  await t.step(
    "a model is admitted through all seven stages, a broken one refused, the timers do their work",
    () => {
      console.log(section("admission"));
      assert.match(section("admission"), /Stage 6\/7: behavioral_test — PASS/);
      assert.match(section("admission"), /PROMOTED: good /);
      assert.match(section("refusal"), /REJECTED: bad\.gguf/);
      assert.match(section("timers"), /^audit-verify: 0$/m);
      assert.match(section("timers"), /^reverify: 0$/m);
    },
  );
  await t.step("not one access was denied to us", () => assert.equal(section("denials of the line"), ""));
  await t.step(
    "P053, P071: the promoted model is sealed by fs-verity, and not one byte of it can be changed",
    () => {
      console.log(section("verity"));
      const { integrity } = JSON.parse(section("record"));
      const [measured, computed] = section("verity").split("\n");
      const digest = /^(sha256:[0-9a-f]{64}) /.exec(measured ?? "")?.[1];
      assert.equal(/^(sha256:[0-9a-f]{64}) /.exec(computed ?? "")?.[1], digest);
      assert.equal(integrity.fsverity_enabled, true);
      assert.equal(integrity.fsverity_digest, digest);
      assert.match(section("verity"), /^verify: 0$/m);
      assert.match(section("verity"), /Operation not permitted\nwrite: 1\ncmp: 0$/m);
    },
  );
  for (const domain of PROBED) {
    await t.step(`${domain}: what it must not do is denied by SELinux`, () => probed(domain, section));
  }
}

function probed(domain: ProbedDomain, section: (name: string) => string): void {
  const lines = section(`probe ${domain}`).split("\n").filter((line) => line.startsWith("{"));
  const tried: Tried[] = lines.map((line) => JSON.parse(line));
  const denials = section(`denials of ${domain}`).trimEnd().split("\n");
  assert.ok(tried.length > 60, section(`probe ${domain}`));
  const allowed = tried.filter(({ outcome }) => outcome === "allowed").map(({ act }) => act);
  assert.deepEqual(allowed.sort(), [...allowedIn(domain)].sort());
  console.log(`${domain}: ${tried.length - allowed.length} acts denied, ${denials.length} denials logged`);
  for (const line of denials.slice(0, 200)) console.log(`  ${line.replace(/^type=AVC msg=\S+ /, "")}`);
  for (const { act, outcome } of tried) {
    if (outcome === "allowed" || WITHOUT_DENIAL.has(act)) continue;
    assert.ok(
      denials.some((line) => speaksOf(act, line)),
      `${domain}: no denial logged for "${act}" (${outcome})`,
    );
  }
}

const FILE_VERBS = ["read", "append", "write", "create", "rename"];
const TYPES = "incoming scanning held rejected model manifest registry_state audit state secret".split(" ");

/** Whether a denial in the log is about this act: its class, and the type of what it wanted. */
function speaksOf(act: string, denial: string): boolean {
  const [verb = "", what = ""] = act.split(" ");
  const about = (type: string) => denial.includes(`tcontext=system_u:object_r:aiq_${type}_t`);
  if (verb === "socket") return /tclass=\w*_?socket/.test(denial) && denial.includes("{ create }");
  if (FILE_VERBS.includes(verb) && TYPES.includes(what)) {
    return about(what) || (what === "manifest" && about("model"));
  }
  return true;
}
