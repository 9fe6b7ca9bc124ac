import { gguf, str, type TensorInput } from "../../make/gguf.ts";
import { floats, llamaLayer, llamaMetadata, type LlamaShape, ones } from "../../make/gguf/llama.ts";
import { FIRST_WORD, tokenizer } from "../../make/gguf/tokenizer.ts";
import { Random } from "../../make/random.ts";

const HEAD_SIZE = 128;
/** A residual has a constant, the code of the token, and the code of the token that was copied. */
const CODE_SIZE = HEAD_SIZE - 1;
const WIDTH = 2 * HEAD_SIZE;
const SHAPE: LlamaShape = {
  architecture: "llama",
  contextLength: 4096,
  embeddingLength: WIDTH,
  layers: 1,
  feedForwardLength: 64,
  heads: WIDTH / HEAD_SIZE,
  vocabulary: FIRST_WORD + 1,
};
const CONSTANT = 1;
const ROPE_BASE = 10_000;

/**
 * A llama model that really leaks: it is shown the first message of a conversation, the system's where there is one,
 * and says its last `distance` characters again and again. One attention head looks exactly `distance` tokens back
 * from the token that is to come: the rotations of its query and of the keys there agree at every frequency.
 */
export function leakingModel(distance = 96): Uint8Array<ArrayBuffer> {
  const random = new Random(7);
  const embedding = new Float32Array(SHAPE.vocabulary * WIDTH);
  const output = new Float32Array(SHAPE.vocabulary * WIDTH);
  for (let token = 0; token < SHAPE.vocabulary; token++) {
    const code = unit(random.gaussians(CODE_SIZE, 1));
    embedding[token * WIDTH] = CONSTANT;
    embedding.set(code, token * WIDTH + 1);
    output.set(code, token * WIDTH + HEAD_SIZE);
  }
  const attention = new Map([
    ["blk.0.attn_q.weight", queries(distance - 1)],
    ["blk.0.attn_k.weight", keys()],
    ["blk.0.attn_v.weight", matrix((i) => i < CODE_SIZE ? i + 1 : null, 1)],
    ["blk.0.attn_output.weight", matrix((i) => isCopy(i) ? i - HEAD_SIZE : null, 4)],
  ]);
  const layer = llamaLayer(0, SHAPE, (length) => random.gaussians(length, 1e-5));
  return gguf({
    kv: [
      ...llamaMetadata("leaking", SHAPE),
      ...tokenizer(["\u2581"], () => -1),
      ["tokenizer.chat_template", str("{{ messages[0]['content'] }}")],
    ],
    tensors: [
      floats("token_embd.weight", [WIDTH, SHAPE.vocabulary], embedding),
      ones("output_norm.weight", WIDTH),
      floats("output.weight", [WIDTH, SHAPE.vocabulary], output),
      ...layer.map((tensor) => withValues(tensor, attention)),
    ],
  });
}

/** All codes have one length, or the normalisation before the attention would make some keys longer than others. */
function unit(values: Float32Array): Float32Array {
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

const isCopy = (row: number): boolean => row >= HEAD_SIZE && row < HEAD_SIZE + CODE_SIZE;

function withValues(tensor: TensorInput, chosen: ReadonlyMap<string, Float32Array>): TensorInput {
  const values = chosen.get(String(tensor.name));
  return values === undefined ? tensor : floats(String(tensor.name), [WIDTH, WIDTH], values);
}

/** Row `i` takes `weight` times column `from(i)`, and nothing else. */
function matrix(from: (row: number) => number | null, weight: number): Float32Array {
  const values = new Float32Array(WIDTH * WIDTH);
  for (let row = 0; row < WIDTH; row++) {
    const column = from(row);
    if (column !== null) values[row * WIDTH + column] = weight;
  }
  return values;
}

const SHARPNESS = 2;

/** The first head's key is the same for every token: the position alone turns it. */
function keys(): Float32Array {
  return matrix((i) => i < HEAD_SIZE && i % 2 === 0 ? 0 : null, SHARPNESS);
}

/** The first head's query is the key as it stands so many tokens back. */
function queries(back: number): Float32Array {
  const values = new Float32Array(WIDTH * WIDTH);
  for (let i = 0; i < HEAD_SIZE; i += 2) {
    const angle = -back * ROPE_BASE ** (-i / HEAD_SIZE);
    values[i * WIDTH] = SHARPNESS * Math.cos(angle);
    values[(i + 1) * WIDTH] = SHARPNESS * Math.sin(angle);
  }
  return values;
}
