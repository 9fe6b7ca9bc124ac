import assert from "node:assert/strict";
import { join } from "node:path";
import type { ArtifactDigest, Origin, Policy, RuleId, Sha256 } from "../../src/model/mod.ts";
import { EMPTY_CATALOG } from "../../src/policy/catalog.ts";
import { decidePin, type PinQuestion, type PinVia } from "../../src/policy/decide_pin.ts";
import { EMPTY_LOCK, type ModelsLock } from "../../src/policy/lock.ts";
import { PinSet } from "../../src/policy/pin_set.ts";
import { PinStore } from "../../src/policy/pins.ts";
import { digestOf, now, startupMessage } from "./support.ts";

const [A, B, C] = [digestOf("a"), digestOf("b"), digestOf("c")];
const LOCAL: Origin = { kind: "local" };
const REMOTE: Origin = { kind: "remote", url: "https://huggingface.co/m.gguf" };

const file = (sha256: Sha256): ArtifactDigest => ({ sha256, sizeBytes: 1, files: [] });
const directory = (files: Record<string, Sha256>): ArtifactDigest => ({
  sha256: C,
  sizeBytes: 2,
  files: Object.entries(files).map(([path, sha256]) => ({ path, sha256, sizeBytes: 1 })),
});
const pinned = (names: Record<string, Sha256>) =>
  new PinSet(Object.entries(names).map(([filename, sha256]) => ({ filename, sha256, files: [] })));
const locked = (names: Record<string, Sha256>): ModelsLock => ({ pins: pinned(names), blocked: new Map() });
const blocking = (digest: Sha256): ModelsLock => ({
  pins: pinned({ "m.gguf": A }),
  blocked: new Map([[digest, "leaks"]]),
});
const filesLocked: ModelsLock = {
  pins: new PinSet([{
    filename: "d",
    sha256: null,
    files: [{ path: "a", sha256: A }, { path: "b", sha256: B }],
  }]),
  blocked: new Map(),
};
const uploaded = `${"0123456789abcdef".repeat(2)}_m.gguf`;

const ask = (more: Partial<PinQuestion>): PinQuestion => ({
  name: "m.gguf",
  digest: file(A),
  origin: LOCAL,
  localImports: "allow",
  lock: EMPTY_LOCK,
  catalog: EMPTY_CATALOG,
  pins: new PinSet([]),
  ...more,
});

const accepted: [why: string, question: Partial<PinQuestion>, via: PinVia][] = [
  ["P006 an unknown local artifact once", {}, "first-use"],
  ["P031 P038 a pin of the lock", { lock: locked({ "m.gguf": A }) }, "lock"],
  ["a remote artifact the lock pins", { lock: locked({ "m.gguf": A }), origin: REMOTE }, "lock"],
  ["P108 a pin of the catalog", { catalog: pinned({ "m.gguf": A }), origin: REMOTE }, "catalog"],
  ["P108 a pin of an earlier promotion", { pins: pinned({ "m.gguf": A }) }, "pin"],
  ["a digest whoever asks gave", { origin: REMOTE, expected: A }, "given"],
  ["a pin and the same digest given", { lock: locked({ "m.gguf": A }), expected: A }, "lock"],
  ["known bytes under a new name", { name: "n.gguf", lock: locked({ "m.gguf": A }), origin: REMOTE }, "lock"],
  ["promoted bytes from elsewhere under a new name", {
    name: "n.gguf",
    pins: pinned({ "m.gguf": A }),
    origin: REMOTE,
  }, "pin"],
  ["an upload through the browser", { name: uploaded, pins: pinned({ "m.gguf": A }) }, "pin"],
  [
    "the lock over an older promotion",
    { lock: locked({ "m.gguf": A }), pins: pinned({ "m.gguf": B }) },
    "lock",
  ],
  ["the lock over the catalog", { lock: locked({ "m.gguf": A }), catalog: pinned({ "m.gguf": B }) }, "lock"],
  ["a pinned local artifact where pins are required", {
    lock: locked({ "m.gguf": A }),
    localImports: "require_pin",
  }, "lock"],
  [
    "a directory pinned file by file",
    { name: "d", digest: directory({ a: A, b: B }), lock: filesLocked },
    "lock",
  ],
  ["other bytes than the blocked ones", { lock: blocking(B) }, "lock"],
];
for (const [why, question, via] of accepted) {
  Deno.test(`decidePin() takes ${why}`, () => assert.deepEqual(decidePin(ask(question)), { ok: true, via }));
}

const mismatch = (expected: Sha256, actual: Sha256) =>
  `hash mismatch expected: ${expected} actual: ${actual}`;

const refused: [why: string, question: Partial<PinQuestion>, rule: RuleId, message: string, path?: string][] =
  [
    [
      "P006 a remote artifact nobody pinned",
      { origin: REMOTE },
      "integrity/unpinned",
      "remote artifact has no pinned hash",
    ],
    [
      "P110 other bytes than the lock's",
      { lock: locked({ "m.gguf": B }) },
      "integrity/mismatch",
      mismatch(B, A),
    ],
    [
      "other bytes than the catalog's",
      { catalog: pinned({ "m.gguf": B }) },
      "integrity/mismatch",
      mismatch(B, A),
    ],
    [
      "P109 other bytes than the promoted ones",
      { pins: pinned({ "m.gguf": B }) },
      "integrity/mismatch",
      mismatch(B, A),
    ],
    ["other bytes than those given", { expected: B }, "integrity/mismatch", mismatch(B, A)],
    [
      "other bytes than the lock's though they were given",
      {
        lock: locked({ "m.gguf": B }),
        expected: A,
      },
      "integrity/mismatch",
      mismatch(B, A),
    ],
    [
      "one pinned model under the name of another",
      {
        lock: locked({ "m.gguf": B, "n.gguf": A }),
      },
      "integrity/mismatch",
      mismatch(B, A),
    ],
    [
      "other bytes in an upload through the browser",
      {
        name: uploaded,
        pins: pinned({ "m.gguf": B }),
      },
      "integrity/mismatch",
      mismatch(B, A),
    ],
    ["blocked bytes", { lock: blocking(A) }, "integrity/blocked", `sha256 ${A} is blocked: leaks`],
    [
      "blocked bytes under another name, though given",
      {
        name: "n.gguf",
        lock: blocking(A),
        expected: A,
        pins: pinned({ "n.gguf": A }),
      },
      "integrity/blocked",
      `sha256 ${A} is blocked: leaks`,
    ],
    [
      "blocked bytes inside a directory",
      {
        name: "d",
        digest: directory({ "x/y": A }),
        lock: blocking(A),
      },
      "integrity/blocked",
      `"x/y" sha256 ${A} is blocked: leaks`,
      "x/y",
    ],
    [
      "an unknown local artifact where pins are required",
      {
        localImports: "require_pin",
      },
      "integrity/pin-required",
      "local artifact has no pinned hash, and the policy requires one",
    ],
    [
      "an unknown local artifact where there are none",
      {
        localImports: "refuse",
      },
      "origin/local-refused",
      "the policy refuses local imports",
    ],
    [
      "one changed file in a directory",
      {
        name: "d",
        digest: directory({ a: A, b: C }),
        lock: filesLocked,
      },
      "integrity/mismatch",
      mismatch(B, C),
      "b",
    ],
    [
      "a missing file",
      {
        name: "d",
        digest: directory({ a: A }),
        lock: filesLocked,
      },
      "integrity/mismatch",
      '"b" is pinned and missing',
      "b",
    ],
    [
      "a file more",
      {
        name: "d",
        digest: directory({ a: A, b: B, "c\n": C }),
        lock: filesLocked,
      },
      "integrity/mismatch",
      '"c\\x0a" is not among the pinned files',
      "c\n",
    ],
  ];
for (const [why, question, rule, message, path] of refused) {
  Deno.test(`decidePin() refuses ${why}`, () => {
    const expected = { ok: false, rule, message, ...(path === undefined ? {} : { path }) };
    assert.deepEqual(decidePin(ask(question)), expected);
  });
}

Deno.test("what local_imports says changes nothing for remote artifacts", () => {
  const all: readonly Policy["models"]["localImports"][] = ["allow", "require_pin", "refuse"];
  for (const localImports of all) {
    const decision = decidePin(ask({ origin: REMOTE, localImports }));
    assert.ok(!decision.ok && decision.rule === "integrity/unpinned");
  }
});

function withStore(run: (store: PinStore, path: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    const path = join(directory, "pins.json");
    run(new PinStore(path), path);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("P109 P160 PinStore keeps the first digest of a name, across processes", () => {
  withStore((store, path) => {
    assert.deepEqual(store.list(), []);
    store.record({ name: "m.gguf", sha256: A, sizeBytes: 5 }, now());
    store.record({ name: "m.gguf", sha256: A, sizeBytes: 5 }, new Date());
    store.record({ name: "a.gguf", sha256: B, sizeBytes: 6 }, now());
    assert.deepEqual(new PinStore(path).list().map((pin) => pin.filename), ["a.gguf", "m.gguf"]);
    const pins = new PinStore(path).asSet();
    assert.deepEqual(decidePin(ask({ pins })), { ok: true, via: "pin" });
    assert.ok(!decidePin(ask({ pins, digest: file(B) })).ok);
    assert.equal(
      Deno.readTextFileSync(path),
      `{
  "schema": 1,
  "pins": [
    {
      "filename": "a.gguf",
      "sha256": "${B}",
      "size_bytes": 6,
      "first_seen": "2026-11-21T12:00:00.000Z"
    },
    {
      "filename": "m.gguf",
      "sha256": "${A}",
      "size_bytes": 5,
      "first_seen": "2026-11-21T12:00:00.000Z"
    }
  ]
}
`,
    );
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o137, 0);
    assert.deepEqual([...Deno.readDirSync(join(path, ".."))].map((entry) => entry.name), ["pins.json"]);
  });
});

Deno.test("PinStore takes the new digest when another authority overruled the old one", () => {
  withStore((store) => {
    store.record({ name: "m.gguf", sha256: A, sizeBytes: 5 }, now());
    store.record({ name: "m.gguf", sha256: B, sizeBytes: 5 }, now());
    assert.deepEqual(store.list().map((pin) => pin.sha256), [B]);
  });
});

Deno.test("PinStore records and forgets browser uploads under the name they had before", () => {
  withStore((store) => {
    store.record({ name: uploaded, sha256: A, sizeBytes: 5 }, now());
    assert.deepEqual(store.list().map((pin) => pin.filename), ["m.gguf"]);
    assert.equal(store.forget("n.gguf"), false);
    assert.equal(store.forget(uploaded), true);
    assert.equal(store.forget("m.gguf"), false);
    assert.deepEqual(store.list(), []);
  });
});

const unreadable: [why: string, content: string, code: string][] = [
  ["a newer schema, whatever else changed", '{"schema": 2, "pins": {"m.gguf": "x"}}', "state/newer-schema"],
  ["text that is not JSON", '{"schema": 1, "pins": [', "state/unreadable"],
  ["an empty file", "", "state/unreadable"],
  ["no schema", '{"pins": []}', "state/unreadable"],
  [
    "a digest that is none",
    '{"schema": 1, "pins": [{"filename": "m", "sha256": "x", "size_bytes": 1, "first_seen": "2026-11-21T12:00:00Z"}]}',
    "state/unreadable",
  ],
];
for (const [why, content, code] of unreadable) {
  Deno.test(`PinStore refuses ${why}, and leaves the file as it is`, () => {
    withStore((store, path) => {
      Deno.writeTextFileSync(path, content);
      startupMessage(code, () => store.list());
      startupMessage(code, () => store.record({ name: "m", sha256: A, sizeBytes: 1 }, now()));
      startupMessage(code, () => store.forget("m"));
      assert.equal(Deno.readTextFileSync(path), content);
    });
  });
}
