import assert from "node:assert/strict";
import { type Entry, fairShares, SettleWatch } from "../../src/admission/mod.ts";

const T0 = 1_000_000;

function entry(more: Partial<Entry> = {}): Entry {
  return {
    name: "m.gguf",
    path: "/in/m.gguf",
    shape: "file",
    fingerprint: "1",
    modifiedMs: T0,
    owner: 0,
    ...more,
  };
}

/** What happens to one entry over time: a look at it, or the kernel's word that its writer closed it. */
type Moment = readonly [atMs: number, what: Partial<Entry> | "closed" | "gone", settled?: boolean];

const rows: readonly (readonly [why: string, ...moments: readonly Moment[]])[] = [
  ["unchanged for five seconds", [0, {}, false], [4900, {}, false], [5000, {}, true]],
  ["old when it is first seen, such as one that was renamed in", [0, { modifiedMs: T0 - 5000 }, true]],
  ["closed and quiet for a second", [0, {}, false], [10, "closed"], [900, {}, false], [1010, {}, true]],
  [
    "written again after a close",
    [0, {}, false],
    [10, "closed"],
    [500, { fingerprint: "2", modifiedMs: T0 + 500 }, false],
    [1400, { fingerprint: "2", modifiedMs: T0 + 500 }, false],
    [1500, { fingerprint: "2", modifiedMs: T0 + 500 }, true],
  ],
  [
    "written long after the close that was seen",
    [0, {}, false],
    [10, "closed"],
    [600, { fingerprint: "2", modifiedMs: T0 + 590 }, false],
    [1500, { fingerprint: "3", modifiedMs: T0 + 1490 }, false],
    [3000, { fingerprint: "3", modifiedMs: T0 + 1490 }, false],
    [6500, { fingerprint: "3", modifiedMs: T0 + 1490 }, true],
  ],
  [
    "of tomorrow, by its own time",
    [0, { modifiedMs: T0 + 86_400_000 }, false],
    [10, "closed"],
    [4900, { modifiedMs: T0 + 86_400_000 }, false],
    [5000, { modifiedMs: T0 + 86_400_000 }, true],
  ],
  [
    "without a time that a calendar has",
    [0, { modifiedMs: NaN }, false],
    [5000, { modifiedMs: NaN }, true],
  ],
  [
    "a directory in which a file was closed",
    [0, { shape: "directory" }, false],
    [10, "closed"],
    [2000, { shape: "directory" }, false],
    [5000, { shape: "directory" }, true],
  ],
  ["a link, a pipe", [0, { shape: "other" }, true]],
  [
    "still there after it was offered",
    [0, { shape: "other" }, true],
    [250, { shape: "other" }, false],
    [59_999, { shape: "other" }, false],
    [60_000, { shape: "other" }, true],
  ],
  [
    "offered, gone, and dropped again",
    [0, { modifiedMs: T0 - 5000 }, true],
    [250, "gone"],
    [500, { modifiedMs: T0 - 5000 }, true],
  ],
  [
    "offered, and written to",
    [0, { modifiedMs: T0 - 5000 }, true],
    [250, { fingerprint: "2", modifiedMs: T0 + 240 }, false],
    [5250, { fingerprint: "2", modifiedMs: T0 + 240 }, true],
  ],
];

for (const [why, ...moments] of rows) {
  Deno.test(`SettleWatch knows when to take a file ${why}`, () => {
    const watch = new SettleWatch(T0 - 1);
    for (const [atMs, what, settled] of moments) {
      if (what === "closed") watch.sawClose("m.gguf", T0 + atMs);
      else {
        const entries = what === "gone" ? [] : [entry(what)];
        assert.equal(watch.settled(entries, T0 + atMs).length, settled === true ? 1 : 0, `after ${atMs} ms`);
      }
    }
  });
}

const early: readonly (readonly [why: string, ...moments: readonly Moment[]])[] = [
  ["is begun with after a second of quiet", [900, {}, false], [1000, {}, true]],
  ["and goes on being written", [900, {}, false], [1800, {
    fingerprint: "2",
    modifiedMs: T0 + 1700,
  }, false], [2900, { fingerprint: "2", modifiedMs: T0 + 1700 }, false]],
  ["in a directory waits the full time", [900, { shape: "directory" }, false], [
    4900,
    { shape: "directory" },
    false,
  ], [5000, { shape: "directory" }, true]],
];

for (const [why, ...moments] of early) {
  Deno.test(`what was last written before SettleWatch watched ${why}`, () => {
    const watch = new SettleWatch(T0 + 800);
    for (const [atMs, what, settled] of moments) {
      assert.equal(
        watch.settled([entry(typeof what === "string" ? {} : what)], T0 + atMs).length,
        settled ? 1 : 0,
      );
    }
  });
}

Deno.test("SettleWatch waits the full time for what was written to while it was examined", () => {
  const watch = new SettleWatch(T0 + 800);
  const written = entry({ fingerprint: "2", modifiedMs: T0 + 2000 });
  assert.equal(watch.settled([entry()], T0 + 900).length, 0);
  assert.equal(watch.settled([entry()], T0 + 1000).length, 1);
  watch.sawLateWriter("m.gguf");
  watch.sawClose("m.gguf", T0 + 2000);
  assert.equal(watch.settled([written], T0 + 2100).length, 0);
  assert.equal(watch.settled([written], T0 + 6900).length, 0);
  assert.equal(watch.settled([written], T0 + 7000).length, 1);
});

Deno.test("SettleWatch leaves what is more than an owner's share for the next look, not for a minute later", () => {
  const watch = new SettleWatch(T0 - 1);
  const drops = ["a", "b", "c"].map((name) => entry({ name, modifiedMs: T0 - 5000 }));
  assert.deepEqual(watch.settled(drops, T0, 2).map(({ name }) => name), ["a", "b"]);
  assert.deepEqual(watch.settled(drops.slice(2), T0 + 250, 2).map(({ name }) => name), ["c"]);
});

Deno.test("fairShares() takes at most so many of one owner in a round, in order", () => {
  const drops = [["a", 1], ["b", 1], ["c", 2], ["d", 1], ["e", 2]] as const;
  const entries = drops.map(([name, owner]) => entry({ name, owner }));
  assert.deepEqual(fairShares(entries, 2).map(({ name }) => name), ["a", "b", "c", "e"]);
  assert.deepEqual(fairShares(entries, 9).length, 5);
});
