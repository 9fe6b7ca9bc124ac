import { FormatError } from "../../model/errors.ts";
import { type JsonLimits, type JsonReader, TENSOR_INDEX_JSON } from "../strict_json.ts";
import type { TensorSpan } from "../tensor.ts";
import { readerOf } from "./json.ts";
import { readAt } from "./place.ts";
import { baseName, type DirectoryView, folderOf, inFolder } from "./view.ts";

/** The largest published models (384 experts, four tensors each in 61 layers) declare about 281,000. */
export const MAX_DECLARED_TENSORS = 400_000;
const MAX_SHARDS = 10_000;
const LIMITS: JsonLimits = { ...TENSOR_INDEX_JSON, maxBytes: 64 * 1024 * 1024, maxStringBytes: 4096 };
const SHARD_NAME = /^[^/\\:\p{Cc}]{1,235}\.safetensors$/u;

/** `model.safetensors.index.json`: which tensor is in which of the shards beside it. */
export interface WeightIndex {
  readonly path: string;
  /** Paths of the shards, in the order the index first names them. */
  readonly shards: readonly string[];
  /** Tensor name to the number of its shard in {@link shards}. */
  readonly tensors: ReadonlyMap<string, number>;
  /** How many tensors each shard is declared to hold. */
  readonly counts: readonly number[];
}

/**
 * Reads an index. Every value of `weight_map` must be the bare name of a safetensors file; everything else in the file
 * (`metadata.total_size` and its kin) is advice that no loader depends on, and only has to be JSON.
 */
export function readWeightIndex(view: DirectoryView, path: string): WeightIndex {
  return readAt(view, path, (source) => {
    const reader = readerOf(source, LIMITS);
    const building = new Building(reader, folderOf(path));
    if (reader.next() !== "{") reader.refuse("directory/index-form", "an index is an object");
    for (let event = reader.next(); event === "key"; event = reader.next()) {
      if (reader.text === "weight_map") building.readMap();
      else skipValue(reader);
    }
    reader.next();
    return building.finish(path);
  });
}

/** Passes over one value of any shape. */
function skipValue(reader: JsonReader): void {
  let depth = 0;
  do {
    const event = reader.next();
    if (event === "{" || event === "[") depth += 1;
    else if (event === "}" || event === "]") depth -= 1;
  } while (depth > 0);
}

class Building {
  readonly #reader: JsonReader;
  readonly #folder: string;
  readonly #numbers = new Map<string, number>();
  readonly #tensors = new Map<string, number>();
  readonly #counts: number[] = [];

  constructor(reader: JsonReader, folder: string) {
    this.#reader = reader;
    this.#folder = folder;
  }

  readMap(): void {
    const reader = this.#reader;
    if (reader.next() !== "{") reader.refuse("directory/index-form", "weight_map is an object");
    while (reader.next() === "key") {
      const tensor = reader.text;
      if (reader.next() !== "string") {
        reader.refuse("directory/index-form", "a tensor's place is the name of a file");
      }
      this.#place(tensor, reader.text);
    }
  }

  #place(tensor: string, shard: string): void {
    let number = this.#numbers.get(shard);
    if (number === undefined) {
      number = this.#newShard(shard);
    }
    this.#counts[number] = (this.#counts[number] ?? 0) + 1;
    this.#tensors.set(tensor, number);
    if (this.#tensors.size > MAX_DECLARED_TENSORS) {
      this.#reader.refuse("directory/index-limit", `more than ${MAX_DECLARED_TENSORS} tensors`);
    }
  }

  #newShard(shard: string): number {
    if (!SHARD_NAME.test(shard)) {
      const shown = JSON.stringify(shard.slice(0, 120));
      this.#reader.refuse(
        "directory/index-shard-name",
        `${shown} is not the bare name of a safetensors file`,
      );
    }
    const number = this.#numbers.size;
    if (number >= MAX_SHARDS) this.#reader.refuse("directory/index-limit", `more than ${MAX_SHARDS} shards`);
    this.#numbers.set(shard, number);
    this.#counts.push(0);
    return number;
  }

  finish(path: string): WeightIndex {
    if (this.#tensors.size === 0) {
      throw new FormatError("directory/index-form", "weight_map is missing or places no tensor");
    }
    const shards = [...this.#numbers.keys()].map((name) => inFolder(this.#folder, name));
    return { path, shards, tensors: this.#tensors, counts: this.#counts };
  }
}

/** A tensor's name as it may stand in a message. */
export function shortened(name: string): string {
  return name.length > 200 ? `${name.slice(0, 200)}…` : name;
}

/** Checks that a shard holds the tensors that its index declares for it, and no others. */
export function checkShard(index: WeightIndex, number: number, tensors: readonly TensorSpan[]): void {
  const path = index.shards[number] ?? "";
  for (const { name } of tensors) {
    const declared = index.tensors.get(name);
    if (declared === number) continue;
    const tensor = JSON.stringify(shortened(name));
    const place = { path, tensor: shortened(name) };
    if (declared === undefined) {
      const message = `${path} holds tensor ${tensor}, which ${baseName(index.path)} does not declare`;
      throw new FormatError("directory/tensor-undeclared", message, place);
    }
    const message = `${path} holds tensor ${tensor}, declared for ${index.shards[declared] ?? "another"}`;
    throw new FormatError("directory/tensor-misplaced", message, place);
  }
  if (tensors.length !== index.counts[number]) throw missingFrom(index, number, tensors);
}

function missingFrom(index: WeightIndex, number: number, tensors: readonly TensorSpan[]): FormatError {
  const present = new Set(tensors.map((tensor) => tensor.name));
  const path = index.shards[number] ?? "";
  for (const [name, declared] of index.tensors) {
    if (declared !== number || present.has(name)) continue;
    const message = `${path} does not hold tensor ${JSON.stringify(name)}, which ${
      baseName(index.path)
    } declares`;
    return new FormatError("directory/tensor-missing", message, { path, tensor: name });
  }
  return new FormatError("directory/tensor-duplicate", `${path} holds a tensor twice`, { path });
}
