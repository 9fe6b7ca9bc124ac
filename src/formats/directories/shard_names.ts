import { FormatError } from "../../model/errors.ts";

interface ShardName {
  /** Everything but the number: shards of one set share it. */
  readonly set: string;
  readonly prefix: string;
  readonly number: number;
  readonly count: number;
}

/** `model-00001-of-00003.safetensors`, `model-00001-of-000163.safetensors`, `model.fp16-00001-of-00002.safetensors`, … */
const SHARD = /^(.*)-(\d{5,6})-of-(\d{5,6})((?:\.[\w-]{1,32})?\.safetensors)$/i;

/** What a path says about its place in a set of shards; `null` for a file that stands alone. */
export function shardNameOf(path: string): ShardName | null {
  const [, prefix, number, count, suffix] = SHARD.exec(path) ?? [];
  if (prefix === undefined || number === undefined || count === undefined) return null;
  return {
    set: `${prefix}-*-of-${count}${suffix ?? ""}`,
    prefix,
    number: Number(number),
    count: Number(count),
  };
}

/** Checks that every set of shards among these paths has all its numbers. */
export function checkShardNumbers(paths: readonly string[]): void {
  const sets = new Map<
    string,
    { readonly count: number; readonly numbers: Set<number>; readonly path: string }
  >();
  for (const path of paths) {
    const name = shardNameOf(path);
    if (name === null) continue;
    if (name.number < 1 || name.number > name.count) {
      const message = `${path} says it is number ${name.number} of ${name.count}`;
      throw new FormatError("directory/shard-number", message, { path });
    }
    const set = sets.get(name.set) ?? { count: name.count, numbers: new Set<number>(), path };
    set.numbers.add(name.number);
    sets.set(name.set, set);
  }
  for (const { count, numbers, path } of sets.values()) {
    if (numbers.size === count) continue;
    const missing = firstMissing(numbers);
    const message =
      `shard ${missing} of ${count} is missing beside ${path} (${numbers.size} of ${count} are there)`;
    throw new FormatError("directory/shard-missing", message, { path });
  }
}

function firstMissing(numbers: ReadonlySet<number>): number {
  let number = 1;
  while (numbers.has(number)) number += 1;
  return number;
}
