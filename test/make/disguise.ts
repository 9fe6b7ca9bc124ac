import { Buffer } from "node:buffer";
import { crc32, gzipSync } from "node:zlib";
import { ByteWriter } from "./gguf/bytes.ts";

/** Text as one byte a character: `"\x80\x02."` is three bytes. */
export function raw(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

export function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits, "hex"));
}

export function join(...parts: (Uint8Array | string)[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => typeof part === "string" ? raw(part) : part)));
}

/** `base` with `payload` written over it at `offset`. */
export function overwrite(base: Uint8Array, offset: number, payload: Uint8Array): Uint8Array {
  const bytes = base.slice();
  bytes.set(payload, offset);
  return bytes;
}

function little(count: 1 | 2 | 4 | 8, value: number | bigint): string {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, BigInt(value), true);
  return Buffer.from(bytes.buffer, 0, count).toString("latin1");
}

export interface PickleInput {
  readonly protocol: 0 | 1 | 2 | 3 | 4 | 5;
  /** A module that does not exist, so that the payload is inert wherever it ends up. */
  readonly imports?: readonly [module: string, name: string];
  readonly by?: "GLOBAL" | "STACK_GLOBAL" | "INST" | "memo" | "escaped";
  /** Opcodes between PROTO and the import, and between the call and STOP. */
  readonly before?: string;
  readonly after?: string;
  readonly ending?: "STOP" | "none";
  readonly framed?: boolean;
}

/** A pickle that imports and calls something, opcode by opcode. */
export function pickle(input: PickleInput): Uint8Array {
  const [module, name] = input.imports ?? ["no_such_module_aiq", "act"];
  const string = (text: string) => `\x8c${String.fromCharCode(text.length)}${text}`;
  const escaped = (text: string) =>
    `S'${[...text].map((char) => `\\x${char.charCodeAt(0).toString(16)}`).join("")}'\n`;
  const call = {
    GLOBAL: `c${module}\n${name}\n(S'x'\ntR`,
    STACK_GLOBAL: `${string(module)}\x94${string(name)}\x94\x93)R`,
    INST: `(S'x'\ni${module}\n${name}\n`,
    memo: `${string(module)}\x940${string(name)}\x940h\x00h\x01\x93)R`,
    escaped: `${escaped(module)}${escaped(name)}\x93)R`,
  }[input.by ?? "GLOBAL"];
  const body = `${input.before ?? ""}${call}${input.after ?? ""}${input.ending === "none" ? "" : "."}`;
  const frame = input.framed === true ? `\x95${little(8, body.length)}` : "";
  return raw(input.protocol < 2 ? body : `\x80${String.fromCharCode(input.protocol)}${frame}${body}`);
}

export interface ZipEntry {
  readonly name: string;
  readonly data?: Uint8Array;
  /** Lies: readers that check none of these open the file all the same. */
  readonly crc?: number;
  readonly flags?: number;
  readonly localName?: string;
}

/** A stored ZIP. `prefix` bytes stand before it and are counted in no offset, as for a program with a ZIP behind it. */
export function zip(
  entries: readonly ZipEntry[],
  more: { prefix?: Uint8Array; comment?: string } = {},
): Uint8Array {
  let local = "";
  let central = "";
  for (const { name, data = new Uint8Array(0), crc = crc32(data), flags = 0, localName = name } of entries) {
    const shared = (entryName: string) =>
      little(2, flags) + little(2, 0) + little(4, 0x5a21_0000) + little(4, crc) + little(4, data.byteLength) +
      little(4, data.byteLength) + little(2, entryName.length) + little(2, 0);
    central += `PK\x01\x02${little(2, 20)}${little(2, 20)}${shared(name)}${little(2, 0)}${little(2, 0)}${
      little(2, 0)
    }${little(4, 0)}${little(4, local.length)}${name}`;
    local += `PK\x03\x04${little(2, 20)}${shared(localName)}${localName}${
      Buffer.from(data).toString("latin1")
    }`;
  }
  const comment = more.comment ?? "";
  const end = `PK\x05\x06${little(4, 0)}${little(2, entries.length)}${little(2, entries.length)}${
    little(4, central.length)
  }${little(4, local.length)}${little(2, comment.length)}${comment}`;
  return join(more.prefix ?? "", local, central, end);
}

/** A PyTorch checkpoint as `torch.save` lays it out. */
export function pytorchZip(more: { prefix?: Uint8Array } = {}): Uint8Array {
  return zip([
    { name: "archive/data.pkl", data: pickle({ protocol: 2 }) },
    { name: "archive/data/0", data: new Uint8Array(64) },
    { name: "archive/version", data: raw("3\n") },
  ], more);
}

/** A tar of empty files; `v7` leaves out the `ustar` magic, which readers do not need. */
export function tar(names: readonly string[], form: "ustar" | "v7" = "ustar"): Uint8Array {
  const blocks = names.map((name) => {
    const block = new Uint8Array(512);
    block.set(raw(name), 0);
    block.set(raw("0000644\x000000000\x000000000\x0000000000000\x0000000000000\x00        0"), 100);
    if (form === "ustar") block.set(raw("ustar\x0000"), 257);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.set(raw(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
    return block;
  });
  return join(...blocks, new Uint8Array(1024));
}

/** The start of a 7z archive: signature and start header with the right checksum. */
export function sevenZip(): Uint8Array {
  const start = raw(little(8, 32) + little(8, 16) + little(4, 0x1234_5678));
  return join("7z\xbc\xaf\x27\x1c\x00\x04", little(4, crc32(start)), start, new Uint8Array(48));
}

export function elf(more: { bits?: 32 | 64; order?: "little" | "big"; type?: number } = {}): Uint8Array {
  const { bits = 64, order = "little", type = 2 } = more;
  const wide = bits === 64;
  const writer = new ByteWriter(order);
  const address = (value: number) => wide ? writer.u64(value) : writer.u32(value);
  writer.raw(raw(`\x7fELF${wide ? "\x02" : "\x01"}${order === "little" ? "\x01" : "\x02"}\x01`));
  writer.raw(new Uint8Array(9));
  writer.u16(type);
  writer.u16(wide ? 62 : 3);
  writer.u32(1);
  for (const value of [0x40_0000, wide ? 64 : 52, 0]) address(value);
  writer.u32(0);
  for (const value of wide ? [64, 56, 1, 64, 0, 0] : [52, 32, 1, 40, 0, 0]) writer.u16(value);
  writer.raw(new Uint8Array(64));
  return writer.finish();
}

/** `MZ`, then a PE header at `at`. */
export function pe(at = 0x80): Uint8Array {
  const bytes = new Uint8Array(at + 264);
  bytes.set(raw("MZ\x90"), 0);
  bytes.set(raw(little(4, at)), 0x3c);
  bytes.set(
    raw(`PE\0\0${little(2, 0x8664)}${little(2, 2)}${little(8, 0)}${little(4, 0)}${little(2, 240)}`),
    at,
  );
  bytes.set(raw(little(2, 0x22) + little(2, 0x20b)), at + 22);
  return bytes;
}

export function machO(): Uint8Array {
  const words = [0xfeed_facf, 0x0100_000c, 0, 2, 1, 72, 0, 0, 0x19, 72];
  return join(words.map((word) => little(4, word)).join(""), new Uint8Array(64));
}

export function fatMachO(): Uint8Array {
  const writer = new ByteWriter("big");
  for (const word of [0xcafe_babe, 1, 0x0100_000c, 0, 64, machO().byteLength, 6]) writer.u32(word);
  return join(writer.finish(), new Uint8Array(36), machO());
}

/** A class file: as many bytes as tell it from a universal Mach-O. */
export function javaClass(): Uint8Array {
  return raw(
    "\xca\xfe\xba\xbe\0\0\0\x34\0\x0a\x0a\0\x02\0\x03\x07\0\x04\x0c\0\x05\0\x06\x01\0\x10java/lang/Object",
  );
}

/** An Actually Portable Executable with a model in the ZIP behind it. */
export function llamafile(model: Uint8Array): Uint8Array {
  return join(
    "MZqFpD='\n\n",
    new Uint8Array(502),
    zip([{ name: "model.gguf", data: model }, { name: ".args" }]),
  );
}

/** A superblock of version 0 as it stands at the start of an HDF5 file. */
export function hdf5(): Uint8Array {
  return join("\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0\x10\0", new Uint8Array(76));
}

/** The three fields every ONNX model has: IR version, producer, graph. */
export function onnx(): Uint8Array {
  return raw("\x08\x0a\x12\x07builder\x3a\x04\x12\x02g0\x42\x04\x0a\x00\x10\x15");
}

export function tflite(): Uint8Array {
  return raw(
    little(4, 24) + "TFL3" + little(4, 0) + little(2, 8) + little(2, 12) + little(4, 4) + little(4, 0) +
      little(4, 12) +
      little(4, 3) + little(4, 0),
  );
}

export function npy(descr = "<f4"): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (1,), }`.padEnd(117) + "\n";
  return raw(`\x93NUMPY\x01\0${little(2, header.length)}${header}${little(4, 0)}`);
}

export function sentencepiece(): Uint8Array {
  const piece = (text: string) => {
    const body = `\x0a${String.fromCharCode(text.length)}${text}\x15${little(4, 0xbf80_0000)}\x18\x01`;
    return `\x0a${String.fromCharCode(body.length)}${body}`;
  };
  return raw(["<unk>", "<s>", "</s>", "the"].map(piece).join(""));
}

export function gzip(data = raw("hello\n".repeat(100))): Uint8Array {
  return new Uint8Array(gzipSync(data));
}

export function lfsPointer(): Uint8Array {
  return raw(`version https://git-lfs.github.com/spec/v1\noid sha256:${"0a".repeat(32)}\nsize 4920734272\n`);
}

export const SCRIPT = raw("#!/bin/sh\n# a script that does nothing, in more than 32 characters\nexit 0\n");
