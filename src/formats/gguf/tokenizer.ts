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

function tokenFindings(source: ByteSource, tokens: GgufArray, types: GgufArray | null): readonly Finding[] {
  const place = { offset: tokens.offset, field: `${PREFIX}tokens` };
  const findings: Finding[] = [];
  if (tokens.longestBytes > MAX_TOKEN_BYTES) {
    const message = `The longest token has ${tokens.longestBytes} bytes, more than ${MAX_TOKEN_BYTES}`;
    findings.push(finding("gguf/token-length", message, place));
  }
  const id = types === null ? null : firstFalseByte(source, tokens, types);
  if (id !== null) {
    const message = `Token ${id} is marked as a raw byte and is not of the form <0xHH>`;
    findings.push(finding("gguf/byte-token", message, place));
  }
  return findings;
}

/** The first token that is marked as a byte and does not name one. */
function firstFalseByte(source: ByteSource, tokens: GgufArray, types: GgufArray): number | null {
  const texts = new Cursor(source, GGUF_CURSOR_RULES, tokens.offset);
  const kinds = new Cursor(source, GGUF_CURSOR_RULES, types.offset);
  let next = 0;
  for (let id = 0; id < types.count; id++) {
    if (kinds.i32("token type") !== BYTE_TOKEN_TYPE) continue;
    texts.skipStrings(id - next, tokens.longestBytes);
    if (!isByteToken(texts.string(tokens.longestBytes, "token"))) return id;
    next = id + 1;
  }
  return null;
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
