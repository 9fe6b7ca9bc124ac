import { arr, bool, type MetaEntry, str, u32 } from "../gguf.ts";

const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;

/** Ids of the tokens that every vocabulary made here begins with. */
export const UNK = 0;
export const BOS = 1;
export const EOS = 2;
/** Byte `b` is token `FIRST_BYTE + b`. */
export const FIRST_BYTE = 3;
/** Words follow the 256 byte tokens. */
export const FIRST_WORD = FIRST_BYTE + 256;

/** A SentencePiece-style tokenizer: three control tokens, the 256 bytes, then `words` with their scores. */
export function tokenizer(words: readonly string[], score: (index: number) => number): readonly MetaEntry[] {
  const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`);
  const tokens = ["<unk>", "<s>", "</s>", ...bytes, ...words];
  return [
    ["tokenizer.ggml.model", str("llama")],
    ["tokenizer.ggml.pre", str("default")],
    ["tokenizer.ggml.tokens", arr("STRING", tokens)],
    [
      "tokenizer.ggml.scores",
      arr("FLOAT32", [...Array(FIRST_WORD).fill(0), ...words.map((_, i) => score(i))]),
    ],
    [
      "tokenizer.ggml.token_type",
      arr("INT32", [
        UNKNOWN,
        CONTROL,
        CONTROL,
        ...Array(256).fill(BYTE),
        ...Array(words.length).fill(NORMAL),
      ]),
    ],
    ["tokenizer.ggml.bos_token_id", u32(BOS)],
    ["tokenizer.ggml.eos_token_id", u32(EOS)],
    ["tokenizer.ggml.unknown_token_id", u32(UNK)],
    ["tokenizer.ggml.add_bos_token", bool(true)],
    ["tokenizer.ggml.add_eos_token", bool(false)],
  ];
}
