import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { PROGRAM_ROOT } from "../support/lab.ts";
import { EPOCH, imageScript, imageTest, sharedOverlay, treeOf, Workshop } from "./image.ts";

/** What a build reads; no package, no cache, no history. */
const SOURCES = [
  "deno.json",
  "deno.lock",
  "LICENSE",
  "main.ts",
  "policy",
  "scripts",
  "src",
  "stages",
];

function failureOf(script: string, ...args: string[]): string {
  const { code, stderr } = new Deno.Command(imageScript(script), { args, stdin: "null" }).outputSync();
  return `${code} ${new TextDecoder().decode(stderr).trim()}`;
}

Deno.test("two overlays of one checkout are identical, wherever they are made", () => {
  using here = new Workshop();
  for (const name of [...SOURCES, "systemd", "selinux"]) {
    const from = join(PROGRAM_ROOT, name);
    if (SOURCES.includes(name) || fs.existsSync(from)) {
      fs.cpSync(from, here.path("a copy", name), { recursive: true, verbatimSymlinks: true });
    }
  }
  const [one, two] = [
    here.overlay("appliance"),
    here.overlay("appliance", { name: "another", checkout: here.path("a copy") }),
  ];
  assert.deepEqual(treeOf(one), treeOf(two));
});

Deno.test("P146, P151: an overlay is read-only by its modes, and leaves /var and all but unit links of /etc alone", () => {
  const tree = treeOf(sharedOverlay("appliance"));
  const odd = tree.filter(({ path, kind, mode, seconds }) => {
    const executable = /\/(deno|scripts\/ai-quarantine|required\.d\/.*|wanted\.d\/.*)$/.test(path);
    if (path === "etc/secure-ai/keys") return mode !== 0o700;
    const wanted = kind === "link" ? 0o777 : kind === "directory" || executable ? 0o755 : 0o644;
    const place = kind === "link" ? /^(usr|etc\/systemd\/system)\// : /^(usr|etc\/logrotate\.d)\//;
    return mode !== wanted || seconds !== EPOCH || kind !== "directory" && !place.test(path);
  });
  assert.deepEqual(odd, []);
  assert.deepEqual([...new Set(tree.map(({ path }) => path.split("/")[0]))].filter((top) => top !== "etc"), [
    "usr",
  ]);
});

Deno.test("P151: the list of digests covers every file of an overlay, for whoever watches them", () => {
  const overlay = sharedOverlay("appliance");
  const list = "usr/share/ai-quarantine/files.sha256";
  const files = treeOf(overlay).filter(({ kind, path }) => kind === "file" && path !== list);
  const listed = fs.readFileSync(join(overlay, list), "utf8").split("\n").slice(0, -1);
  assert.deepEqual(listed.sort(), files.map(({ content, path }) => `${content}  ${path}`).sort());
});

Deno.test("every link of an overlay leads to something in it", () => {
  const overlay = sharedOverlay("appliance");
  const links = treeOf(overlay).filter(({ kind }) => kind === "link");
  const dangling = links.filter(({ path, content }) => {
    const target = content.startsWith("/") ? join(overlay, content) : join(overlay, path, "..", content);
    return content !== "/dev/null" && !fs.existsSync(target);
  });
  assert.deepEqual(dangling, []);
  assert.ok(links.some(({ path }) => path === "usr/bin/ai-quarantine"));
});

const refused: readonly (readonly [why: string, args: (here: Workshop) => string[], said: RegExp])[] = [
  ["a tree that exists", (here) => [here.root], /^2 .*: it exists already$/],
  ["an unknown profile", (here) => ["--profile", "lax", here.path("x")], /^2 .*no profile lax$/],
  ["an unknown option", (here) => ["--fast", "yes", here.path("x")], /^2 .*Unknown option --fast$/],
  ["another Deno", (here) => {
    const other = here.file("deno", "#!/bin/sh\necho 2.0.0\n");
    fs.chmodSync(other, 0o755);
    return ["--deno", other, here.path("x")];
  }, /^2 .*deno is Deno 2\.0\.0, the program is tested with 2\.9\.6$/],
  [
    "a Deno that is not there",
    (here) => ["--deno", here.path("none"), here.path("x")],
    /^2 .*Cannot find Deno 2\.9\.6$/,
  ],
];
for (const [why, args, said] of refused) {
  Deno.test(`make-rootfs-overlay refuses ${why}`, () => {
    using here = new Workshop();
    assert.match(failureOf("make-rootfs-overlay", ...args(here)), said);
    assert.ok(!fs.existsSync(here.path("x")));
  });
}

imageTest("a system extension is identical twice, and systemd takes it for one", {
  programs: ["mksquashfs", "systemd-dissect"],
  user: "root",
}, () => {
  using here = new Workshop();
  const overlay = sharedOverlay("appliance");
  const images = ["one.raw", "two.raw"].map((name) => here.path(name));
  for (const image of images) assert.equal(failureOf("make-sysext", overlay, image), "0 ");
  const [one, two] = images.map((image) => fs.readFileSync(image));
  assert.ok(one !== undefined && two !== undefined && one.equals(two));
  const image = here.path("ai-quarantine.raw");
  fs.renameSync(here.path("one.raw"), image);
  const dissected = new Deno.Command("systemd-dissect", { args: ["--json=short", image], stdin: "null" })
    .outputSync();
  assert.ok(dissected.success, new TextDecoder().decode(dissected.stderr));
  const about = JSON.parse(new TextDecoder().decode(dissected.stdout));
  assert.equal(about.useSystemExtension, true);
  assert.deepEqual(about.extensionRelease, ["ID=_any", "ARCHITECTURE=x86-64"]);
});
