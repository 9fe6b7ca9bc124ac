import assert from "node:assert/strict";
import { hiddenFinding } from "../../src/formats/disguise.ts";
import {
  type Candidate,
  CandidateJudge,
  EmbeddedScanner,
  hiddenIn,
  pickleAtStart,
} from "../../src/formats/embedded.ts";
import { MemorySource } from "../../src/formats/source.ts";
import { FormatError, type RuleId } from "../../src/model/mod.ts";
import * as make from "../make/disguise.ts";
import { Random } from "../make/random.ts";
import { PAYLOADS } from "../vectors/disguise.ts";

const { join, overwrite, raw } = make;
const NOISE: Uint8Array = new Random(11).bytes(256 << 10);

function scan(bytes: Uint8Array, chunkBytes: number): Candidate[] {
  const scanner = new EmbeddedScanner();
  const found: Candidate[] = [];
  for (let at = 0; at < bytes.byteLength; at += chunkBytes) {
    found.push(...scanner.push(bytes.subarray(at, at + chunkBytes), at));
  }
  return found;
}

for (const [why, payload, rule] of PAYLOADS) {
  Deno.test(`tensor data that hides ${why} is refused, wherever it begins`, () => {
    for (const at of [0, 1, 2, 3, 4097, 70_002, 70_003, NOISE.byteLength - payload.byteLength]) {
      const source = new MemorySource(overwrite(NOISE, at, payload));
      const hidden = hiddenIn(source);
      assert.ok(hidden !== null, `at ${at}`);
      const found = hiddenFinding(hidden, "tensor data", { tensor: "w" });
      assert.equal(found.rule, rule);
      assert.ok(
        hidden.offset >= at && hidden.offset <= at + payload.byteLength,
        `${hidden.offset} for ${at}`,
      );
    }
  });
}

Deno.test("EmbeddedScanner finds the same whatever the sizes of its chunks", () => {
  const spread = PAYLOADS.reduce((data, [, payload], i) => overwrite(data, 5000 + 9001 * i, payload), NOISE);
  const part = spread.subarray(0, 64 << 10);
  const whole = scan(part, part.byteLength);
  assert.ok(whole.length > 5);
  // A chunk may end before a pickle breaks off, which makes a candidate that a longer one does not.
  const sure = (found: Candidate[]) => found.filter(({ pattern }) => pattern !== "pickle");
  for (const chunkBytes of [1, 2, 3, 5, 7, 8, 13, 64, 4096, 50_001]) {
    const found = scan(part, chunkBytes);
    assert.deepEqual(sure(found), sure(whole), `${chunkBytes}`);
    const offsets = new Set(found.map(({ offset }) => offset));
    assert.ok(whole.every(({ offset }) => offsets.has(offset)), `${chunkBytes}`);
    assert.equal(found.length, new Set(found.map((c) => `${c.pattern} ${c.offset}`)).size, "none twice");
  }
});

Deno.test("EmbeddedScanner finds the same in a view that does not start on a word", () => {
  const spread = overwrite(overwrite(NOISE.subarray(0, 4096), 8, make.elf()), 1001, make.sevenZip());
  const whole = scan(spread, 4096);
  for (let shift = 1; shift < 8; shift++) {
    assert.deepEqual(scan(join(" ".repeat(shift), spread).subarray(shift), 4096), whole);
  }
});

Deno.test("EmbeddedScanner counts offsets from where the caller's bytes are, and refuses a gap", () => {
  const scanner = new EmbeddedScanner();
  assert.deepEqual(scanner.push(raw("PK\x03"), 1000), []);
  assert.deepEqual(scanner.push(raw("\x04"), 1003), [{ pattern: "zip-entry", offset: 1000 }]);
  assert.throws(() => scanner.push(raw("x"), 1005), /Cannot scan bytes at 1005: the next are those at 1004/);
  assert.equal(scanner.overlapBytes, 7);
});

for (const protocol of [0, 1, 2, 3, 4, 5] as const) {
  Deno.test(`a tensor that begins as a pickle of protocol ${protocol} is found by its first byte`, () => {
    const bytes = overwrite(NOISE.subarray(0, 4096), 1000, make.pickle({ protocol }));
    assert.equal(pickleAtStart(new MemorySource(bytes), 1000)?.offset, 1000);
    assert.equal(pickleAtStart(new MemorySource(bytes), 999), null);
  });
}

/** 1 MiB of numbers of each sort, as weights are stored. */
function weights(kind: string): Uint8Array {
  const random = new Random(77);
  const count = 1 << 18;
  switch (kind) {
    case "random bytes":
      return random.bytes(4 * count);
    case "f32":
      return new Uint8Array(random.gaussians(count, 0.02).buffer);
    case "bf16":
      return everyOther(new Uint16Array(random.gaussians(2 * count, 0.02).buffer));
    case "f16":
      return new Uint8Array(Uint16Array.from({ length: 2 * count }, () => halfOf(random.gauss(0.02))).buffer);
    case "q8_0":
      return Uint8Array.from({ length: 4 * count }, (_, i) => i % 34 < 2 ? random.u32() : random.gauss(42));
    case "token ids":
      return new Uint8Array(Int32Array.from({ length: count }, (_, i) => i % 70_000).buffer);
    case "zeros":
      return new Uint8Array(4 * count);
    default:
      throw new Error(kind);
  }
}

/** The upper half of each 32-bit float is its bf16. */
function everyOther(halves: Uint16Array): Uint8Array {
  return new Uint8Array(
    Uint16Array.from({ length: halves.length / 2 }, (_, i) => halves[2 * i + 1] ?? 0).buffer,
  );
}

function halfOf(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  const exponent = ((bits >>> 23) & 0xff) - 112;
  return ((bits >>> 16) & 0x8000) | (exponent <= 0 ? 0 : (exponent << 10) | ((bits >>> 13) & 0x3ff));
}

for (const kind of ["random bytes", "f32", "bf16", "f16", "q8_0", "token ids", "zeros"]) {
  Deno.test(`tensor data of ${kind} passes`, () => {
    assert.equal(hiddenIn(new MemorySource(weights(kind))), null);
  });
}

const lookalikes: [why: string, bytes: Uint8Array][] = [
  ["a constant tensor of 80 02", raw("\x80\x02".repeat(500_000))],
  ["a constant tensor of 80 04", raw("\x80\x04".repeat(500_000))],
  ["a constant tensor that is one long run of opcodes", raw("\x80\x04K<".repeat(250_000))],
  ["integers of 640", raw("\x80\x02\0\0".repeat(250_000))],
  [
    "every magic, and no structure",
    every(
      "\x7fELF PK\x03\x04 PK\x05\x06 PE\0\0 7z\xbc\xaf\x27\x1c Rar!\x1a\x07 \x1f\x8b\x08 BZh9 ustar GGUF #!/ \xcf\xfa\xed\xfe \xca\xfe\xba\xbe \xfd7zXZ\0 MZ ",
    ),
  ],
  ["harmless pickles", raw("\x80\x04N.\x80\x02}.\x80\x03]q\0.".repeat(50_000))],
  ["a vocabulary that quotes scripts", raw("the\n#!/bin/sh\n#!/usr/bin/env python\nimport\n".repeat(1000))],
  ["a tokenizer in JSON", raw('{"#!/":1,"#!/usr/bin/env":2,"MZ":3,"PK":4,"cos\\nsystem\\n":5}'.repeat(1000))],
  ["byte-level merges", new TextEncoder().encode("Ā Č čĊ Ġthe ĀĂ\n".repeat(10_000))],
];

function every(magics: string): Uint8Array {
  return join(
    ...Array.from({ length: 64 }, (_, i) => new Random(i).bytes(i)).flatMap((noise) => [magics, noise]),
  );
}

for (const [why, bytes] of lookalikes) {
  Deno.test(`tensor data passes that is ${why}`, () => assert.equal(hiddenIn(new MemorySource(bytes)), null));
}

const floods: [why: string, bytes: Uint8Array][] = [
  ["pickles", raw("\x80\x02V".repeat(1 << 19))],
  ["ZIP entries", raw("PK\x03\x04".repeat(1 << 19))],
  ["programs", raw("PE\0\0d\x86\x01\0".padEnd(66, "\x01").repeat(1 << 15))],
  ["pickles that take long to refute", raw(`\x80\x02V${"a".repeat(200)}`.repeat(1 << 13))],
];
for (const [why, bytes] of floods) {
  Deno.test(`data made of endless beginnings of ${why} costs little`, () => {
    const started = performance.now();
    const verdict = attempt(() => hiddenIn(new MemorySource(bytes)));
    assert.ok(verdict === null || verdict === "disguise/candidate-flood", String(verdict));
    assert.ok(performance.now() - started < 3000);
  });
}

Deno.test("EmbeddedScanner refuses more candidates than chance can make", () => {
  const scanner = new EmbeddedScanner();
  assert.equal(attempt(() => scanner.push(raw("PK\x03\x04".repeat(10_000)), 0)), "disguise/candidate-flood");
});

Deno.test("CandidateJudge stops reading when its allowance is used up", () => {
  const judge = new CandidateJudge(new MemorySource(raw("\x80\x02V" + "a".repeat(4 << 20))));
  assert.equal(
    attempt(() => {
      for (let i = 0; i < 100; i++) judge.judge({ pattern: "pickle", offset: 0 });
    }),
    "disguise/candidate-flood",
  );
});

/** What a call returns, or the rule by which it refuses. */
function attempt<T>(call: () => T): T | RuleId {
  try {
    return call();
  } catch (error) {
    if (error instanceof FormatError) return error.rule;
    throw error;
  }
}
