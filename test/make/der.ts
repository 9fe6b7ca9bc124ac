import { Buffer } from "node:buffer";

/** Distinguished encoding rules (X.690), as much as certificates and timestamps take. */

export function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.byteLength;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => tagged(0x31, ...parts);
export const context = (n: number, ...parts: readonly Uint8Array[]): Buffer => tagged(0xa0 + n, ...parts);
export const octets = (bytes: Uint8Array): Buffer => tagged(0x04, bytes);
export const bits = (bytes: Uint8Array, unused = 0): Buffer => tagged(0x03, Buffer.from([unused]), bytes);
export const utf8 = (text: string): Buffer => tagged(0x0c, Buffer.from(text));
export const yes = (): Buffer => Buffer.from([0x01, 0x01, 0xff]);
export const nothing = (): Buffer => Buffer.from([0x05, 0x00]);
/** As certificates write every time before 2050. */
export const utcTime = (at: Date): Buffer =>
  tagged(0x17, Buffer.from(at.toISOString().slice(2).replace(/[-:T]|\.\d+/g, "")));
export const generalizedTime = (at: Date): Buffer =>
  tagged(0x18, Buffer.from(at.toISOString().replace(/[-:T]|\.\d+/g, "")));

export function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return tagged(0x02, (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const encoded = [first * 40 + second, ...rest].flatMap((value) => {
    const groups = [value & 0x7f];
    for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift((left & 0x7f) | 0x80);
    }
    return groups;
  });
  return tagged(0x06, Buffer.from(encoded));
}
