import { ggmlTypeByName, type GgmlTypeName } from "../../src/formats/ggml_types.ts";
import { type ScalarType, VALUE_TYPES } from "../../src/formats/gguf/value.ts";
import { ByteWriter } from "./gguf/bytes.ts";

export { speakingModel } from "./gguf/speaking_model.ts";
export { tinyLlama, type TinyLlamaOptions } from "./gguf/tiny_llama.ts";

export type Scalar = number | bigint | boolean | string | Uint8Array;

/** A metadata value to write. `count` and `length` lie about what follows; `typeId` writes any type number. */
export type MetaValue =
  | { readonly type: ScalarType; readonly value: Scalar; readonly length?: bigint }
  | {
    readonly type: "ARRAY";
    readonly elementType: ScalarType | "ARRAY";
    readonly items: readonly Scalar[];
    readonly count?: bigint;
  }
  | { readonly typeId: number; readonly bytes: Uint8Array };

export type MetaEntry = readonly [key: string | Uint8Array, value: MetaValue];

export const u32 = (value: number): MetaValue => ({ type: "UINT32", value });
export const f32 = (value: number): MetaValue => ({ type: "FLOAT32", value });
export const bool = (value: boolean): MetaValue => ({ type: "BOOL", value });
export const str = (value: string | Uint8Array): MetaValue => ({ type: "STRING", value });
export const arr = (elementType: ScalarType, items: readonly Scalar[]): MetaValue => ({
  type: "ARRAY",
  elementType,
  items,
});

export interface TensorInput {
  readonly name: string | Uint8Array;
  /** Type name or a raw number. */
  readonly type?: GgmlTypeName | number;
  readonly dims: readonly (number | bigint)[];
  /** Default: zeros of the size that type and dimensions ask for. */
  readonly data?: Uint8Array;
  /** Written instead of the true offset in the data section. */
  readonly offset?: bigint | number;
  /** Written instead of the number of dimensions. */
  readonly rank?: number;
}

/** A GGUF file to write. Whatever is left out is right; whatever is given is written as it is. */
export interface GgufInput {
  readonly magic?: string;
  readonly version?: number;
  readonly byteOrder?: "little" | "big";
  readonly kv?: readonly MetaEntry[];
  readonly tensors?: readonly TensorInput[];
  /** How the file is laid out; also declared when it is not the default of 32 and `kv` does not declare one. */
  readonly alignment?: number;
  readonly kvCount?: bigint;
  readonly tensorCount?: bigint;
  /** Value of padding bytes. */
  readonly padding?: number;
  /** Whether the last tensor is padded to the alignment, as most writers do. */
  readonly lastTensor?: "padded" | "bare";
  /** Bytes after the end. */
  readonly tail?: Uint8Array;
}

/** Writes a GGUF file, or one with chosen faults. */
export function gguf(input: GgufInput): Uint8Array<ArrayBuffer> {
  const { magic = "GGUF", version = 3, byteOrder = "little", tensors = [], alignment = 32, padding = 0 } =
    input;
  const kv = withAlignment(input.kv ?? [], alignment);
  const out = new ByteWriter(byteOrder);
  out.raw(new TextEncoder().encode(magic));
  out.u32(version);
  out.u64(input.tensorCount ?? tensors.length);
  out.u64(input.kvCount ?? kv.length);
  for (const [key, value] of kv) {
    out.text(key);
    writeValue(out, value);
  }
  writeTensorInfos(out, tensors, alignment);
  if (tensors.length > 0) out.pad(alignment, padding);
  for (const [i, tensor] of tensors.entries()) {
    out.raw(tensor.data ?? new Uint8Array(sizeOf(tensor)));
    if (i < tensors.length - 1 || input.lastTensor !== "bare") out.pad(alignment, padding);
  }
  if (input.tail !== undefined) out.raw(input.tail);
  return out.finish();
}

function withAlignment(kv: readonly MetaEntry[], alignment: number): readonly MetaEntry[] {
  const isDeclared = alignment === 32 || kv.some(([key]) => key === "general.alignment");
  return isDeclared ? kv : [["general.alignment", u32(alignment)], ...kv];
}

function writeTensorInfos(out: ByteWriter, tensors: readonly TensorInput[], alignment: number): void {
  let offset = 0;
  for (const tensor of tensors) {
    const { name, type = "F32", dims } = tensor;
    out.text(name);
    out.u32(tensor.rank ?? dims.length);
    for (const dim of dims) out.u64(dim);
    out.u32(typeof type === "number" ? type : typeNamed(type).id);
    out.u64(tensor.offset ?? offset);
    const size = tensor.data?.byteLength ?? sizeOf(tensor);
    offset += Math.ceil(size / alignment) * alignment;
  }
}

function typeNamed(name: GgmlTypeName) {
  const type = ggmlTypeByName(name);
  if (type === undefined) throw new TypeError(`Cannot write a tensor of type ${name}`);
  return type;
}

/** Bytes of a tensor whose type and dimensions are right; a raw type number needs `data`. */
function sizeOf({ type = "F32", dims }: TensorInput): number {
  if (typeof type === "number") return 0;
  const { blockElements, blockBytes } = typeNamed(type);
  return dims.reduce<number>((product, dim) => product * Number(dim), 1) / blockElements * blockBytes;
}

function writeValue(out: ByteWriter, value: MetaValue): void {
  if ("typeId" in value) {
    out.u32(value.typeId);
    out.raw(value.bytes);
    return;
  }
  out.u32(VALUE_TYPES.indexOf(value.type));
  if (value.type !== "ARRAY") {
    writeScalar(out, value.type, value.value, value.length);
    return;
  }
  const { elementType, items } = value;
  out.u32(VALUE_TYPES.indexOf(elementType));
  out.u64(value.count ?? items.length);
  if (elementType === "ARRAY") return;
  for (const item of items) writeScalar(out, elementType, item);
}

function writeScalar(out: ByteWriter, type: ScalarType, value: Scalar, length?: bigint): void {
  switch (type) {
    case "UINT8":
    case "INT8":
    case "BOOL":
      return out.u8(Number(value));
    case "UINT16":
    case "INT16":
      return out.u16(Number(value));
    case "UINT32":
    case "INT32":
      return out.u32(Number(value));
    case "FLOAT32":
      return out.f32(Number(value));
    case "FLOAT64":
      return out.f64(Number(value));
    case "UINT64":
    case "INT64":
      return out.u64(typeof value === "bigint" ? BigInt.asUintN(64, value) : BigInt(Number(value)));
    case "STRING":
      return out.text(value instanceof Uint8Array ? value : String(value), length);
  }
}
