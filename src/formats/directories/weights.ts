import { FormatError } from "../../model/errors.ts";
import { disguiseFinding } from "../disguise.ts";
import { checkSplitSet, parseGguf, type Shard } from "../gguf.ts";
import { parseSafetensors } from "../safetensors.ts";
import { identify } from "../sniff.ts";
import type { ByteSource } from "../source.ts";
import type { TensorSpan } from "../tensor.ts";
import { claimOf, type FileSort } from "./claims.ts";
import { facesOf } from "./contents.ts";
import type { Findings } from "./findings.ts";
import { at, readAt } from "./place.ts";
import { checkShardNumbers, shardNameOf } from "./shard_names.ts";
import { type DirectoryEntry, type DirectoryView, folderOf } from "./view.ts";
import {
  checkShard,
  MAX_DECLARED_TENSORS,
  readWeightIndex,
  shortened,
  type WeightIndex,
} from "./weight_index.ts";

/** Indices of one folder: one for each variant of the weights. More would have the same shards read again and again. */
const MAX_INDICES = 8;
/** Tensors of GGUF shards are compared with each other, so they are in memory together. */
const MAX_SPLIT_TENSORS = 262_144;

/** What the weights of a directory, or of one folder of it, amount to. */
export interface WeightTotals {
  readonly safetensors: number;
  readonly gguf: number;
  readonly indices: number;
  readonly tensors: number;
  readonly sizeBytes: number;
}

/** Paths of every weight file, in order, with the format each claims. */
export function weightFilesIn(
  view: DirectoryView,
): readonly { readonly path: string; readonly format: "safetensors" | "gguf" }[] {
  return view.entries.flatMap(({ path, kind }) => {
    const claim = claimOf(path);
    if (kind !== "file" || !("sort" in claim)) return [];
    return claim.sort === "safetensors" || claim.sort === "gguf" ? [{ path, format: claim.sort }] : [];
  });
}

/**
 * Proves every weight file by the parser of its format, and that indices and sets of shards are complete and agree with
 * what the files hold. The tensors of one file at a time are in memory, beside one index.
 */
export function examineWeights(
  view: DirectoryView,
  entries: readonly DirectoryEntry[],
  findings: Findings,
): WeightTotals {
  const total = { safetensors: 0, gguf: 0, indices: 0, tensors: 0, sizeBytes: 0 };
  for (const folder of byFolder(entries)) {
    const { safetensors, gguf, indices } = folder;
    checkShardNumbers(safetensors);
    total.tensors += new FolderWeights(view, findings).examine(safetensors, indices);
    total.tensors += examineGgufs(view, gguf, findings);
    total.safetensors += safetensors.length;
    total.gguf += gguf.length;
    total.indices += indices.length;
    total.sizeBytes += folder.sizeBytes;
  }
  return total;
}

interface Folder {
  readonly safetensors: string[];
  readonly gguf: string[];
  readonly indices: string[];
  sizeBytes: number;
}

function byFolder(entries: readonly DirectoryEntry[]): Iterable<Folder> {
  const folders = new Map<string, Folder>();
  for (const { path, kind, sizeBytes } of entries) {
    const claim = claimOf(path);
    if (kind !== "file" || !("sort" in claim) || !isWeight(claim.sort)) continue;
    const key = folderOf(path);
    const folder = folders.get(key) ?? { safetensors: [], gguf: [], indices: [], sizeBytes: 0 };
    folders.set(key, folder);
    if (claim.sort === "weight-index") folder.indices.push(path);
    else {
      folder[claim.sort].push(path);
      folder.sizeBytes += sizeBytes;
    }
  }
  return folders.values();
}

function isWeight(sort: FileSort): sort is "safetensors" | "gguf" | "weight-index" {
  return sort === "safetensors" || sort === "gguf" || sort === "weight-index";
}

/** The safetensors files of one folder, each proven once, and the indices over them. */
class FolderWeights {
  readonly #proven = new Set<string>();
  #tensors = 0;

  constructor(private readonly view: DirectoryView, private readonly findings: Findings) {}

  /** How many tensors the files hold. */
  examine(paths: readonly string[], indices: readonly string[]): number {
    if (indices.length > MAX_INDICES) {
      const message = `${indices.length} indices in one folder, at most ${MAX_INDICES} are read`;
      throw new FormatError("directory/index-limit", message, { path: indices[0] ?? "" });
    }
    const present = new Set(paths);
    const declared = new Set<string>();
    for (const path of indices) {
      for (const shard of this.#examineIndex(path, present)) declared.add(shard);
    }
    for (const path of paths) this.#checkDeclared(path, declared, indices);
    const rest = paths.filter((path) => !declared.has(path));
    for (const path of rest) this.#prove(path);
    checkUnindexed(this.view, rest.filter((path) => this.#proven.has(path)), this.findings);
    return this.#tensors;
  }

  #examineIndex(path: string, present: ReadonlySet<string>): readonly string[] {
    const index = readWeightIndex(this.view, path);
    const missing = index.shards.find((shard) => !present.has(shard));
    if (missing !== undefined) {
      const message = `${path} names ${missing}, which is not there`;
      throw new FormatError("directory/index-shard-missing", message, { path, field: "$.weight_map" });
    }
    for (const [number, shard] of index.shards.entries()) this.#proveShard(index, number, shard);
    return index.shards;
  }

  #proveShard(index: WeightIndex, number: number, shard: string): void {
    const tensors = this.#prove(shard);
    if (tensors !== null) checkShard(index, number, tensors);
  }

  /** A numbered shard beside the index of its own set is named by it, or belongs to another model. */
  #checkDeclared(path: string, declared: ReadonlySet<string>, indices: readonly string[]): void {
    const name = shardNameOf(path);
    if (name === null || declared.has(path)) return;
    const own = indices.find((index) => index.startsWith(`${name.prefix}.safetensors.index.`));
    if (own === undefined) return;
    throw new FormatError("directory/shard-undeclared", `${own} does not name ${path}`, { path });
  }

  /** Parses a file and returns its tensors, or null when it is no such file. Takes note of it the first time only. */
  #prove(path: string): readonly TensorSpan[] | null {
    return readAt(this.view, path, (source) => {
      if (this.#proven.has(path)) return parseSafetensors(source).tensors;
      if (!hasOneFace(source, path, this.findings)) return null;
      this.#proven.add(path);
      const { tensors, findings } = parseSafetensors(source);
      for (const found of findings) this.findings.take(at(path, found));
      this.#tensors += tensors.length;
      return tensors;
    });
  }
}

/** Takes note of what other readers take the file for. False when it is something else than its name claims. */
function hasOneFace(source: ByteSource, path: string, findings: Findings): boolean {
  const identity = identify(source);
  const disguise = disguiseFinding(path, identity, { path });
  if (disguise !== null) {
    findings.take(disguise);
    return false;
  }
  for (const face of facesOf(source, identity)) findings.take(at(path, face));
  return true;
}

/** Shards without an index: no tensor may be in two of them, because nothing says which one is meant. */
function checkUnindexed(view: DirectoryView, paths: readonly string[], findings: Findings): void {
  const sets = new Map<string, string[]>();
  for (const path of paths) {
    const name = shardNameOf(path);
    if (name === null || name.count < 2) continue;
    addTo(sets, name.set, path);
  }
  for (const shards of sets.values()) {
    findings.add("directory/no-index", `${shards.length} shards without an index`, { path: shards[0] ?? "" });
    checkDistinct(view, shards);
  }
}

function checkDistinct(view: DirectoryView, shards: readonly string[]): void {
  const holder = new Map<string, string>();
  for (const path of shards) {
    for (const { name } of readAt(view, path, (source) => parseSafetensors(source).tensors)) {
      const other = holder.get(name);
      if (other !== undefined) {
        const tensor = shortened(name);
        const message = `tensor ${JSON.stringify(tensor)} is in ${other} and in ${path}`;
        throw new FormatError("directory/tensor-duplicate", message, { path, tensor });
      }
      holder.set(name, path);
      if (holder.size > MAX_DECLARED_TENSORS) {
        const message = `shards without an index hold more than ${MAX_DECLARED_TENSORS} tensors`;
        throw new FormatError("directory/index-limit", message, { path });
      }
    }
  }
}

function addTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function examineGgufs(view: DirectoryView, paths: readonly string[], findings: Findings): number {
  const sets = new Map<string, Shard[]>();
  let tensors = 0;
  let kept = 0;
  for (const path of paths) {
    const file = readAt(
      view,
      path,
      (source) => hasOneFace(source, path, findings) ? parseGguf(source) : null,
    );
    if (file === null) continue;
    for (const found of file.findings) findings.take(at(path, found));
    tensors += file.tensors.length;
    if (file.split === null || file.split.count < 2) continue;
    kept += file.tensors.length;
    if (kept > MAX_SPLIT_TENSORS) {
      throw new FormatError("gguf/count", `split sets of more than ${MAX_SPLIT_TENSORS} tensors`, { path });
    }
    const set = path.replace(/-\d{5}-of-\d{5}(\.gguf)$/i, "$1");
    addTo(sets, set, { name: path, file });
  }
  for (const shards of sets.values()) checkSplitSet(shards);
  return tensors;
}
