import { FormatError } from "../../model/errors.ts";
import { type JsonLimits, type JsonReader, TENSOR_INDEX_JSON } from "../strict_json.ts";
import type { TensorSpan } from "../tensor.ts";
import { readerOf } from "./json.ts";
import { readAt } from "./place.ts";
import { baseName, type DirectoryView, folderOf, inFolder } from "./view.ts";

/** The largest published models (384 experts, four tensors each in 61 layers) declare about 281,000. */
export const MAX_DECLARED_TENSORS = 400_000;
/** Their names are in memory together: 72 letters each make 20 MB. */
const MAX_NAME_BYTES = 32 * 1024 * 1024;
const MAX_SHARDS = 10_000;
const LIMITS: JsonLimits = { ...TENSOR_INDEX_JSON, maxBytes: 64 * 1024 * 1024, maxStringBytes: 4096 };
const SHARD_NAME = /^[^/\\:\p{Cc}]{1,235}\.safetensors$/u;

/** `model.safetensors.index.json`: which tensor is in which of the shards beside it. */
export interface WeightIndex {
  readonly path: string;
  /** Paths of the shards, in the order the index first names them. */
  readonly shards: readonly string[];
  /** Of each of the {@link shards}, the tensors it is declared to hold. */
  readonly tensors: readonly (readonly string[])[];
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
  readonly #shards = new Map<string, string[]>();
  #tensors = 0;
  #nameBytes = 0;

  constructor(reader: JsonReader, folder: string) {
    this.#reader = reader;
    this.#folder = folder;
  }

  readMap(): void {
    const reader = this.#reader;
    if (reader.next() !== "{") reader.refuse("directory/index-form", "weight_map is an object");
    while (reader.next() === "key") {
      const tensor = reader.text;
      this.#tensors += 1;
      this.#nameBytes += reader.textBytes;
      if (this.#tensors > MAX_DECLARED_TENSORS || this.#nameBytes > MAX_NAME_BYTES) {
        const limit = `more than ${MAX_DECLARED_TENSORS} tensors or ${MAX_NAME_BYTES} bytes of their names`;
        reader.refuse("directory/index-limit", limit);
      }
      if (reader.next() !== "string") {
        reader.refuse("directory/index-form", "a tensor's place is the name of a file");
      }
      this.#shard(reader.text).push(tensor);
    }
  }

  #shard(name: string): string[] {
    const known = this.#shards.get(name);
    if (known !== undefined) return known;
    if (!SHARD_NAME.test(name)) {
      const shown = JSON.stringify(shortened(name));
      this.#reader.refuse(
        "directory/index-shard-name",
        `${shown} is not the bare name of a safetensors file`,
      );
    }
    if (this.#shards.size >= MAX_SHARDS) {
      this.#reader.refuse("directory/index-limit", `more than ${MAX_SHARDS} shards`);
    }
    const tensors: string[] = [];
    this.#shards.set(name, tensors);
    return tensors;
  }

  finish(path: string): WeightIndex {
    if (this.#tensors === 0) {
      throw new FormatError("directory/index-form", "weight_map is missing or places no tensor");
    }
    const shards = [...this.#shards.keys()].map((name) => inFolder(this.#folder, name));
    return { path, shards, tensors: [...this.#shards.values()] };
  }
}

/** A tensor's name as it may stand in a message. */
export function shortened(name: string): string {
  return name.length > 200 ? `${name.slice(0, 200)}…` : name;
}

/** Checks that a shard holds the tensors that its index declares for it, and no others. */
export function checkShard(index: WeightIndex, number: number, tensors: readonly TensorSpan[]): void {
  const path = index.shards[number] ?? "";
  const awaited = new Set(index.tensors[number]);
  for (const { name } of tensors) if (!awaited.delete(name)) throw unexpected(index, path, name);
  for (const name of awaited) {
    const tensor = shortened(name);
    const declared = `${JSON.stringify(tensor)}, which ${baseName(index.path)} declares`;
    throw new FormatError("directory/tensor-missing", `${path} does not hold tensor ${declared}`, {
      path,
      tensor,
    });
  }
}

function unexpected(index: WeightIndex, path: string, name: string): FormatError {
  const tensor = shortened(name);
  const held = `${path} holds tensor ${JSON.stringify(tensor)}`;
  const owner = index.shards[index.tensors.findIndex((names) => names.includes(name))];
  if (owner !== undefined) {
    return new FormatError("directory/tensor-misplaced", `${held}, declared for ${owner}`, { path, tensor });
  }
  const message = `${held}, which ${baseName(index.path)} does not declare`;
  return new FormatError("directory/tensor-undeclared", message, { path, tensor });
}
