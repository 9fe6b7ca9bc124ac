/**
 * Bits of one value of each dtype.
 * https://github.com/huggingface/safetensors/blob/main/safetensors/src/tensor.rs (enum Dtype)
 */
export const DTYPE_BITS: ReadonlyMap<string, number> = new Map([
  ["F4", 4],
  ["F6_E2M3", 6],
  ["F6_E3M2", 6],
  ["BOOL", 8],
  ["U8", 8],
  ["I8", 8],
  ["F8_E5M2", 8],
  ["F8_E4M3", 8],
  ["F8_E8M0", 8],
  ["F8_E4M3FNUZ", 8],
  ["F8_E5M2FNUZ", 8],
  ["I16", 16],
  ["U16", 16],
  ["F16", 16],
  ["BF16", 16],
  ["I32", 32],
  ["U32", 32],
  ["F32", 32],
  ["F64", 64],
  ["I64", 64],
  ["U64", 64],
  ["C64", 64],
]);

const NAMES: ReadonlyMap<string, string> = new Map([...DTYPE_BITS.keys()].map((name) => [name, name]));

/** The one shared copy of a dtype's name, so that many tensors do not keep many copies. Undefined for no dtype. */
export function dtypeNamed(text: string): string | undefined {
  return NAMES.get(text);
}
