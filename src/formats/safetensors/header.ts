import type { RuleId } from "../../model/rules/mod.ts";
import { type JsonEvent, type JsonInput, type JsonLimits, JsonReader } from "../strict_json.ts";
import type { TensorSpan } from "../tensor.ts";
import { DTYPE_BITS, dtypeNamed } from "./dtypes.ts";
import { ShapePool } from "./shapes.ts";

/** What the header says, each tensor checked by itself; how they lie beside each other is for the caller to check. */
export interface HeaderIndex {
  /** In the order the header lists them, with offsets from the start of the file. */
  readonly tensors: TensorSpan[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Size of the keys and values of `__metadata__` as they are written. */
  readonly metadataBytes: number;
  /** File offsets of the first and after the last byte of the JSON object, padding excluded. */
  readonly beginOffset: number;
  readonly endOffset: number;
}

/**
 * More than one file of any model has: an adapter over every expert of the largest mixture models (384 experts, 60
 * layers, three matrices, A and B) comes to about 139,000.
 */
export const MAX_TENSORS = 150_000;
/** NumPy and PyTorch hold no array of more dimensions. */
export const MAX_RANK = 64;
/** Bytes of names, different shapes and metadata kept in memory: MAX_TENSORS names of 130 letters fit. */
export const MAX_INDEX_BYTES = 20 * 1024 * 1024;
/** One text of the metadata, as it is written. */
export const MAX_TEXT_BYTES = 16 * 1024 * 1024;

const METADATA_KEY = "__metadata__";
/** What one more entry of the metadata costs beside its text. */
const METADATA_ENTRY_BYTES = 64;
/** What one more shape costs that no tensor before had. */
const SHAPE_BYTES = 64;
const DIMENSION_BYTES = 8;

const LIMITS: JsonLimits = {
  numbers: "integers",
  // The caller has checked the length of the header.
  maxBytes: Number.MAX_SAFE_INTEGER,
  // One more than a good header has, so that a list among the dimensions is named as such.
  maxDepth: 4,
  maxValues: Number.MAX_SAFE_INTEGER,
  maxStringBytes: MAX_TEXT_BYTES,
};

/** Reads the JSON header; `dataOffset` is the file offset that `data_offsets` count from. Throws only `FormatError`. */
export function readHeader(input: JsonInput, dataOffset: number): HeaderIndex {
  return new HeaderReader(input, dataOffset).read();
}

class HeaderReader {
  readonly #json: JsonReader;
  readonly #dataOffset: number;
  readonly #dataBytes: number;
  readonly #tensors: TensorSpan[] = [];
  readonly #metadata = new Map<string, string>();
  #metadataBytes = 0;
  #indexBytes = 0;
  readonly #shapes = new ShapePool((shape) => this.#keep(SHAPE_BYTES + DIMENSION_BYTES * shape.length));
  /** Where a shape is gathered: a list that grows takes room for many more dimensions than it gets. */
  readonly #dimensions: number[] = [];
  /** The tensor being read. */
  #tensor = "";

  constructor(input: JsonInput, dataOffset: number) {
    this.#json = JsonReader.reading(input, LIMITS);
    this.#dataOffset = dataOffset;
    this.#dataBytes = input.source.sizeBytes - dataOffset;
  }

  read(): HeaderIndex {
    const json = this.#json;
    if (json.next() !== "{") json.refuse("safetensors/header-not-object", "the header is not a JSON object");
    const beginOffset = json.offset;
    while (json.next() === "key") {
      if (json.text === METADATA_KEY) this.#readMetadata();
      else this.#readTensor();
    }
    const endOffset = json.endOffset;
    json.next();
    return {
      tensors: this.#tensors,
      metadata: this.#metadata,
      metadataBytes: this.#metadataBytes,
      beginOffset,
      endOffset,
    };
  }

  #readMetadata(): void {
    const json = this.#json;
    if (json.next() !== "{") json.refuse("safetensors/metadata-form", "__metadata__ is not an object");
    while (json.next() === "key") {
      const key = json.text;
      this.#keepMetadataText(key);
      this.#keep(METADATA_ENTRY_BYTES);
      if (json.next() !== "string") json.refuse("safetensors/metadata-form", "the value is not a text");
      this.#keepMetadataText(json.text);
      this.#metadata.set(key, json.text);
    }
  }

  #keepMetadataText(text: string): void {
    this.#metadataBytes += this.#json.textBytes;
    this.#keepText(text);
  }

  #readTensor(): void {
    const json = this.#json;
    const name = json.text;
    if (hasControlCharacter(name)) json.refuse("safetensors/tensor-name", "the name has a control character");
    if (this.#tensors.length >= MAX_TENSORS) {
      json.refuse("safetensors/too-many-tensors", `more than ${MAX_TENSORS} tensors`);
    }
    this.#tensor = name;
    this.#keepText(name);
    if (json.next() !== "{") {
      this.#refuse("safetensors/tensor-entry", "a tensor is not described by an object");
    }
    let type: string | null = null;
    let shape: readonly number[] | null = null;
    let span: readonly [begin: number, end: number] | null = null;
    while (json.next() === "key") {
      if (json.text === "dtype") type = this.#readDtype();
      else if (json.text === "shape") shape = this.#readShape();
      else if (json.text === "data_offsets") span = this.#readOffsets();
      else this.#refuse("safetensors/tensor-entry", "a field that no tensor has");
    }
    if (type === null || shape === null || span === null) {
      const missing = type === null ? "dtype" : shape === null ? "shape" : "data_offsets";
      return this.#refuse("safetensors/tensor-entry", `${missing} is missing`);
    }
    const [begin, end] = span;
    this.#checkSize(type, shape, end - begin);
    this.#tensors.push({ name, type, shape, offset: this.#dataOffset + begin, sizeBytes: end - begin });
  }

  #readDtype(): string {
    if (this.#json.next() !== "string") this.#refuse("safetensors/dtype", "dtype is not a text");
    const dtype = dtypeNamed(this.#json.text);
    return dtype ?? this.#refuse("safetensors/dtype", `no dtype is called ${quoted(this.#json.text)}`);
  }

  #readShape(): readonly number[] {
    const json = this.#json;
    if (json.next() !== "[") this.#refuse("safetensors/shape", "shape is not a list");
    const shape = this.#dimensions;
    shape.length = 0;
    for (let event = json.next(); event !== "]"; event = json.next()) {
      if (shape.length >= MAX_RANK) this.#refuse("safetensors/shape", `more than ${MAX_RANK} dimensions`);
      shape.push(this.#count(event, "safetensors/shape"));
    }
    return this.#shapes.shared(shape);
  }

  #readOffsets(): readonly [begin: number, end: number] {
    const json = this.#json;
    if (json.next() !== "[") this.#refuse("safetensors/data-offsets", "data_offsets is not a list");
    const begin = this.#count(json.next(), "safetensors/data-offsets");
    const end = this.#count(json.next(), "safetensors/data-offsets");
    if (json.next() !== "]") {
      this.#refuse("safetensors/data-offsets", "data_offsets has more than two numbers");
    }
    if (end < begin) {
      this.#refuse("safetensors/data-offsets", `the end ${end} comes before the begin ${begin}`);
    }
    if (end > this.#dataBytes) {
      this.#refuse("safetensors/out-of-bounds", `ends at byte ${end} of ${this.#dataBytes} bytes of data`);
    }
    return [begin, end];
  }

  /** The number just read, which must not be negative. */
  #count(event: JsonEvent, rule: RuleId): number {
    const { number } = this.#json;
    if (event !== "number" || typeof number !== "number") return this.#refuse(rule, "not a number");
    return number < 0 ? this.#refuse(rule, `${number} is below zero`) : number;
  }

  #checkSize(type: string, shape: readonly number[], sizeBytes: number): void {
    let bits = DTYPE_BITS.get(type) ??
      this.#refuse("safetensors/dtype", `no dtype is called ${quoted(type)}`);
    for (const dimension of shape) {
      bits *= dimension;
      if (bits > Number.MAX_SAFE_INTEGER) {
        this.#refuse("safetensors/size-overflow", `shape [${shape.slice(0, 8).join(", ")}] is too large`);
      }
    }
    if (bits % 8 !== 0) {
      this.#refuse("safetensors/partial-byte", `${bits} bits of ${type} do not fill whole bytes`);
    }
    if (bits / 8 !== sizeBytes) {
      const due = `${type} [${shape.slice(0, 8).join(", ")}] takes ${bits / 8} bytes`;
      this.#refuse("safetensors/size-mismatch", `${due}, its data_offsets span ${sizeBytes}`);
    }
  }

  /** Counts a text against what may be kept; one character outside ASCII can make every character take two bytes. */
  #keepText(text: string): void {
    this.#keep(this.#json.textBytes === text.length ? text.length : 2 * text.length);
  }

  #keep(bytes: number): void {
    this.#indexBytes += bytes;
    if (this.#indexBytes > MAX_INDEX_BYTES) {
      const message = `names, shapes and metadata take more than ${MAX_INDEX_BYTES} bytes`;
      this.#json.refuse("safetensors/index-size", message);
    }
  }

  #refuse(rule: RuleId, message: string): never {
    this.#json.refuse(rule, message, { tensor: this.#tensor });
  }
}

function hasControlCharacter(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return /[\x00-\x1f\x7f]/.test(text);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 32 ? text.slice(0, 32) + "…" : text);
}
