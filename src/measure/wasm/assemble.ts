/**
 * A small WebAssembly assembler: kernels are written in TypeScript as trees of operations and encoded when they are
 * first needed, so the repository holds their source and no binary, and no build tool has to be trusted.
 * Encoding: https://webassembly.github.io/spec/core/binary/
 */

/** A constant vector: kept in memory, because V8 builds a vector immediate anew at every use. */
interface VectorConstant {
  readonly vector: readonly number[];
}

/** Where constant bytes lie. */
interface AddressConstant {
  readonly addressOf: readonly number[];
}

/** Encoded instructions; operands come before the operation that takes them. */
export type Code = number | VectorConstant | AddressConstant | readonly Code[];

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const V128 = 0x7b;
type ValueType = typeof I32 | typeof I64 | typeof F32 | typeof F64 | typeof V128;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value;; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value;; rest >>= 7) {
    const low = rest & 0x7f;
    if ((rest >> 7 === 0 && low < 0x40) || (rest >> 7 === -1 && low >= 0x40)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** Constants by their bytes, in the order they were first used. */
class ConstantPool {
  readonly #offsets = new Map<string, number>();
  readonly bytes: number[] = [];

  addressOf(vector: readonly number[]): number {
    const key = vector.join();
    const known = this.#offsets.get(key);
    if (known !== undefined) return CONSTANTS_ADDRESS + known;
    const offset = this.bytes.length;
    this.#offsets.set(key, offset);
    this.bytes.push(...vector);
    return CONSTANTS_ADDRESS + offset;
  }
}

function flatten(code: Code, into: number[], pool: ConstantPool): number[] {
  if (typeof code === "number") into.push(code);
  else if ("addressOf" in code) into.push(...unsigned(pool.addressOf(code.addressOf)));
  else if ("vector" in code) flatten(loadVector(int(0), pool.addressOf(code.vector)), into, pool);
  else for (const part of code) flatten(part, into, pool);
  return into;
}

/** One-byte operations of the plain instruction set that the kernels use. */
const PLAIN = {
  "i32.eqz": 0x45,
  "i32.eq": 0x46,
  "i32.ne": 0x47,
  "i32.ge_u": 0x4f,
  "i32.lt_u": 0x49,
  "i32.add": 0x6a,
  "i32.sub": 0x6b,
  "i32.and": 0x71,
  "i32.or": 0x72,
  "i32.popcnt": 0x69,
  "i32.shl": 0x74,
  "i32.shr_u": 0x76,
  "i32.wrap_i64": 0xa7,
  "i64.extend_i32_u": 0xad,
  "f64.reinterpret_i64": 0xbf,
  "f64.neg": 0x9a,
  "f64.convert_i32_s": 0xb7,
  "f64.promote_f32": 0xbb,
  "f32.reinterpret_i32": 0xbe,
  "f32.demote_f64": 0xb6,
  "i32.reinterpret_f32": 0xbc,
  "f64.eq": 0x61,
  "f64.lt": 0x63,
  "f64.gt": 0x64,
  "f64.add": 0xa0,
  "f64.mul": 0xa2,
  "f64.min": 0xa4,
  "f64.max": 0xa5,
  "i64.ne": 0x52,
  "i64.ctz": 0x7a,
  "i64.sub": 0x7d,
  "i64.and": 0x83,
  "i64.shl": 0x86,
  "i64.shr_u": 0x88,
  "i64.or": 0x84,
  "i64.eqz": 0x50,
} as const;

/** Loads and stores: opcode and the natural alignment exponent is always given as 0, addresses may be odd. */
const MEMORY = {
  "i32.load": 0x28,
  "i64.load": 0x29,
  "i32.load8_u": 0x2d,
  "i32.load16_u": 0x2f,
  "i32.store": 0x36,
  "f64.store": 0x39,
} as const;

/** Vector operations behind the 0xfd prefix. https://github.com/WebAssembly/spec/blob/main/proposals/simd/BinarySIMD.md */
const VECTOR = {
  "i8x16.splat": 15,
  "i32x4.splat": 17,
  "f64x2.splat": 20,
  "i8x16.swizzle": 14,
  "i8x16.eq": 35,
  "i32x4.ne": 56,
  "f32x4.eq": 65,
  "f32x4.ne": 66,
  "f32x4.le": 69,
  "f32x4.ge": 70,
  "v128.any_true": 83,
  "v128.and": 78,
  "v128.or": 80,
  "v128.bitselect": 82,
  "f32x4.demote_f64x2_zero": 94,
  "f64x2.promote_low_f32x4": 95,
  "f32x4.convert_i32x4_s": 250,
  "f64x2.convert_low_i32x4_s": 254,
  "f64x2.convert_low_i32x4_u": 255,
  "i8x16.abs": 96,
  "i8x16.bitmask": 100,
  "i8x16.narrow_i16x8_u": 102,
  "f32x4.nearest": 106,
  "i8x16.shr_u": 109,
  "i8x16.add": 110,
  "i8x16.sub": 113,
  "i8x16.min_s": 118,
  "i8x16.max_s": 120,
  "i16x8.extadd_pairwise_i8x16_s": 124,
  "i16x8.extadd_pairwise_i8x16_u": 125,
  "i16x8.narrow_i32x4_s": 133,
  "i16x8.extend_low_i8x16_s": 135,
  "i16x8.extend_high_i8x16_s": 136,
  "i16x8.extend_low_i8x16_u": 137,
  "i16x8.extend_high_i8x16_u": 138,
  "i16x8.shl": 139,
  "i16x8.shr_u": 141,
  "i16x8.add": 142,
  "i16x8.sub": 145,
  "i16x8.mul": 149,
  "i8x16.relaxed_swizzle": 256,
  "i32x4.extend_low_i16x8_s": 167,
  "i32x4.shl": 171,
  "i32x4.add": 174,
  "i32x4.sub": 177,
  "i32x4.dot_i16x8_s": 186,
  "i16x8.relaxed_dot_i8x16_i7x16_s": 274,
  "f32x4.add": 228,
  "f32x4.mul": 230,
  "f32x4.div": 231,
  "f32x4.pmin": 234,
  "f32x4.pmax": 235,
  "f64x2.neg": 237,
  "f64x2.add": 240,
  "f64x2.mul": 242,
  "f64x2.div": 243,
  "f64x2.pmin": 246,
  "f64x2.pmax": 247,
  "f64x2.nearest": 148,
  "f64x2.eq": 71,
  "f64x2.lt": 73,
  "f64x2.gt": 74,
  "i32x4.shr_s": 172,
  "i32x4.shr_u": 173,
} as const;

type Operation = keyof typeof PLAIN | keyof typeof VECTOR | "i32.trunc_sat_f64_s";

function isPlain(name: Operation): name is keyof typeof PLAIN {
  return Object.hasOwn(PLAIN, name);
}

/** An operation on its operands. */
export function op(name: Operation, ...operands: Code[]): Code {
  if (name === "i32.trunc_sat_f64_s") return [operands, 0xfc, 2];
  return isPlain(name) ? [operands, PLAIN[name]] : [operands, 0xfd, unsigned(VECTOR[name])];
}

export function load(name: keyof typeof MEMORY, address: Code, offset: number | AddressConstant = 0): Code {
  return [address, MEMORY[name], 0, typeof offset === "number" ? unsigned(offset) : offset];
}

export function store(name: "i32.store" | "f64.store", address: Code, value: Code, offset = 0): Code {
  return [address, value, MEMORY[name], 0, unsigned(offset)];
}

export function loadVector(address: Code, offset = 0): Code {
  return [address, 0xfd, 0, 0, unsigned(offset)];
}

/** Loads 8 bytes into the low half, zero above. */
export function loadHalfVector(address: Code, offset = 0): Code {
  return [address, 0xfd, 93, 0, unsigned(offset)];
}

export function vector(bytes: readonly number[]): Code {
  return { vector: bytes };
}

/** For the offset of a load: where the module keeps these bytes. */
export function addressOf(bytes: readonly number[]): AddressConstant {
  return { addressOf: bytes };
}

/** Picks 16 of the 32 bytes of two vectors. */
export function shuffle(a: Code, b: Code, lanes: readonly number[]): Code {
  return [a, b, 0xfd, 13, lanes];
}

export function lane(
  kind: "i8x16_s" | "i32x4" | "i64x2" | "f64x2" | "f32x4",
  value: Code,
  index: number,
): Code {
  return [value, 0xfd, { "i32x4": 27, "i64x2": 29, "f64x2": 33, "f32x4": 31, "i8x16_s": 21 }[kind], index];
}

/** A vector of two doubles with its upper lane replaced. */
export function replaceUpper(value: Code, upper: Code): Code {
  return [value, upper, 0xfd, 34, 1];
}

export const int = (value: number): Code => [0x41, signed(value)];
export const long = (value: number): Code => [0x42, signed(value)];
export function double(value: number): Code {
  return [0x44, [...new Uint8Array(new Float64Array([value]).buffer)]];
}

export const get = (local: number): Code => [0x20, local];
export const set = (local: number, value: Code): Code => [value, 0x21, local];
export const tee = (local: number, value: Code): Code => [value, 0x22, local];

/** `do { body } while (condition)` */
export function loop(body: Code, condition: Code): Code {
  return [0x03, 0x40, body, condition, 0x0d, 0, 0x0b];
}

export function when(condition: Code, then: Code, otherwise: Code = []): Code {
  return [condition, 0x04, 0x40, then, 0x05, otherwise, 0x0b];
}

/** A function without a result: `parameters` are its first locals. */
export interface Kernel {
  readonly parameters: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

function section(id: number, content: Code, pool: ConstantPool): number[] {
  const bytes = flatten(content, [], pool);
  return [id, ...unsigned(bytes.length), ...bytes];
}

function text(value: string): Code {
  const bytes = [...new TextEncoder().encode(value)];
  return [unsigned(bytes.length), bytes];
}

function body(kernel: Kernel, pool: ConstantPool): Code {
  const locals = kernel.locals.map((type) => [1, type]);
  const bytes = flatten([unsigned(locals.length), locals, kernel.body, 0x0b], [], pool);
  return [unsigned(bytes.length), bytes];
}

/** Where a module puts its vector constants. The first bytes of the memory are left to the caller. */
export const CONSTANTS_ADDRESS = 1024;

/** What a module may use from `CONSTANTS_ADDRESS` on. */
export const CONSTANTS_BYTES = 15 * 1024;

/** The module of all kernels, over the imported shared memory `host.memory` of at most `maximumPages`. */
export function assemble(
  kernels: Readonly<Record<string, Kernel>>,
  maximumPages: number,
): Uint8Array<ArrayBuffer> {
  const names = Object.keys(kernels);
  const all = Object.values(kernels);
  const count = unsigned(all.length);
  const pool = new ConstantPool();
  const SHARED_WITH_MAXIMUM = 3;
  const bodies = all.map((kernel) => body(kernel, pool));
  if (pool.bytes.length > CONSTANTS_BYTES) throw new RangeError("Cannot assemble: too many vector constants");
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [count, all.map((k) => [0x60, unsigned(k.parameters.length), k.parameters, 0])], pool),
    ...section(2, [1, text("host"), text("memory"), 2, SHARED_WITH_MAXIMUM, 1, unsigned(maximumPages)], pool),
    ...section(3, [count, all.map((_, index) => unsigned(index))], pool),
    ...section(7, [count, names.map((name, index) => [text(name), 0, unsigned(index)])], pool),
    ...section(10, [count, bodies], pool),
    ...section(11, [1, 0, int(CONSTANTS_ADDRESS), 0x0b, unsigned(pool.bytes.length), pool.bytes], pool),
  ]);
}
