import assert from "node:assert/strict";
import { recogniseArchive } from "../../src/formats/archive.ts";
import { Probe } from "../../src/formats/probe.ts";
import { MemorySource } from "../../src/formats/source.ts";
import { findZip } from "../../src/formats/zip.ts";
import * as make from "../make/disguise.ts";
import { Random } from "../make/random.ts";
import { REAL_FILES } from "../vectors/real_files.ts";

const { join, overwrite, raw } = make;
const kindOf = (bytes: Uint8Array) => recogniseArchive(new Probe(new MemorySource(bytes)))?.kind ?? null;
const real = (kind: string) => REAL_FILES.find((file) => file.kind === kind)?.bytes ?? new Uint8Array(0);

const magicAlone: [why: string, bytes: Uint8Array][] = [
  [
    "a local ZIP header without a known method",
    overwrite(make.zip([{ name: "a" }]), 8, raw("\x7f\x7f")).subarray(0, 31),
  ],
  ["a 7z whose start header was changed", overwrite(real("7z"), 20, raw("\x01"))],
  ["a gzip header before noise", join("\x1f\x8b\x08\0\0\0\0\0\0\x03", new Random(4).bytes(4096))],
  ["a gzip with a reserved flag", overwrite(make.gzip(), 3, raw("\x80"))],
  ["a gzip with a wrong checksum", overwrite(real("gzip"), 19, raw("\x01"))],
  ["a bzip2 without a block", raw("BZh9abcdefghij")],
  ["an xz with a wrong checksum", overwrite(real("xz"), 8, raw("\0\0"))],
  ["a zstd with its reserved bit", overwrite(real("zstd"), 4, raw("\x2c"))],
  ["a tar with a wrong checksum", overwrite(make.tar(["a"]), 3, raw("b"))],
  ["a block of zeros", new Uint8Array(1024)],
];
for (const [why, bytes] of magicAlone) {
  Deno.test(`recogniseArchive() is not taken in by ${why}`, () => assert.equal(kindOf(bytes), null));
}

const zips: [why: string, bytes: Uint8Array, begin: number | null][] = [
  ["from the first byte", make.zip([{ name: "a" }]), 0],
  ["behind a prefix", make.zip([{ name: "a" }], { prefix: new Uint8Array(1000) }), 1000],
  ["with a comment of 65,535 bytes", make.zip([{ name: "a" }], { comment: "x".repeat(65_535) }), 0],
  [
    "with an end record quoted in its comment",
    make.zip([{ name: "a" }], { comment: "PK\x05\x06".padEnd(60, "\x01") }),
    0,
  ],
  ["that is empty", make.zip([]), null],
  ["whose directory lies elsewhere", overwriteEndOffset(make.zip([{ name: "a" }])), null],
  ["too far from the end", join(make.zip([{ name: "a" }]), new Uint8Array(65_536)), null],
];
for (const [why, bytes, begin] of zips) {
  Deno.test(`findZip() on a ZIP ${why}: ${begin}`, () => {
    assert.equal(findZip(new MemorySource(bytes))?.beginOffset ?? null, begin);
  });
}

function overwriteEndOffset(zip: Uint8Array): Uint8Array {
  return overwrite(zip, zip.byteLength - 10, raw("\xff\x7f"));
}

Deno.test("findZip() follows a 64-bit end record", () => {
  const narrow = make.zip([{ name: "archive/data.pkl" }]);
  const end = new DataView(narrow.buffer, narrow.byteOffset + narrow.byteLength - 22);
  const wide = new Uint8Array(76);
  const view = new DataView(wide.buffer);
  wide.set(raw("PK\x06\x06"), 0);
  view.setBigUint64(32, 1n, true);
  view.setBigUint64(40, BigInt(end.getUint32(12, true)), true);
  view.setBigUint64(48, BigInt(end.getUint32(16, true)), true);
  wide.set(raw("PK\x06\x07"), 56);
  const saturated = overwrite(narrow.subarray(-22), 8, raw("\xff".repeat(12)));
  const found = findZip(new MemorySource(join(narrow.subarray(0, -22), wide, saturated)));
  assert.deepEqual(found?.names, ["archive/data.pkl"]);
});

Deno.test("findZip() of thousands of false end records is done at once", () => {
  const started = performance.now();
  assert.equal(findZip(new MemorySource(raw("PK\x05\x06".repeat(20_000)))), null);
  assert.ok(performance.now() - started < 1000);
});
