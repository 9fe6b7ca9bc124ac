import { arrayOf, type GgufFile, integerOf } from "../src/formats/gguf.ts";

/** Tokens of one conversation: the longest of the suite and its reply fit even when each byte is a token. */
export const CONTEXT_TOKENS = 4096;
/** llama-server computes so many tokens at once. */
const BATCH_TOKENS = 512;
const BYTES_PER_CACHED_VALUE = 2;
const BYTES_PER_VALUE = 4;

/**
 * What llama-server needs in memory beside the mapped weights, in bytes: the cache of keys and values for one
 * conversation, and the buffers of one batch. An estimate from the header, on the high side where it leaves out keys.
 *
 * Weights are not counted: a cgroup's limit makes the kernel drop their pages and read them again, it does not kill.
 * That is slow: a model of 422 MB that says 2.3 tokens a second says 0.25 under a limit of 300 MiB and 0.21 under 200,
 * all of it from the page cache of a fast disk. Such a model meets the deadline of a prompt, and could not be judged.
 */
export function memoryNeeded({ metadata, architecture }: GgufFile): number {
  const number = (key: string) => Number(integerOf(metadata, `${architecture}.${key}`) ?? 0n);
  const embedding = number("embedding_length");
  const layers = number("block_count");
  const heads = Math.max(1, number("attention.head_count"));
  const cachedHeads = number("attention.head_count_kv") || heads;
  const keyLength = number("attention.key_length") || embedding / heads;
  const valueLength = number("attention.value_length") || embedding / heads;
  const vocabulary = number("vocab_size") || (arrayOf(metadata, "tokenizer.ggml.tokens")?.count ?? 0);
  const cache = layers * CONTEXT_TOKENS * cachedHeads * (keyLength + valueLength) * BYTES_PER_CACHED_VALUE;
  const batch = BATCH_TOKENS * (vocabulary + 4 * number("feed_forward_length") + 8 * embedding) *
    BYTES_PER_VALUE;
  return cache + batch;
}

const KIB = 1024;
const USUAL_STACK_KIB = 2048;
const LEAST_STACK_KIB = 256;

/** Size of a thread's stack, in KiB, so that one thread for every tensor takes a quarter of the memory at most. */
export function stackKib(tensors: number, allowedBytes: number): number {
  const share = Math.floor(allowedBytes / 4 / KIB / Math.max(1, tensors));
  return Math.min(USUAL_STACK_KIB, Math.max(LEAST_STACK_KIB, share));
}
