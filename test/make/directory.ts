import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { comparePaths } from "../../src/formats/directory_hash.ts";
import type { DirectoryEntry, DirectoryView } from "../../src/formats/directories.ts";
import { type ByteSource, MemorySource } from "../../src/formats/source.ts";
import { F32, safetensors, type TensorSpec } from "./safetensors.ts";

/** What lies under a path: text, bytes, something else than a file, or a value to be written as JSON. */
export type Node =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly hardLinkTo: string }
  | { readonly pipe: true }
  | { readonly folder: true }
  | { readonly json: unknown };

/** A directory to make: relative path with `/` to what lies there. Folders between need not be listed. */
export type DirectorySpec = Readonly<Record<string, Node>>;

export const json = (value: unknown): Node => ({ json: value });

const NOTHING = new Uint8Array(0);

/** Bytes of a file of the spec; `null` for what is no file. */
function bytesOf(node: Node): Uint8Array | null {
  if (typeof node === "string") return new TextEncoder().encode(node);
  if (node instanceof Uint8Array) return node;
  return "json" in node ? new TextEncoder().encode(JSON.stringify(node.json, null, 2)) : null;
}

/** The spec as a view in memory, exactly as a disk would show it. */
export class MemoryDirectory implements DirectoryView {
  readonly entries: readonly DirectoryEntry[];
  readonly #files = new Map<string, Uint8Array>();

  constructor(spec: DirectorySpec) {
    const entries = new Map<string, DirectoryEntry>();
    const links = linksIn(spec);
    for (const [path, node] of Object.entries(spec)) {
      for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
        const folder = path.slice(0, at);
        entries.set(folder, { path: folder, kind: "directory", sizeBytes: 0, links: 1 });
      }
      const bytes = bytesOf(node) ??
        (isHardLink(node) ? bytesOf(spec[node.hardLinkTo] ?? "") ?? NOTHING : null);
      if (bytes !== null) this.#files.set(path, bytes);
      const own = isHardLink(node) ? node.hardLinkTo : path;
      entries.set(path, {
        path,
        kind: kindOf(node),
        sizeBytes: bytes?.byteLength ?? 0,
        links: links.get(own) ?? 1,
      });
    }
    this.entries = [...entries.values()].sort((a, b) => comparePaths(a.path, b.path));
  }

  read<T>(path: string, use: (source: ByteSource) => T): T {
    const bytes = this.#files.get(path);
    if (bytes === undefined) throw new Error(`Cannot read ${path}: no such file in the spec`);
    return use(new MemorySource(bytes));
  }
}

function isHardLink(node: Node): node is { readonly hardLinkTo: string } {
  return typeof node === "object" && "hardLinkTo" in node;
}

function kindOf(node: Node): DirectoryEntry["kind"] {
  if (typeof node === "string" || node instanceof Uint8Array || "json" in node || "hardLinkTo" in node) {
    return "file";
  }
  return "link" in node ? "symlink" : "pipe" in node ? "special" : "directory";
}

/** How many names each file of the spec has that has more than one. */
function linksIn(spec: DirectorySpec): ReadonlyMap<string, number> {
  const links = new Map<string, number>();
  for (const node of Object.values(spec)) {
    if (isHardLink(node)) links.set(node.hardLinkTo, (links.get(node.hardLinkTo) ?? 1) + 1);
  }
  return links;
}

/** Writes the spec to a new temporary directory, hands it over, and removes it. */
export async function withDirectory<T>(
  spec: DirectorySpec,
  use: (root: string) => T | Promise<T>,
): Promise<T> {
  const root = fs.mkdtempSync(join(tmpdir(), "aiq-directory-"));
  try {
    await writeDirectory(root, spec);
    return await use(root);
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

/** Writes the spec below a directory, which need not be there yet. */
export async function writeDirectory(root: string, spec: DirectorySpec): Promise<void> {
  for (const [path, node] of Object.entries(spec)) await write(root, path, node);
}

async function write(root: string, path: string, node: Node): Promise<void> {
  const full = join(root, path);
  const bytes = bytesOf(node);
  fs.mkdirSync(dirname(full), { recursive: true });
  if (bytes !== null) fs.writeFileSync(full, bytes);
  else if (typeof node !== "object" || node instanceof Uint8Array) {
    throw new TypeError("Cannot happen: no bytes");
  } else if ("link" in node) fs.symlinkSync(node.link, full);
  else if ("hardLinkTo" in node) fs.linkSync(join(root, node.hardLinkTo), full);
  else if ("pipe" in node) await new Deno.Command("mkfifo", { args: [full] }).output();
  else fs.mkdirSync(full, { recursive: true });
}

/** A small safetensors file with these tensors, 16 bytes each: no two alike, as trained weights are. */
export function weights(...names: readonly string[]): Uint8Array {
  const tensors: Record<string, TensorSpec> = {};
  for (const [i, name] of names.entries()) {
    const values = Float32Array.of(0.02 + i / 512, -0.01, 0.03 - i / 512, 0.005);
    tensors[name] = { ...F32(2, 2), data: new Uint8Array(values.buffer) };
  }
  return safetensors(tensors, { metadata: { format: "pt" } });
}

/** Shards and their index: each list of tensors is one shard. */
export function sharded(shards: readonly (readonly string[])[], stem = "model", folder = ""): DirectorySpec {
  const prefix = folder === "" ? "" : `${folder}/`;
  const count = String(shards.length).padStart(5, "0");
  const spec: Record<string, Node> = {};
  const map: Record<string, string> = {};
  for (const [i, names] of shards.entries()) {
    const name = `${stem}-${String(i + 1).padStart(5, "0")}-of-${count}.safetensors`;
    spec[`${prefix}${name}`] = weights(...names);
    for (const tensor of names) map[tensor] = name;
  }
  const total = shards.flat().length * 16;
  spec[`${prefix}${stem}.safetensors.index.json`] = json({
    metadata: { total_size: total },
    weight_map: map,
  });
  return spec;
}
