/** A file that a scanner must object to, and one of the same kind that it must not: proof that it works. */
export interface Plants {
  /** Name under which the scanner sees both. */
  readonly name: string;
  readonly bad: Uint8Array;
  readonly clean: Uint8Array;
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** Pickles: one that would call a program when it is loaded, and a list of one number. */
const PICKLES: Plants = {
  name: "model.pkl",
  bad: text("cposix\nsystem\n(S'true'\ntR."),
  clean: text("(lp0\nI1\na."),
};

const PRIVATE_KEY_LINES = Array.from({ length: 4 }, () => "QUJD".repeat(16)).join("\n");

/** The beginning of a private key of nobody, and a text. */
const TEXTS: Plants = {
  name: "model.txt",
  bad: text(`-----BEGIN PRIVATE KEY-----\n${PRIVATE_KEY_LINES}\n-----END PRIVATE KEY-----\n`),
  clean: text("A model card about private keys.\n"),
};

/** One layer of weights as they are trained, and the same with values that are no numbers. */
const WEIGHTS: Plants = {
  name: "model.gguf",
  bad: weights((index) => index % 3 === 0 ? NaN : ordinary(index)),
  clean: weights(ordinary),
};

/** What proves which scanner. */
export const PLANTS = {
  modelscan: PICKLES,
  fickling: PICKLES,
  modelaudit: PICKLES,
  gguf_guard: WEIGHTS,
  yara: TEXTS,
} as const satisfies Record<string, Plants>;

/** Small values, evenly spread about zero: the same each time. */
function ordinary(index: number): number {
  return ((index * 7919) % 2003 / 2003 - 0.5) * 0.08;
}

/** A GGUF file of three F32 tensors. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
function weights(value: (index: number) => number): Uint8Array {
  const names = ["blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.ffn_up.weight"];
  const ROWS = 64;
  const COLUMNS = 64;
  const parts: Uint8Array[] = [];
  const number = (size: 4 | 8, content: number) => {
    const bytes = new Uint8Array(size);
    new DataView(bytes.buffer).setUint32(0, content, true);
    parts.push(bytes);
  };
  const string = (content: string) => {
    number(8, content.length);
    parts.push(text(content));
  };
  parts.push(text("GGUF"));
  number(4, 3); // version
  number(8, names.length);
  number(8, 1);
  string("general.architecture");
  number(4, 8); // a string
  string("llama");
  names.forEach((name, place) => {
    string(name);
    number(4, 2);
    number(8, COLUMNS);
    number(8, ROWS);
    number(4, 0); // F32
    number(8, place * ROWS * COLUMNS * 4);
  });
  const head = parts.reduce((sum, part) => sum + part.byteLength, 0);
  parts.push(new Uint8Array((32 - head % 32) % 32));
  const data = new DataView(new ArrayBuffer(names.length * ROWS * COLUMNS * 4));
  for (let index = 0; index * 4 < data.byteLength; index++) data.setFloat32(index * 4, value(index), true);
  return new Uint8Array([...parts, new Uint8Array(data.buffer)].flatMap((part) => [...part]));
}
