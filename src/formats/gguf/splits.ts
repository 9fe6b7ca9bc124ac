import { FormatError } from "../../model/errors.ts";
import type { GgufFile } from "./value.ts";

/** A file of a split set, by its name in the directory. */
export interface Shard {
  readonly name: string;
  readonly file: GgufFile;
}

interface ShardName {
  readonly prefix: string;
  /** From 1. */
  readonly number: number;
  readonly count: number;
}

/**
 * Checks the shards of one split set against each other: names `PREFIX-00001-of-0000N.gguf`, numbers in the name from
 * 1 and in the file from 0, none missing, no tensor twice, the total as declared. Shards may come in any order.
 */
export function checkSplitSet(shards: readonly Shard[]): void {
  const named = shards.map(({ name, file }) => ({ name, file, parts: shardName(name) }));
  const first = named[0];
  if (first === undefined) throw new FormatError("gguf/split-missing", "A split set has no shards");
  for (const { name, file, parts } of named) {
    if (parts.prefix !== first.parts.prefix) {
      const message = `Shards "${first.name}" and "${name}" have different names`;
      throw new FormatError("gguf/split-name", message, { path: name });
    }
    checkShard(name, file, parts, first.parts.count);
  }
  checkComplete(named.map(({ name, parts }) => ({ name, number: parts.number })), first.parts.count);
  checkTensors(shards);
}

/** Both numbers have five digits, as every tool writes them. */
function shardName(name: string): ShardName {
  const match = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/i.exec(name);
  const [, prefix, number, count] = match ?? [];
  if (prefix === undefined || number === undefined || count === undefined) {
    const message = `Shard "${name}" is not named NAME-00001-of-0000N.gguf`;
    throw new FormatError("gguf/split-name", message, { path: name });
  }
  return { prefix, number: Number(number), count: Number(count) };
}

function checkShard(name: string, file: GgufFile, parts: ShardName, count: number): void {
  const place = { path: name, field: "split.count" };
  if (file.split === null) {
    throw new FormatError("gguf/split-count", `Shard "${name}" does not say that it is one`, place);
  }
  if (parts.count !== count || file.split.count !== parts.count) {
    const message = `Shard "${name}" says it is one of ${file.split.count}, the set has ${count}`;
    throw new FormatError("gguf/split-count", message, place);
  }
  if (file.split.no !== parts.number - 1) {
    const message =
      `Shard "${name}" says it is number ${file.split.no} (from 0), its name says ${parts.number} (from 1)`;
    throw new FormatError("gguf/split-number", message, { path: name, field: "split.no" });
  }
}

function checkComplete(shards: readonly { name: string; number: number }[], count: number): void {
  const seen = new Set<number>();
  for (const { name, number } of shards) {
    if (seen.has(number)) {
      throw new FormatError("gguf/split-number", `Shard ${number} occurs twice`, { path: name });
    }
    seen.add(number);
  }
  for (let number = 1; number <= count; number++) {
    if (!seen.has(number)) {
      throw new FormatError("gguf/split-missing", `Shard ${number} of ${count} is missing`);
    }
  }
}

function checkTensors(shards: readonly Shard[]): void {
  const holder = new Map<string, string>();
  for (const { name, file } of shards) {
    for (const tensor of file.tensors) {
      const other = holder.get(tensor.name);
      if (other !== undefined) {
        const message = `Tensor "${tensor.name}" is in "${other}" and in "${name}"`;
        throw new FormatError("gguf/split-tensor-duplicate", message, { path: name, tensor: tensor.name });
      }
      holder.set(tensor.name, name);
    }
  }
  for (const { name, file } of shards) {
    const declared = file.split?.tensorCount ?? null;
    if (declared === null || declared === holder.size) continue;
    const message = `Shard "${name}" says the set has ${declared} tensors, it has ${holder.size}`;
    throw new FormatError("gguf/split-count", message, { path: name, field: "split.tensors.count" });
  }
}
