import { Random } from "../make/random.ts";

const SKELETON = { version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null };
const REST = { pre_tokenizer: null, post_processor: null, decoder: null };
const whole = (model: object, more: object = {}) => JSON.stringify({ ...SKELETON, ...REST, ...more, model });

const BPE = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: [["a", "b"]] };
const added = {
  id: 3,
  content: "<s>",
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
};
const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

/** Tokenizers of every kind the library knows. */
const PLAIN: readonly (readonly [name: string, text: string])[] = [
  ["BPE", whole(BPE)],
  ["BPE with merges as texts", whole({ ...BPE, merges: ["a b"] })],
  ["BPE of bytes", whole(BPE, { pre_tokenizer: byteLevel, decoder: byteLevel, post_processor: byteLevel })],
  ["BPE with added tokens", whole(BPE, { added_tokens: [added] })],
  [
    "word pieces",
    whole({
      type: "WordPiece",
      unk_token: "a",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: { a: 0 },
    }),
  ],
  ["whole words", whole({ type: "WordLevel", unk_token: "a", vocab: { a: 0 } })],
  ["unigram", whole({ type: "Unigram", unk_id: 0, vocab: [["a", -1.5], ["b", -2]], byte_fallback: false })],
  ["with blank lines and escapes", `\n\t${whole(BPE).replace('"ab":2', '"\\u0061b":2')}\n`],
];

const text = PLAIN[0]?.[1] ?? "";
/** Files that some reader takes and another does not. */
const ODD: readonly (readonly [name: string, text: string])[] = [
  ["an empty object", "{}"],
  ["a list", "[]"],
  ["nothing", ""],
  ["cut short", text.slice(0, -9)],
  ["text behind it", `${text} {}`],
  ["a key twice", text.replace('"version":"1.0"', '"version":"1.0","version":"1.0"')],
  ["a word twice in the vocabulary", text.replace('"ab":2', '"ab":2,"ab":1')],
  ["two models", text.replace('"model":', '"model":null,"model":')],
  ["a byte order mark", `\ufeff${text}`],
  ["comments", text.replace("{", "{ // why\n")],
  ["a comma too many", text.replace('"ab":2', '"ab":2,')],
  ["NaN", text.replace('"ab":2', '"ab":NaN')],
  ["a number of another kind", text.replace('"ab":2', '"ab":2.0')],
  ["an id above 2^32", text.replace('"ab":2', '"ab":4294967296')],
  ["an id above 2^53", text.replace('"ab":2', '"ab":9007199254740993')],
  ["a negative id", text.replace('"ab":2', '"ab":-1')],
  ["a merge of unknown words", text.replace('["a","b"]', '["x","y"]')],
  ["a model nobody knows", text.replace('"BPE"', '"Other"')],
  ["a lone surrogate", text.replace('"ab":2', '"\\ud800":2')],
  ["a control character in a text", text.replace('"ab":2', '"a\u0001":2')],
  ["nested 200 deep", text.replace("[[", `${"[".repeat(200)}`)],
  ["nested 10,000 deep", "[".repeat(10_000)],
];

const SEED = 77;
const FUZZED = 200;

/** Bytes of a tokenizer with one to three changes. */
function changed(index: number): Uint8Array {
  const random = new Random(Math.imul(SEED, 0x9e3779b1) ^ index);
  const bytes = new TextEncoder().encode(random.pick(PLAIN)[1]);
  for (let i = 1 + random.below(3); i > 0; i--) {
    const at = random.below(bytes.byteLength);
    bytes[at] = random.oneIn(2) ? random.pick([...'{}[]",:0 \\x']).charCodeAt(0) : random.below(256);
  }
  return bytes;
}

/** Every `tokenizer.json` that both readers are shown. */
export const TOKENIZERS: readonly (readonly [name: string, content: string | Uint8Array])[] = [
  ...PLAIN,
  ...ODD,
  ...Array.from(
    { length: FUZZED },
    (_, i): [string, Uint8Array] => [`case ${i} of seed ${SEED}`, changed(i)],
  ),
];
