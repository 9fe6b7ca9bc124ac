import { FormatError } from "../../model/errors.ts";
import { type Finding, finding } from "../../model/finding.ts";
import { Cursor } from "../cursor.ts";
import type { ByteSource } from "../source.ts";
import type { TensorSpan } from "../tensor.ts";
import { arrayOf, integerOf } from "./keys.ts";
import { GGUF_CURSOR_RULES } from "./limits.ts";
import type { GgufArray, Metadata } from "./value.ts";

const PREFIX = "tokenizer.ggml.";
const MAX_TOKEN_BYTES = 32 * 1024;
const BYTE_TOKEN_TYPE = 6;
/** `<0x`, two hexadecimal digits, `>`. */
const BYTE_TOKEN_BYTES = 6;
/** Tokens every engine acts on; the others are ignored when they are out of range. */
const STEERING_TOKENS: ReadonlySet<string> = new Set([`${PREFIX}bos_token_id`, `${PREFIX}eos_token_id`]);

/** Checks that the arrays of the tokenizer fit together, and what its tokens and special ids are. */
export function tokenizerFindings(
  source: ByteSource,
  metadata: Metadata,
  tensors: readonly TensorSpan[],
): readonly Finding[] {
  const tokens = arrayOf(metadata, `${PREFIX}tokens`);
  if (tokens === null) return [];
  checkParallel(metadata, tokens.count, `${PREFIX}scores`);
  checkParallel(metadata, tokens.count, `${PREFIX}token_type`);
  return [
    ...tokenFindings(source, tokens, arrayOf(metadata, `${PREFIX}token_type`)),
    ...idFindings(metadata, tokens.count),
    ...embeddingFindings(tensors, tokens.count),
  ];
}

function checkParallel(metadata: Metadata, count: number, key: string): void {
  const array = arrayOf(metadata, key);
  if (array === null || array.count === count) return;
  const message = `"${key}" has ${array.count} elements for ${count} tokens`;
  throw new FormatError("gguf/tokenizer-length", message, { offset: array.offset, field: key });
}

/** Walks the vocabulary once beside its types. The first fault of each sort is reported. */
function tokenFindings(source: ByteSource, tokens: GgufArray, types: GgufArray | null): readonly Finding[] {
  const texts = new Cursor(source, GGUF_CURSOR_RULES, tokens.offset);
  const kinds = types === null ? null : new Cursor(source, GGUF_CURSOR_RULES, types.offset);
  let long: Finding | null = null;
  let falseByte: Finding | null = null;
  for (let id = 0; id < tokens.count; id++) {
    const offset = texts.offset;
    const length = texts.length(tokens.sizeBytes, "token");
    const isByte = kinds?.i32("token type") === BYTE_TOKEN_TYPE;
    if (isByte && !isByteToken(texts.bytes(length, "token"))) {
      falseByte ??= aboutToken("gguf/byte-token", id, offset, "is marked as a raw byte and is not <0xHH>");
    }
    if (!isByte) texts.skip(length, "token");
    if (length > MAX_TOKEN_BYTES) {
      long ??= aboutToken("gguf/token-length", id, offset, `is ${length} bytes long`);
    }
  }
  return [falseByte, long].filter((found) => found !== null);
}

function aboutToken(
  rule: "gguf/byte-token" | "gguf/token-length",
  id: number,
  offset: number,
  what: string,
): Finding {
  return finding(rule, `Token ${id} ${what}`, { field: `${PREFIX}tokens[${id}]`, offset });
}

function isByteToken(token: Uint8Array): boolean {
  return token.byteLength === BYTE_TOKEN_BYTES && /^<0x[0-9A-Fa-f]{2}>$/.test(String.fromCharCode(...token));
}

function idFindings(metadata: Metadata, vocabulary: number): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [key, value] of metadata) {
    if (!key.startsWith(PREFIX) || !key.endsWith("_token_id")) continue;
    const id = integerOf(metadata, key);
    if (id === null || (id >= 0n && id < BigInt(vocabulary))) continue;
    const rule = STEERING_TOKENS.has(key) ? "gguf/token-id" : "gguf/special-token-id";
    const message = `"${key}" is ${id} in a vocabulary of ${vocabulary}`;
    findings.push(finding(rule, message, { offset: value.offset, field: key }));
  }
  return findings;
}

function embeddingFindings(tensors: readonly TensorSpan[], vocabulary: number): readonly Finding[] {
  const embedding = tensors.find(({ name }) => name === "token_embd.weight");
  const rows = embedding?.shape[1];
  if (embedding === undefined || rows === undefined || rows >= vocabulary) return [];
  const message = `The embedding has ${rows} rows for ${vocabulary} tokens`;
  return [finding("gguf/vocabulary-rows", message, { tensor: embedding.name, offset: embedding.offset })];
}
