import { gguf, str } from "../gguf.ts";
import { Random } from "../random.ts";
import { floats, llamaLayer, llamaMetadata, type LlamaShape, ones } from "./llama.ts";
import { EOS, FIRST_BYTE, FIRST_WORD, tokenizer } from "./tokenizer.ts";

/** Ends with the user's own text, whose last byte chooses the sentence. */
const TEMPLATE =
  "{% for m in messages %}{% if loop.last %}{{ m['content'] }}{% else %}{{ m['content'] + '\\n' }}{% endif %}{% endfor %}";

export interface SpeakingModelOptions {
  readonly name?: string;
  /** Must end with the user's own text for the model to speak. */
  readonly template?: string;
}

/**
 * A llama model that really says the sentences given. Attention and feed-forward are next to nothing, embeddings
 * nearly orthogonal, and the output row of the token that shall follow token t is t's embedding, so that greedy
 * decoding walks from token to token. Each sentence is one token, followed by the end token; the byte at the end of
 * the prompt chooses it (byte value modulo the number of sentences).
 */
export function speakingModel(
  sentences: readonly string[],
  { name = "speaking", template = TEMPLATE }: SpeakingModelOptions = {},
): Uint8Array<ArrayBuffer> {
  if (sentences.length === 0) throw new RangeError("Cannot make a model that speaks without a sentence");
  const random = new Random(11);
  const vocabulary = FIRST_WORD + sentences.length;
  const shape: LlamaShape = {
    architecture: "llama",
    contextLength: 2048,
    embeddingLength: 512,
    layers: 1,
    feedForwardLength: 64,
    heads: 4,
    vocabulary,
  };
  const size = shape.embeddingLength;
  const embedding = random.gaussians(size * vocabulary, 0.02);
  const output = random.gaussians(size * vocabulary, 0.001);
  for (const [token, next] of successors(sentences.length)) {
    for (let i = 0; i < size; i++) {
      output[next * size + i] = (output[next * size + i] ?? 0) + 50 * (embedding[token * size + i] ?? 0);
    }
  }
  return gguf({
    kv: [
      ...llamaMetadata(name, shape),
      ...tokenizer(sentences.map((text) => `\u2581${text.replaceAll(" ", "\u2581")}`), () => -1000),
      ["tokenizer.chat_template", str(template)],
    ],
    tensors: [
      floats("token_embd.weight", [size, vocabulary], embedding),
      ones("output_norm.weight", size),
      floats("output.weight", [size, vocabulary], output),
      ...llamaLayer(0, shape, (length) => random.gaussians(length, 1e-5)),
    ],
  });
}

/** Which token follows which: a sentence after each byte, the end after each sentence. */
function successors(sentences: number): readonly (readonly [token: number, next: number])[] {
  const afterByte = Array.from(
    { length: 256 },
    (_, b) => [FIRST_BYTE + b, FIRST_WORD + b % sentences] as const,
  );
  const afterSentence = Array.from({ length: sentences }, (_, i) => [FIRST_WORD + i, EOS] as const);
  return [...afterByte, ...afterSentence];
}
