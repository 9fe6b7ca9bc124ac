import assert from "node:assert/strict";
import { disguiseFinding, formatDenied, polyglotFinding } from "../../src/formats/disguise.ts";
import { type FileKind, identify, otherFaces, scanRegion } from "../../src/formats/sniff.ts";
import { MemorySource } from "../../src/formats/source.ts";
import { DISGUISE_RULES } from "../../src/model/rules/disguise.ts";
import type { RuleId } from "../../src/model/mod.ts";
import * as make from "../make/disguise.ts";
import { Random } from "../make/random.ts";
import {
  DISGUISES,
  OTHER_DISGUISES,
  PAYLOADS,
  PLAIN_GGUF,
  POLYGLOTS,
  safetensors,
} from "../vectors/disguise.ts";
import { REAL_FILES } from "../vectors/real_files.ts";

const { join, raw } = make;

/** What the format gate would say of a file by its name and bytes alone. */
function refusal(name: string, bytes: Uint8Array): RuleId | null {
  const source = new MemorySource(bytes);
  const first = identify(source);
  const disguise = disguiseFinding(name, first);
  if (disguise !== null) return disguise.rule;
  const [other] = otherFaces(source, first);
  return other === undefined ? null : polyglotFinding(first, other).rule;
}

for (const { why, name, bytes, rule } of [...DISGUISES, ...OTHER_DISGUISES, ...POLYGLOTS]) {
  Deno.test(`P104 ${name} is refused when it is ${why}`, () => {
    assert.equal(refusal(name, bytes), rule);
    const shifted = join("shift", bytes).subarray(5);
    assert.equal(refusal(name, shifted), rule, "the same in a view that does not start its buffer");
  });
}

/** Not about bytes but about what the policy lists. */
const OF_POLICY = ["disguise/denied-format", "disguise/format-not-allowed"];

Deno.test("every disguise rule has an attack that it refuses", () => {
  const vectors = [...DISGUISES, ...OTHER_DISGUISES, ...POLYGLOTS].map(({ rule }) => rule);
  const shown = new Set<string>([
    ...vectors,
    ...PAYLOADS.map(([, , rule]) => rule),
    "disguise/candidate-flood",
  ]);
  const silent = Object.keys(DISGUISE_RULES).filter((rule) => !shown.has(rule) && !OF_POLICY.includes(rule));
  assert.deepEqual(silent, []);
});

for (const { made, kind, bytes } of REAL_FILES) {
  Deno.test(`identify() knows the ${kind} that came from ${made}`, () => {
    assert.equal(identify(new MemorySource(bytes)).kind, kind);
  });
}

const jsonTensor = raw(`{"vocab":{"#!/bin/sh":1,"MZ":2,"PK":3,"cos\\nsystem\\n":4}}`);
const clean: [why: string, name: string, bytes: Uint8Array, kind: FileKind][] = [
  ["a GGUF model", "m.gguf", PLAIN_GGUF, "gguf"],
  ["a name in capitals", "M.GGUF", PLAIN_GGUF, "gguf"],
  ["a safetensors model", "m.safetensors", safetensors(64), "safetensors"],
  ["a header length of 640, bytes 80 02", "m.safetensors", headerOf(640), "safetensors"],
  ["a header length of 1152, bytes 80 04", "m.safetensors", headerOf(1152), "safetensors"],
  [
    "a header that quotes a pickle",
    "m.safetensors",
    safetensors(8, raw("(cos\nsys"), `"__metadata__":{"a":"cos\\nsystem\\n(S'x'\\ntR."},`),
    "safetensors",
  ],
  ["a header behind white space", "m.safetensors", headerBehind(2000), "safetensors"],
  ["JSON that talks of pickles", "tokenizer.json", jsonTensor, "json"],
  ["a JSON list", "special_tokens_map.json", raw("[1, 2]"), "json"],
  ["a one-line JSON object", "config.json", raw("{}"), "json"],
  ["Markdown with a web page's comment", "README.md", raw("<!-- hello -->\n# Model\n"), "text"],
  ["Markdown in HTML", "README.md", raw("<div align=center>\n# Model\n</div>"), "html"],
  ["a numbered list", "README.md", raw("(1). First\n"), "text"],
  ["a list of words like GLOBAL and STOP", "list.txt", raw("cache\nlogs\n.env\n"), "text"],
  ["a licence that starts like GLOBAL", "LICENSE.txt", raw("copyright\nnobody\n(c) 2026.\n"), "text"],
  [
    "merges of a byte-level vocabulary",
    "merges.txt",
    new TextEncoder().encode("#version: 0.2\nĠ t\nĀ Č\nčĊ Ġ\n"),
    "text",
  ],
  ["text cut in the middle of a character", "long.txt", new TextEncoder().encode("€".repeat(4000)), "text"],
  ["a template", "chat_template.jinja", raw("{% for m in messages %}{{ m.content }}{% endfor %}"), "text"],
  ["a SentencePiece tokenizer", "tokenizer.model", make.sentencepiece(), "sentencepiece"],
  ["a vocabulary with a DEL", "vocab.json", raw('{"\x7f":1}'), "json"],
  ["an empty marker", ".gitkeep", new Uint8Array(0), "empty"],
  ["an empty text", "merges.txt", new Uint8Array(0), "empty"],
  ["bytes that are nothing", "weights.dat", new Random(9).bytes(5000), "unknown"],
];

function headerOf(headerBytes: number): Uint8Array {
  const header = '{"w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}'.padEnd(headerBytes);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, headerBytes, true);
  return join(length, header, new Uint8Array(8));
}

function headerBehind(spaces: number): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, spaces + 2, true);
  return join(length, " ".repeat(spaces), "{}");
}

for (const [why, name, bytes, kind] of clean) {
  Deno.test(`P104 ${name} passes: ${why}`, () => {
    assert.equal(identify(new MemorySource(bytes)).kind, kind);
    assert.equal(refusal(name, bytes), null);
  });
}

Deno.test("identify() says what a pickle would import", () => {
  const { what, evidence } = identify(new MemorySource(make.pickle({ protocol: 4, by: "memo" })));
  assert.match(what, /pickle that would import no_such_module_aiq\.act$/);
  assert.deepEqual(evidence, {
    protocol: 4,
    globals: ["no_such_module_aiq.act"],
    calls: 1,
    extensions: 0,
    end: "stop",
  });
});

Deno.test("disguiseFinding() says what the name claims and what the bytes are", () => {
  const found = disguiseFinding("model.gguf", identify(new MemorySource(make.lfsPointer())), {
    path: "unet/model.gguf",
  });
  assert.match(found?.message ?? "", /^the name claims \.gguf, but this is a Git LFS pointer/);
  assert.equal(found?.path, "unet/model.gguf");
});

const denied: [name: string, bytes: Uint8Array, formats: string[], told: string | null][] = [
  ["m.gguf", make.pickle({ protocol: 2 }), ["pickle", "pt", "bin"], "pickle"],
  ["m.pkl", make.pickle({ protocol: 2 }), ["pickle", "pt", "bin"], "pickle"],
  ["m.pt", make.pytorchZip(), ["pickle", "pt", "bin"], "pt"],
  ["m.gguf", make.pytorchZip(), ["pickle"], "pickle"],
  ["m.bin", make.pytorchZip(), ["bin"], "bin"],
  ["m.bin", new Random(1).bytes(99), ["pickle", "pt", "bin"], "bin"],
  ["m.PTH", new Random(1).bytes(99), ["pt"], "pt"],
  ["m.h5", make.hdf5(), [".h5"], "h5"],
  ["m.gguf", PLAIN_GGUF, ["gguf"], "gguf"],
  ["m.gguf", PLAIN_GGUF, ["pickle", "pt", "bin"], null],
  ["m.constructor", new Random(1).bytes(99), ["pickle"], null],
];
for (const [name, bytes, formats, told] of denied) {
  Deno.test(`P107 ${name} under deny_formats ${formats}: ${told}`, () => {
    assert.equal(formatDenied(identify(new MemorySource(bytes)), name, formats), told);
  });
}

const regions: [why: string, region: Uint8Array, kind: FileKind | null, at: number][] = [
  ["one stray byte", raw("\x01"), null, 0],
  ["zeros", new Uint8Array(100), null, 0],
  ["noise", new Random(2).bytes(100_000), null, 0],
  ["text", raw("call me"), "text", 0],
  ["a ZIP", make.pytorchZip(), "pytorch-zip", 0],
  ["a ZIP behind noise", join(new Random(3).bytes(70_000), make.pytorchZip()), "pytorch-zip", 70_000],
  ["a program behind zeros", join(new Uint8Array(4096), make.elf()), "elf", 4096],
  ["a pickle of protocol 0", make.pickle({ protocol: 0 }), "pickle", 0],
  ["a program behind long text", join("x".repeat(9000), make.pe()), "pe", 9000],
];
for (const [why, region, kind, at] of regions) {
  Deno.test(`scanRegion() finds ${kind ?? "nothing"} in ${why}`, () => {
    const file = join(PLAIN_GGUF, region, PLAIN_GGUF);
    const begin = PLAIN_GGUF.byteLength;
    const hidden = scanRegion(new MemorySource(file), begin, begin + region.byteLength);
    assert.equal(hidden?.identity.kind ?? null, kind);
    assert.equal(hidden?.offset ?? begin, begin + at);
  });
}

Deno.test("identify() takes every beginning of every file without an error", () => {
  for (const { bytes } of [...DISGUISES, ...POLYGLOTS, ...REAL_FILES]) {
    const whole = bytes.subarray(0, 700);
    for (let length = 0; length < whole.byteLength; length += 3) {
      const source = new MemorySource(whole.subarray(0, length));
      otherFaces(source, identify(source));
    }
  }
});
