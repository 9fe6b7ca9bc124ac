import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { speakingModel, tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { cli, type Ran } from "../support/cli.ts";
import { PROGRAM_ROOT } from "../support/lab.ts";
import { imageTest, sharedOverlay, treeOf, Workshop } from "./image.ts";

/** What a base image brings: the C library and a shell. Its /usr and its root file system cannot be written to. */
const BASE = ["/usr", "/bin", "/lib", "/lib64"].flatMap((path) => ["--ro-bind-try", path, path]);
const EMPTY_MACHINE = [
  ...["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"],
  ...["--proc", "/proc", "--dev", "/dev", ...BASE],
];

/** Runs the installed program on a machine with nothing else on it: no network, no home, no cache, no packages. */
function installed(
  overlay: string,
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Ran {
  const seen = Object.entries({ "/image": overlay, ...files }).flatMap((
    [at, from],
  ) => ["--ro-bind", from, at]);
  const variables = Object.entries({ PATH: "/usr/bin:/bin", AI_QUARANTINE_BWRAP: "", ...env });
  const { code, stdout, stderr } = new Deno.Command("bwrap", {
    args: [
      ...EMPTY_MACHINE,
      ...["--tmpfs", "/state", ...seen, "--remount-ro", "/"],
      ...variables.flatMap(([name, value]) => ["--setenv", name, value]),
      ...["--", "/image/usr/bin/ai-quarantine", ...args],
    ],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin" },
    stdin: "null",
  }).outputSync();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** A verdict without what differs from run to run. */
function verdictOf({ stdout }: Ran): unknown {
  const { stages, policy: { sha256 }, ...rest } = JSON.parse(stdout);
  return {
    ...rest,
    policy: sha256,
    stages: stages.map(({ duration_ms: _, ...stage }: { duration_ms: number }) => stage),
  };
}

const MODELS: readonly (readonly [name: string, code: number, bytes: () => Uint8Array])[] = [
  ["clean.gguf", 0, () => tinyLlama()],
  ["hostile.gguf", 1, () => speakingModel(["Yes."], { template: "{{ ''.__class__.__mro__ }}" })],
  ["torn.gguf", 1, () => tinyLlama().subarray(0, 5000)],
];

imageTest("P166: the installed program judges as the source does, with nothing but itself on the machine", {
  programs: ["bwrap"],
}, async () => {
  using here = new Workshop();
  const overlay = sharedOverlay("standalone");
  for (const [name, code, bytes] of MODELS) {
    const path = here.file(name, bytes());
    const args = ["check", "--json", "--profile", "standalone"];
    const ran = installed(overlay, [...args, `/${name}`], { [`/${name}`]: path });
    assert.equal(ran.code, code, ran.stderr);
    assert.deepEqual(verdictOf(ran), verdictOf(await cli([...args, path], { AI_QUARANTINE_BWRAP: "" })));
  }
});

imageTest("P146: an admission writes nothing outside its state directory", { programs: ["bwrap"] }, () => {
  using here = new Workshop();
  const files = { "/m.gguf": here.file("m.gguf", tinyLlama()) };
  const ran = installed(sharedOverlay("standalone"), ["admit", "/m.gguf"], files, {
    XDG_STATE_HOME: "/state",
  });
  assert.equal(ran.code, 0, ran.stderr); // The root file system is read-only, and so is everything else but /state.
  assert.match(ran.stdout, /^ {2}record \/state\/ai-quarantine\/registry\/m\.gguf\.provenance\.json$/m);
});

const ALLOWLIST = "models:\n  - { name: Ours, url_prefix: 'https://models.example/' }\n";
const PINS = `version: 1\nmodels:\n  - { filename: m.gguf, sha256: ${sha256(tinyLlama())} }\n`;
const OURS = "https://models.example/m.gguf";
const HUB = "https://huggingface.co/m.gguf";

/** What the host's administrator wrote, where a model is said to come from, and which rule speaks against it. */
const HOSTS:
  readonly (readonly [why: string, files: Readonly<Record<string, string>>, url: string, rule: string])[] = [
    ["the shipped allowlist lacks it", {}, OURS, "origin/not-allowed"],
    ["the shipped allowlist has it", {}, HUB, "integrity/unpinned"],
    ["the host's allowlist has it", { "sources.allowlist.yaml": ALLOWLIST }, OURS, "integrity/unpinned"],
    ["the host's allowlist lacks it", { "sources.allowlist.yaml": ALLOWLIST }, HUB, "origin/not-allowed"],
    ["the host pins it", { "models.lock.yaml": PINS }, HUB, "none"],
  ];

imageTest(
  "P031, P032: the host's allowlist and pins come before the image's",
  { programs: ["bwrap"] },
  () => {
    using here = new Workshop();
    const model = here.file("m.gguf", tinyLlama());
    for (const [why, files, url, rule] of HOSTS) {
      const policy = here.path(why);
      fs.mkdirSync(policy);
      for (const [name, text] of Object.entries(files)) fs.writeFileSync(join(policy, name), text);
      const seen = { "/m.gguf": model, "/etc/secure-ai/policy": policy };
      const ran = installed(
        sharedOverlay("standalone"),
        ["check", "--json", "--source", url, "/m.gguf"],
        seen,
      );
      assert.equal(
        /"rule":"([^"]*)"/.exec(ran.stdout)?.[1] ?? "none",
        rule,
        `${why}: ${ran.stdout} ${ran.stderr}`,
      );
    }
  },
);

imageTest("P030: the host's policy comes before the image's, and the image's before standalone", {
  programs: ["bwrap"],
}, () => {
  using here = new Workshop();
  const model = here.file("m.gguf", tinyLlama());
  const ruled = (overlay: string, more: Readonly<Record<string, string>>) => {
    const { stdout, stderr } = installed(overlay, ["check", "--json", "/m.gguf"], {
      "/m.gguf": model,
      ...more,
    });
    assert.notEqual(stdout, "", stderr);
    return JSON.parse(stdout).policy.profile;
  };
  const host = join(PROGRAM_ROOT, "policy", "standalone.yaml");
  assert.equal(ruled(sharedOverlay("standalone"), {}), "standalone");
  assert.equal(ruled(sharedOverlay("appliance"), {}), "appliance");
  assert.equal(
    ruled(sharedOverlay("appliance"), { "/etc/secure-ai/policy/policy.yaml": host }),
    "standalone",
  );
});

Deno.test("the bundle's threads start when their modules may be read, and only then", () => {
  using here = new Workshop();
  const lib = join(sharedOverlay("standalone"), "usr/lib/ai-quarantine");
  const pool = fs.readdirSync(lib).find((name) => name.startsWith("workers-"));
  const script = here.file(
    "threads.mjs",
    `
    import { WorkerPool } from ${JSON.stringify(`${lib}/${pool}`)};
    const pool = new WorkerPool(1);
    while (pool.state === "starting") await new Promise((resolve) => setTimeout(resolve, 5));
    console.log(pool.state);
    pool.close();
  `,
  );
  const said = (...permissions: string[]) => {
    const alone = ["--no-config", "--no-lock", "--no-remote", "--no-npm", "--cached-only", "--no-prompt"];
    const args = ["run", "--quiet", ...alone, ...permissions, script];
    const env = { DENO_DIR: "/dev/null" };
    return new TextDecoder().decode(
      new Deno.Command(Deno.execPath(), { args, env, clearEnv: true }).outputSync().stdout,
    );
  };
  assert.equal(said(`--allow-read=${lib}`), "ready\n");
  assert.equal(said(), "absent\n");
});

Deno.test("the bundle holds no package as such, and no path of the machine it was made on", () => {
  using here = new Workshop();
  const lib = join(sharedOverlay("standalone"), "usr/lib/ai-quarantine");
  const files = treeOf(lib).filter(({ kind, path }) => kind === "file" && path !== "deno");
  assert.deepEqual(files.filter(({ path }) => !/\.js$/.test(path)).map(({ path }) => path), [
    "deno.json",
    "scripts/ai-quarantine",
  ]);
  const root = here.root;
  for (const { path } of files) {
    const text = fs.readFileSync(join(lib, path), "utf8");
    assert.ok(!text.includes(root) && !text.includes(Deno.cwd()), path);
    assert.ok(!/\bfrom "(npm:|https?:|jsr:)|import\("(npm:|https?:|jsr:)/.test(text), path);
  }
});

Deno.test("the bundle leaves out what nobody uses", () => {
  const lib = join(sharedOverlay("standalone"), "usr/lib/ai-quarantine");
  const texts = fs.readdirSync(lib).filter((name) => name.endsWith(".js")).map((name) =>
    fs.readFileSync(join(lib, name), "utf8")
  );
  // `import { z } from "zod"` keeps all of it, 550 kB that every role would parse; `import * as z` does not.
  assert.ok(!texts.some((text) => text.includes("/zod/v4/locales/de.js")));
  assert.ok(texts.some((text) => text.includes("/zod/v4/classic/schemas.js")));
});
