import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { Lab, outcomeOf, settle } from "../support/lab.ts";
import { run } from "../support/programs.ts";
import { LabRegistry, unreachableRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const TERABYTE = 1024 ** 4;
/** What is promised for anything that is refused without being opened. */
const PROMISED_MS = 1000;
const isRoot = Deno.uid() === 0;

interface Drop {
  readonly why: string;
  readonly name?: string;
  readonly make: (path: string, lab: Lab) => unknown;
  readonly outcome: string;
  readonly ignore?: boolean;
}

const file = (path: string) => fs.writeFileSync(path, MODEL);

const drops: readonly Drop[] = [
  {
    why: "a symbolic link to a model",
    make: (path, lab) => {
      file(join(lab.root, "target.gguf"));
      fs.symlinkSync(join(lab.root, "target.gguf"), path);
    },
    outcome: "rejected claim/symlink",
  },
  {
    why: "a symbolic link to nothing",
    make: (path) => fs.symlinkSync("/nowhere", path),
    outcome: "rejected claim/symlink",
  },
  {
    why: "a hard link",
    make: (path, lab) => {
      file(join(lab.root, "other.gguf"));
      fs.linkSync(join(lab.root, "other.gguf"), path);
    },
    outcome: "rejected claim/hard-link",
  },
  { why: "a pipe", make: (path) => run("mkfifo", path), outcome: "rejected claim/special-file" },
  {
    why: "a device",
    make: (path) => run("mknod", path, "c", "1", "5"),
    outcome: "rejected claim/special-file",
    ignore: !isRoot,
  },
  {
    why: "a socket",
    make: (path) => run("python3", "-c", "import socket,sys; socket.socket(1).bind(sys.argv[1])", path),
    outcome: "rejected claim/special-file",
  },
  {
    why: "a file of a terabyte of holes",
    make: (path) => {
      file(path);
      fs.truncateSync(path, TERABYTE);
    },
    outcome: "rejected claim/sparse",
  },
  { why: "an empty file", make: (path) => fs.writeFileSync(path, ""), outcome: "rejected claim/empty" },
  { why: "an empty directory", make: (path) => fs.mkdirSync(path), outcome: "rejected claim/empty" },
  {
    why: "a directory with a link in it",
    make: (path) => {
      fs.mkdirSync(path);
      fs.symlinkSync("/etc/passwd", join(path, "model.safetensors"));
    },
    outcome: "rejected claim/symlink",
  },
  {
    why: "folders 40 deep",
    make: (path) => {
      const deepest = join(path, ...Array(40).fill("d"));
      fs.mkdirSync(deepest, { recursive: true });
      fs.writeFileSync(join(deepest, "f"), "x");
    },
    outcome: "rejected claim/tree-limit",
  },
  { why: "a name with a newline", name: "a\nb.gguf", make: file, outcome: "rejected name/control-character" },
  {
    why: "a name that writes right to left",
    name: "a\u202efug.gguf",
    make: file,
    outcome: "rejected name/control-character",
  },
  {
    why: "a name of 236 bytes",
    name: "é".repeat(115) + "x.gguf",
    make: file,
    outcome: "rejected name/too-long",
  },
  {
    why: "a name of 255 bytes",
    name: "x".repeat(250) + ".gguf",
    make: file,
    outcome: "rejected name/too-long",
  },
];

for (const { why, name = "m.gguf", make, outcome, ignore = false } of drops) {
  Deno.test({
    name: `the line ends ${why} with ${outcome} within a second`,
    ignore,
    fn: async () => {
      using lab = Lab.make();
      const path = join(lab.places.incoming, name);
      make(path, lab);
      run("find", path, "-exec", "touch", "-h", "-d", "1 hour ago", "{}", "+");
      const times: number[] = [];
      const ended = await lab.watch({
        registry: unreachableRegistry(),
        step: () => times.push(performance.now()),
      });
      assert.deepEqual(ended.map(outcomeOf), [outcome]);
      assert.ok((times.at(-1) ?? Infinity) - (times[0] ?? 0) < PROMISED_MS, `${times.at(-1)}`);
      assert.equal(lab.journal.filter((line) => line.includes("REJECTED: ")).length, 1);
      assert.ok(lab.journal.every((line) => !line.includes("\n") && !line.includes("\u202e")));
      assert.equal(lab.names("rejected").length, 2, "the thing itself and its report");
      assert.deepEqual([...lab.names("incoming"), ...lab.names("scanning"), ...lab.names("held")], []);
      assert.equal((await lab.verifyAudit()).valid, true);
    },
  });
}

const taken: readonly (readonly [why: string, name: string])[] = [
  ["what a shell would run", "a b'\"$(x).gguf"],
  ["a dash first", "-rf.gguf"],
  ["235 bytes", "x".repeat(230) + ".gguf"],
  ["another script", "модель-模型.gguf"],
];

for (const [why, name] of taken) {
  Deno.test(`a name with ${why} is promoted as it is`, async () => {
    using lab = Lab.make();
    await using registry = new LabRegistry(lab);
    lab.drop(name, MODEL);
    assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
    assert.equal(sha256(fs.readFileSync(join(lab.places.registry, name))), sha256(MODEL));
  });
}

Deno.test("a refused link to a directory is removed without the directory", async () => {
  using lab = Lab.make({ retain_raw_artifacts: "false" });
  const target = join(lab.root, "precious");
  fs.mkdirSync(target);
  file(join(target, "keep.gguf"));
  fs.symlinkSync(target, join(lab.places.incoming, "m"));
  assert.deepEqual((await lab.watch({ registry: unreachableRegistry() })).map(outcomeOf), [
    "rejected claim/symlink",
  ]);
  assert.deepEqual(lab.names("rejected"), ["m.report.json"]);
  assert.deepEqual(fs.readdirSync(target), ["keep.gguf"]);
});

Deno.test("a name that is not UTF-8 is reported once and blocks nothing", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  run("sh", "-c", `printf x > "$1/$(printf 'bad\\377.gguf')"`, "sh", lab.places.incoming);
  lab.drop("m.gguf", MODEL);
  assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
  assert.deepEqual(lab.events("rejected").map(({ rule }) => rule), ["name/not-utf8"]);
  assert.ok(
    lab.journal.some((line) => line.includes("REJECTED: bad\\u{fffd}.gguf (format_gate: name/not-utf8)")),
  );
});

const sidecars: readonly (readonly [why: string, content: string | Uint8Array, outcome: string])[] = [
  ["two lines", "https://huggingface.co/a\nhttps://huggingface.co/b", "rejected claim/sidecar"],
  ["4097 bytes", "https://huggingface.co/" + "a".repeat(4074), "rejected claim/sidecar"],
  ["bytes that are not UTF-8", new Uint8Array([0x68, 0xff, 0xfe]), "rejected claim/sidecar"],
  ["nothing", "", "rejected claim/sidecar"],
  ["4096 bytes", "https://huggingface.co/" + "a".repeat(4073), "failed integrity/unpinned"],
  ["one line that ends", "https://huggingface.co/a.gguf\n", "failed integrity/unpinned"],
  [
    "a URL that only looks allowed",
    "https://huggingface.co.evil.example/a.gguf",
    "rejected origin/not-allowed",
  ],
];

for (const [why, content, outcome] of sidecars) {
  Deno.test(`a sidecar of ${why}: ${outcome}`, async () => {
    using lab = Lab.make();
    lab.drop("m.gguf", MODEL, content);
    assert.deepEqual((await lab.watch({ registry: unreachableRegistry() })).map(outcomeOf), [outcome]);
    assert.deepEqual(lab.names("incoming"), []);
  });
}

Deno.test("a sidecar that is a link is refused, and what it leads to is neither read nor removed", async () => {
  using lab = Lab.make();
  const secret = join(lab.root, "secret");
  fs.writeFileSync(secret, "https://huggingface.co/secret.gguf");
  fs.symlinkSync(secret, join(lab.places.incoming, ".m.gguf.source"));
  lab.drop("m.gguf", MODEL);
  assert.deepEqual((await lab.watch({ registry: unreachableRegistry() })).map(outcomeOf), [
    "rejected claim/sidecar",
  ]);
  for (const name of lab.names("rejected").filter((name) => name !== "m.gguf")) {
    assert.ok(!fs.readFileSync(join(lab.places.rejected, name), "utf8").includes("secret.gguf"), name);
  }
  assert.ok(fs.existsSync(secret));
});

Deno.test("a sidecar stays in incoming until the verdict, and through a hold", async () => {
  using lab = Lab.make();
  lab.pin("m.gguf", sha256(MODEL));
  const seen: boolean[] = [];
  const sidecar = join(lab.places.incoming, ".m.gguf.source");
  lab.drop("m.gguf", MODEL, "https://huggingface.co/m.gguf");
  const step = () => void seen.push(fs.existsSync(sidecar));
  assert.deepEqual((await lab.watch({ registry: unreachableRegistry(), step })).map(outcomeOf), [
    "error registry/unreachable",
  ]);
  assert.ok(seen.every((there) => there));
  await using registry = new LabRegistry(lab);
  fs.renameSync(join(lab.places.held, "m.gguf"), join(lab.places.incoming, "m.gguf"));
  assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
  assert.deepEqual(lab.names("incoming"), []);
});

Deno.test("P165: hidden files in incoming are neither taken nor touched", async () => {
  using lab = Lab.make();
  const canary = join(lab.places.incoming, ".canary-token");
  fs.writeFileSync(canary, "canary");
  settle(canary);
  assert.deepEqual(await lab.watch({ registry: unreachableRegistry() }), []);
  assert.deepEqual(lab.names("incoming"), [".canary-token"]);
});
