import assert from "node:assert/strict";
import { FILE_LIMITS, type PickleReport, walkPickle } from "../../src/formats/pickle.ts";
import { type ByteSource, MemorySource } from "../../src/formats/source.ts";
import * as make from "../make/disguise.ts";
import { REAL_FILES } from "../vectors/real_files.ts";

const { join, raw } = make;
const walk = (bytes: Uint8Array | string, limits = FILE_LIMITS): PickleReport =>
  walkPickle(new MemorySource(typeof bytes === "string" ? raw(bytes) : bytes), 0, limits);

for (const protocol of [0, 1, 2, 3, 4, 5] as const) {
  for (const by of ["GLOBAL", "STACK_GLOBAL", "INST", "memo", "escaped"] as const) {
    Deno.test(`walkPickle() names the import of protocol ${protocol} by ${by}`, () => {
      const bytes = make.pickle({ protocol, by, framed: protocol >= 4 });
      const { end, globals, calls, endOffset } = walk(bytes);
      assert.deepEqual({ end, globals, calls, endOffset }, {
        end: "stop",
        globals: ["no_such_module_aiq.act"],
        calls: 1,
        endOffset: bytes.byteLength,
      });
    });
  }
}

Deno.test("walkPickle() walks what CPython writes to its last byte, in every protocol", () => {
  const written = REAL_FILES.filter(({ made }) => made.startsWith("pickle.dumps, protocol"));
  assert.equal(written.length, 6);
  for (const [protocol, { bytes }] of written.entries()) {
    const report = walk(bytes);
    assert.equal(report.end, "stop");
    assert.equal(report.endOffset, bytes.byteLength);
    assert.equal(report.protocol, protocol);
    assert.deepEqual(report.globals, ["no_such_module_aiq.act"]);
  }
});

const ends: [why: string, opcodes: string, end: PickleReport["end"], opcodeCount: number][] = [
  ["the smallest pickle", "N.", "stop", 2],
  ["nothing", "", "truncated", 0],
  ["STOP with nothing to return", ".", "broken", 0],
  ["a byte that is no opcode", "N\x00", "broken", 1],
  ["protocol 5", "\x80\x05N.", "stop", 3],
  ["protocol 6", "\x80\x06N.", "broken", 0],
  ["more popped than pushed", "0", "broken", 0],
  ["POP of a mark", "(0N.", "stop", 4],
  ["a mark that keeps the stack below out of reach", "N(a", "broken", 2],
  ["REDUCE with one value", "NR", "broken", 1],
  ["TUPLE without a mark", "t.", "broken", 0],
  ["a string longer than the file", "X\xff\xff\xff\xffabc", "truncated", 0],
  ["a length of 2^63", "\x8d\0\0\0\0\0\0\0\x80abc", "truncated", 0],
  ["a number with letters Python takes", "I0x1f\n.", "stop", 2],
  ["a number that ends in NUL and more", "I1\0junk\n.", "stop", 2],
  ["a number that is none", "I?\n.", "broken", 0],
  ["a string without its quote", "Sabc\n.", "broken", 0],
  ["an unknown memo entry", "h\x05.", "broken", 0],
  ["a memo entry of its own", "Nq\x05h\x05.", "stop", 4],
  ["a module no import takes", "cnot a module\nx\n.", "broken", 0],
  ["STACK_GLOBAL of numbers", "K\x01K\x02\x93.", "broken", 2],
  ["a line without its end", "Vabc", "truncated", 0],
];
for (const [why, opcodes, end, count] of ends) {
  Deno.test(`walkPickle() ends ${end} on ${why}`, () => {
    const report = walk(opcodes);
    assert.deepEqual([report.end, report.opcodes], [end, count]);
  });
}

const spellings: [why: string, opcodes: string][] = [
  ["after BUILD with None, which leaves a string a string", "\x80\x04\x8c\x02osNb\x8c\x01f\x93)R."],
  ["after ADDITEMS of nothing", "\x80\x04\x8c\x02os(\x90\x8c\x01f\x93)R."],
  ["after SETITEMS of nothing", "\x80\x04\x8c\x02os(u\x8c\x01f\x93)R."],
  ["after APPENDS of nothing", "\x80\x04\x8c\x02os(e\x8c\x01f\x93)R."],
  ["doubled and popped", "\x80\x04\x8c\x02os20\x8c\x01f20\x93)R."],
  ["in Unicode escapes", "\x80\x02V\\u006f\\U00000073\nVf\n\x93)R."],
  ["in octal escapes", "\x80\x02S'\\157s'\nS\"f\"\n\x93)R."],
  ["with POP_MARK between", "\x80\x04\x8c\x02os(NN1\x8c\x01f\x93)R."],
  ["by a module with a non-ASCII letter beside it", "c\xc3\x9cn\nf\n0cos\nf\n)R."],
];
for (const [why, opcodes] of spellings) {
  Deno.test(`walkPickle() names an import spelled ${why}`, () => {
    const { end, globals } = walk(opcodes);
    assert.deepEqual([end, globals.at(-1)], ["stop", "os.f"]);
  });
}

const limits = { maxOpcodes: 10, maxReadBytes: 1 << 20 };
for (const [opcodes, end] of [[9, "stop"], [10, "stop"], [11, "limit"]] as const) {
  Deno.test(`walkPickle() with a limit of 10 opcodes ends ${end} at ${opcodes}`, () => {
    assert.equal(walk("N".repeat(opcodes - 1) + ".", limits).end, end);
  });
}

Deno.test("walkPickle() reads no more than its limit, and skips what its length lets it skip", () => {
  let readBytes = 0;
  const long = new Uint8Array(8 << 20).fill(0x41);
  const counting = (bytes: Uint8Array): ByteSource => {
    const memory = new MemorySource(bytes);
    return {
      sizeBytes: bytes.byteLength,
      read: (at, into) => (readBytes += into.byteLength, memory.read(at, into)),
    };
  };
  const limit = { maxOpcodes: 100, maxReadBytes: 64 << 10 };
  assert.equal(walkPickle(counting(join("V", long)), 0, limit).end, "limit");
  assert.ok(readBytes <= 80 << 10, `${readBytes}`);
  readBytes = 0;
  assert.equal(walkPickle(counting(join("X\0\0\x80\0", long, ".")), 0, limit).end, "stop");
  assert.ok(readBytes <= 16 << 10, `${readBytes}`);
});

Deno.test("walkPickle() finishes half a million opcodes in well under a second", () => {
  const started = performance.now();
  assert.equal(walk("N\x94".repeat(260_000)).end, "limit");
  assert.ok(performance.now() - started < 2000);
});
