import assert from "node:assert/strict";
import { recogniseExecutable } from "../../src/formats/executable.ts";
import { Probe } from "../../src/formats/probe.ts";
import { identify } from "../../src/formats/sniff.ts";
import { MemorySource } from "../../src/formats/source.ts";
import * as make from "../make/disguise.ts";
import { PLAIN_GGUF } from "../vectors/disguise.ts";

const { join, overwrite, raw } = make;
const kindOf = (bytes: Uint8Array) => recogniseExecutable(new Probe(new MemorySource(bytes)))?.kind ?? null;

const genuine: [why: string, bytes: Uint8Array, kind: string][] = [
  ["ELF, 64 bits", make.elf(), "elf"],
  ["ELF, 32 bits, big-endian", make.elf({ bits: 32, order: "big" }), "elf"],
  ["ELF object file", make.elf({ type: 1 }), "elf"],
  ["PE", make.pe(), "pe"],
  ["PE far behind its stub", make.pe(60_000), "pe"],
  ["Mach-O", make.machO(), "mach-o"],
  ["universal Mach-O", make.fatMachO(), "mach-o"],
  ["Java class", make.javaClass(), "java-class"],
];
for (const [why, bytes, kind] of genuine) {
  Deno.test(`recogniseExecutable() knows ${why}`, () => assert.equal(kindOf(bytes), kind));
}

const magicAlone: [why: string, bytes: Uint8Array][] = [
  ["an ELF magic before zeros", join("\x7fELF", new Uint8Array(100))],
  ["an ELF of class 3", overwrite(make.elf(), 4, raw("\x03"))],
  ["an ELF with another header size", overwrite(make.elf(), 52, raw("\x41"))],
  ["an ELF cut in its header", make.elf().subarray(0, 51)],
  ["MZ before zeros", join("MZ", new Uint8Array(1000))],
  ["MZ that points at no PE header", overwrite(make.pe(), 0x80, raw("PX"))],
  ["a PE of an unknown machine", overwrite(make.pe(), 0x84, raw("\x01\x01"))],
  ["MZ that points behind the end", overwrite(make.pe(), 0x3c, raw("\xff\xff\xff\x7f"))],
  ["a Mach-O for no processor", overwrite(make.machO(), 4, raw("\xff"))],
  ["a Mach-O without commands", overwrite(make.machO(), 16, raw("\0"))],
  ["CAFEBABE before zeros", join("\xca\xfe\xba\xbe", new Uint8Array(100))],
];
for (const [why, bytes] of magicAlone) {
  Deno.test(`recogniseExecutable() is not taken in by ${why}`, () => assert.equal(kindOf(bytes), null));
}

Deno.test("identify() knows the program that runs this test", async () => {
  const file = await Deno.open(Deno.execPath());
  const head = new Uint8Array(8192);
  await file.read(head);
  file.close();
  assert.ok(["elf", "mach-o", "pe"].includes(identify(new MemorySource(head)).kind));
});

const carriers: [why: string, bytes: Uint8Array, kind: string][] = [
  ["a portable executable with a model in its ZIP", make.llamafile(PLAIN_GGUF), "llamafile"],
  ["a program with a model behind it", join(make.elf(), new Uint8Array(100), PLAIN_GGUF), "llamafile"],
  ["a script with a model behind it", join(make.SCRIPT, "\n".repeat(5000), PLAIN_GGUF), "llamafile"],
  ["a portable executable alone", join("MZqFpD='\n", new Uint8Array(500)), "pe"],
  ["a program that only mentions GGUF", join(make.elf(), "GGUF is a format", new Uint8Array(64)), "elf"],
];
for (const [why, bytes, kind] of carriers) {
  Deno.test(`identify() calls ${why} ${kind}`, () =>
    assert.equal(identify(new MemorySource(bytes)).kind, kind));
}
