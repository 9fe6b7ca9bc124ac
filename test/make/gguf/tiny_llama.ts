import { gguf, type GgufInput, type MetaEntry, str } from "../gguf.ts";
import { Random } from "../random.ts";
import { floats, llamaLayer, llamaMetadata, type LlamaShape, ones } from "./llama.ts";
import { FIRST_WORD, tokenizer } from "./tokenizer.ts";

/** A template in the plain `role: content` style. */
const TEMPLATE = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";

const WORDS = [
  "\u2581",
  ..."the of and to in is was for on that with as it by at from he be this an".split(" ").map((w) =>
    `\u2581${w}`
  ),
  ..."etaoinshrdlucmfwygpb",
];

export interface TinyLlamaOptions {
  readonly seed?: number;
  readonly architecture?: string;
  readonly embeddingLength?: number;
  readonly layers?: number;
  readonly contextLength?: number;
  readonly name?: string;
  /** `null` for a model without one. */
  readonly template?: string | null;
  /** Puts one NaN into the output weights. */
  readonly poison?: "none" | "nan";
  /** More metadata, written last. */
  readonly kv?: readonly MetaEntry[];
  /** Anything the file builder can do, such as a tail. */
  readonly file?: Omit<GgufInput, "kv" | "tensors">;
}

/** A llama model of 326 kB with random F32 weights that llama.cpp loads and runs. The same for the same options. */
export function tinyLlama(options: TinyLlamaOptions = {}): Uint8Array<ArrayBuffer> {
  const { embeddingLength = 64, layers = 1, template = TEMPLATE, name = "tiny-random" } = options;
  const random = new Random(options.seed ?? 1);
  const weights = (length: number) => random.gaussians(length, 0.2);
  const vocabulary = FIRST_WORD + WORDS.length;
  const shape: LlamaShape = {
    architecture: options.architecture ?? "llama",
    contextLength: options.contextLength ?? 256,
    embeddingLength,
    layers,
    feedForwardLength: 2 * embeddingLength,
    heads: 4,
    vocabulary,
  };
  const embedding = weights(embeddingLength * vocabulary);
  const output = weights(embeddingLength * vocabulary);
  if (options.poison === "nan") output[0] = NaN;
  return gguf({
    ...options.file,
    kv: [
      ...llamaMetadata(name, shape),
      ...tokenizer(WORDS, (i) => -(i + 1)),
      ...(template === null ? [] : [["tokenizer.chat_template", str(template)] as const]),
      ...(options.kv ?? []),
    ],
    tensors: [
      floats("token_embd.weight", [embeddingLength, vocabulary], embedding),
      ones("output_norm.weight", embeddingLength),
      floats("output.weight", [embeddingLength, vocabulary], output),
      ...Array.from({ length: layers }, (_, i) => llamaLayer(i, shape, weights)).flat(),
    ],
  });
}
