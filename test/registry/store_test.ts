import assert from "node:assert/strict";
import { type StartupCode, StartupError } from "../../src/model/mod.ts";
import { ManifestStore, type RegistryEntry } from "../../src/registry/mod.ts";
import { entrySchema } from "../../src/registry/wire.ts";
import { Places, sha256 } from "./fixture.ts";

function entry(name: string): RegistryEntry {
  return entrySchema.parse(wireEntry(name));
}

function wireEntry(name: string): Record<string, unknown> {
  return {
    name,
    format: "gguf",
    filename: `${name}.gguf`,
    sha256: sha256(name),
    size_bytes: 1,
    promoted_at: "2026-03-08T14:30:00Z",
  };
}

function withStore<T>(places: Places, use: (store: ManifestStore) => T): T {
  const store = ManifestStore.open(places);
  try {
    return use(store);
  } finally {
    store.close();
  }
}

function assertRefuses(places: Places, code: StartupCode, message: RegExp): void {
  assert.throws(
    () => withStore(places, () => {}),
    (error) => error instanceof StartupError && error.code === code && message.test(error.message),
  );
}

Deno.test("the manifest is written exactly as its readers know it, in order of promotion", () => {
  using places = new Places();
  const mask = Deno.umask(0o077);
  try {
    withStore(places, (store) => ["z", "a", "m"].forEach((name) => store.add(entry(name))));
  } finally {
    Deno.umask(mask);
  }
  const text = Deno.readTextFileSync(places.manifestPath);
  assert.equal(
    text,
    `${JSON.stringify({ version: 1, models: ["z", "a", "m"].map(wireEntry) }, null, 2)}\n`,
  );
  assert.ok(text.startsWith('{\n  "version": 1,\n  "models": [\n    {\n      "name": "z",\n'));
  assert.equal((Deno.statSync(places.manifestPath).mode ?? 0) & 0o777, 0o644);
  assert.deepEqual([...Deno.readDirSync(places.registryDir)].map((e) => e.name), ["manifest.json"]);
  withStore(places, (store) => {
    store.remove("a");
    assert.deepEqual(store.entries.map((e) => e.name), ["z", "m"]);
  });
  assert.deepEqual(places.manifest().models.map((m) => m.name), ["z", "m"]);
});

Deno.test("a manifest that is there at the first start is taken over", () => {
  using places = new Places();
  const full = {
    ...wireEntry("m"),
    source: "https://huggingface.co/o/r/resolve/main/m.gguf",
    promoted_at: "2026-03-08T14:30:00.123456789Z",
    gguf_guard_fingerprint: { structure_hash: "x", layers: [1, null] },
  };
  Deno.writeTextFileSync(places.manifestPath, JSON.stringify({ version: 1, models: [full] }));
  withStore(places, (store) => assert.deepEqual(store.entries, [full]));
});

const one = wireEntry("m");
const refused: [why: string, manifest: unknown, message: RegExp][] = [
  ["no JSON", "{", /not JSON/],
  ["an unknown key", { version: 1, models: [], extra: 1 }, /extra/],
  ["an unknown key in an entry", { version: 1, models: [{ ...one, status: "trusted" }] }, /status/],
  ["two of one name", { version: 1, models: [one, { ...one, filename: "n.gguf" }] }, /one name/],
  ["two of one filename", { version: 1, models: [one, { ...one, name: "n" }] }, /one filename/],
  ["version 0", { version: 0, models: [] }, /version/],
  ["no models", { version: 1 }, /models/],
  ["a bare list", [one], /expected object/],
  ["a path for filename", { version: 1, models: [{ ...one, filename: "../m.gguf" }] }, /filename/],
  ["an upper-case digest", { version: 1, models: [{ ...one, sha256: "A".repeat(64) }] }, /sha256/],
  ["an unknown format", { version: 1, models: [{ ...one, format: "pickle" }] }, /format/],
  ["a size of 0", { version: 1, models: [{ ...one, size_bytes: 0 }] }, /size_bytes/],
  ["a time that is none", { version: 1, models: [{ ...one, promoted_at: "yesterday" }] }, /promoted_at/],
  ["more than 16 MiB", " ".repeat(16 * 1024 * 1024 + 1), /16 MiB/],
];
for (const [why, manifest, message] of refused) {
  Deno.test(`ManifestStore.open() refuses ${why}`, () => {
    using places = new Places();
    const text = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
    Deno.writeTextFileSync(places.manifestPath, text);
    assertRefuses(places, "state/unreadable", message);
  });
}

Deno.test("ManifestStore.open() refuses what a newer version wrote", () => {
  using places = new Places();
  Deno.writeTextFileSync(places.manifestPath, `{"version":2,"models":{}}`);
  assertRefuses(places, "state/newer-schema", /newer version/);
  Deno.removeSync(places.manifestPath);
  Deno.writeTextFileSync(places.pinPath, `{"schema":2,"manifests":["absent"]}`);
  assertRefuses(places, "state/newer-schema", /newer version/);
});

Deno.test("ManifestStore.open() refuses a link in place of the manifest, a second process, a missing directory", () => {
  using places = new Places();
  Deno.symlinkSync("/dev/null", places.manifestPath);
  assertRefuses(places, "state/unreadable", /not a file/);
  Deno.removeSync(places.manifestPath);
  withStore(places, () => assertRefuses(places, "state/locked", /another registry/));
  withStore(places, () => {}); // the lock went with its holder
  Deno.removeSync(places.registryDir);
  assertRefuses(places, "state/unreadable", /Cannot open registry directory/);
});

const intrusions: [why: string, act: (places: Places) => void][] = [
  ["changed", (places) => Deno.writeTextFileSync(places.manifestPath, `{"version":1,"models":[]}`)],
  ["removed", (places) => Deno.removeSync(places.manifestPath)],
  ["replaced by a link", (places) => {
    Deno.removeSync(places.manifestPath);
    Deno.symlinkSync("/dev/null", places.manifestPath);
  }],
];
for (const [why, act] of intrusions) {
  Deno.test(`a manifest ${why} by somebody else stops the next write, and the next start`, () => {
    using places = new Places();
    withStore(places, (store) => {
      store.add(entry("a"));
      assert.ok(store.isIntact());
      act(places);
      assert.ok(!store.isIntact());
      assert.throws(() => store.add(entry("b")), { name: "StoreError" });
      assert.deepEqual(store.entries.map((e) => e.name), ["a"]);
    });
    assertRefuses(places, "state/unreadable", /another program changed it|not a file/);
    // How an operator accepts what is there, or starts afresh.
    Deno.removeSync(places.pinPath);
    if (why === "replaced by a link") Deno.removeSync(places.manifestPath);
    withStore(places, (store) => assert.deepEqual(store.entries, []));
  });
}

Deno.test("a write that fails changes nothing, in memory or on disk", () => {
  using places = new Places();
  withStore(places, (store) => {
    store.add(entry("a"));
    const before = Deno.readTextFileSync(places.manifestPath);
    Deno.renameSync(places.stateDir, `${places.stateDir}.gone`);
    assert.throws(() => store.add(entry("b")));
    Deno.renameSync(`${places.stateDir}.gone`, places.stateDir);
    assert.equal(Deno.readTextFileSync(places.manifestPath), before);
    assert.deepEqual(store.entries.map((e) => e.name), ["a"]);
    store.add(entry("b"));
  });
  assert.equal(places.manifest().models.length, 2);
});

Deno.test("a process killed at any moment of writing leaves a manifest that opens", async () => {
  using places = new Places();
  const program = new URL("programs/endless_writer.ts", import.meta.url).pathname;
  const { registryDir, pinPath } = places;
  const args = [JSON.stringify({ registryDir, pinPath }), JSON.stringify(wireEntry("m"))];
  let last = 0;
  for (let round = 0; round < 4; round++) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-check", "--allow-read", "--allow-write", program, ...args],
      stdout: "piped",
    }).spawn();
    await child.stdout.values().next(); // "ready"
    await new Promise((resolve) => setTimeout(resolve, 15 + 7 * round));
    child.kill("SIGKILL");
    await child.status;
    await child.stdout.cancel().catch(() => {});
    const names = withStore(places, (opened) => opened.entries.map((e) => e.name));
    assert.deepEqual(names, names.map((_, i) => `m${i}`));
    assert.ok(names.length >= last);
    last = names.length;
  }
  assert.ok(last > 0);
});
