import { createHash } from "node:crypto";
import { join } from "node:path";
import type { DiskDirectory } from "../files/directory_view.ts";
import { FileSource } from "../files/file_source.ts";
import { type FileIdentity, sameIdentity } from "../files/regular.ts";
import { weightFilesIn } from "../formats/directories.ts";
import type { Sha256Sink } from "../formats/directory_hash.ts";
import { EmbeddedScanner } from "../formats/embedded.ts";
import {
  type ArtifactDigest,
  type FileDigest,
  type Finding,
  parseSha256,
  UndecidedError,
} from "../model/mod.ts";
import type { Inspecting } from "./inspect_file.ts";
import { type ChunkObserver, type MeasuredTensor, measureStretches } from "./pass.ts";
import { type StreamedFile, TreeStream } from "./tree_stream.ts";
import {
  anomalies,
  evidenceOf,
  HIDDEN_MAGICS,
  HiddenSearch,
  readHeader,
  valuesOf,
  type WeightFormat,
  type WeightHeader,
} from "./weights.ts";

/** What one of its weight files says. */
export interface InspectedWeights {
  readonly path: string;
  readonly sizeBytes: number;
  readonly findings: readonly Finding[];
  readonly tensors: number;
  readonly values: number;
  readonly templates: number;
}

/** Everything that reading a directory once, every byte of every file, says about it. */
export interface DirectoryInspection {
  readonly digest: ArtifactDigest;
  /** Of the directory as it was listed before it was read. */
  readonly fingerprint: string;
  /** In order of their paths. */
  readonly weights: readonly InspectedWeights[];
}

/** What is known of a tensor is some thousand bytes: of so many it is in memory at once, rounded up to whole files. */
const TENSORS_AT_ONCE = 1024;

/**
 * Reads a directory once: the digest of the tree and of each file, and of each weight file exact statistics of every
 * tensor, templates, and what hides in the weights. There are no digests of tensors: they would cost as much again.
 *
 * The files are one stream of bytes to the pass, so that no thread waits where one ends and the next begins.
 */
export async function inspectDirectory(
  view: DiskDirectory,
  options: Inspecting,
): Promise<DirectoryInspection> {
  const { root } = view;
  const formats = new Map(weightFilesIn(view).map(({ path, format }) => [path, format]));
  const stream = new TreeStream(root, view.entries.filter(({ kind }) => kind !== "directory"));
  const tree = createHash("sha256");
  const files: FileDigest[] = [];
  const weights: InspectedWeights[] = [];
  try {
    for (const part of partsOf(root, stream, formats)) {
      const sha256 = await part.measure(stream, tree, options);
      files.push(
        ...part.files.map(({ path, sizeBytes }, i) => ({
          path,
          sha256: parseSha256(sha256[i] ?? ""),
          sizeBytes,
        })),
      );
      weights.push(...part.weights.map((one) => one.result()));
    }
  } finally {
    stream.close();
  }
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const digest = { sha256: parseSha256(tree.digest("hex")), sizeBytes, files };
  return { digest, fingerprint: view.fingerprint, weights };
}

/** How large its weight files are together. */
export function weightBytesIn(view: DiskDirectory): number {
  const weights = new Set(weightFilesIn(view).map(({ path }) => path));
  return view.entries.reduce((sum, { path, sizeBytes }) => weights.has(path) ? sum + sizeBytes : sum, 0);
}

/** Cuts the stream so that no part has many more tensors than may be in memory; headers are read as their part comes. */
function* partsOf(
  root: string,
  stream: TreeStream,
  formats: ReadonlyMap<string, WeightFormat>,
): Generator<StreamPart> {
  let [from, tensors] = [0, 0];
  let files: StreamedFile[] = [];
  let weights: WeightsInStream[] = [];
  for (const file of stream.files) {
    files.push(file);
    const format = formats.get(file.path);
    if (format !== undefined) {
      const one = new WeightsInStream(root, file, format);
      stream.expect(file.path, one.identity);
      weights.push(one);
      tensors += 1 + one.spans.length;
    }
    if (tensors < TENSORS_AT_ONCE) continue;
    const end = file.offset + file.sizeBytes;
    yield new StreamPart(from, end, files, weights);
    [from, tensors, files, weights] = [end, 0, [], []];
  }
  yield new StreamPart(from, stream.sizeBytes, files, weights);
}

/** Consecutive files of the stream, read in one pass. */
class StreamPart implements ChunkObserver {
  readonly magics = HIDDEN_MAGICS;
  readonly #scanner = new EmbeddedScanner();
  /** The first weight file that has not gone by. */
  #next = 0;

  constructor(
    private readonly begin: number,
    private readonly end: number,
    readonly files: readonly StreamedFile[],
    readonly weights: readonly WeightsInStream[],
  ) {}

  /** The digests of its files. All its bytes go into the digest of the tree. */
  async measure(stream: TreeStream, tree: Sha256Sink, options: Inspecting): Promise<readonly string[]> {
    const { begin, end, files, weights } = this;
    return await measureStretches({
      source: { sizeBytes: end - begin, read: (offset, into) => stream.read(begin + offset, into) },
      spans: weights.flatMap(({ file, spans }) =>
        spans.map((span) => ({ ...span, offset: file.offset - begin + span.offset }))
      ),
      stretches: files.map(({ offset, sizeBytes }) => ({ offset: offset - begin, sizeBytes })),
      whole: tree,
      onTensor: ({ span, statistics }) => {
        const offset = begin + span.offset;
        const owner = this.#weightsAt(offset);
        owner.measured.push({ span: { ...span, offset: offset - owner.file.offset }, statistics });
      },
      observer: this,
      onProgress: (bytes) => options.progress(begin + bytes),
      signal: options.signal,
    }, options.workers);
  }

  /** The weight file whose bytes these are. */
  #weightsAt(offset: number): WeightsInStream {
    let [low, high] = [0, this.weights.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.weights[middle]?.file.offset ?? Infinity) <= offset) low = middle;
      else high = middle - 1;
    }
    const found = this.weights[low];
    if (found === undefined) throw new RangeError(`Cannot measure: no weight file at ${offset}`);
    return found;
  }

  /** Shows each weight file its own bytes. */
  feed(chunk: Uint8Array, offset: number, places: Uint32Array | null): void {
    const start = this.begin + offset;
    const end = start + chunk.byteLength;
    for (let one = this.weights[this.#next]; one !== undefined; one = this.weights[++this.#next]) {
      const { offset: begins, sizeBytes } = one.file;
      const from = Math.max(start, begins);
      const to = Math.min(end, begins + sizeBytes);
      if (from < to) {
        const own = placesIn(places, from - start, to - start);
        one.feed(chunk.subarray(from - start, to - start), from - begins, own, this.#scanner);
      }
      if (begins + sizeBytes > end) return;
    }
  }
}

/** Those of the places that lie in a part of the chunk, counted from its start. */
function placesIn(places: Uint32Array | null, from: number, to: number): Uint32Array | null {
  return places?.filter((place) => place >= from && place < to).map((place) => place - from) ?? null;
}

/** One weight file while the stream goes by. */
class WeightsInStream {
  readonly identity: FileIdentity;
  readonly measured: Omit<MeasuredTensor, "sha256">[] = [];
  readonly #header: WeightHeader;
  /** There may be thousands of files: made with the first byte, gone with the last. */
  #hidden: HiddenSearch | null = null;
  #hiddenFindings: readonly Finding[] = [];

  constructor(private readonly root: string, readonly file: StreamedFile, format: WeightFormat) {
    const source = new FileSource(join(root, file.path));
    try {
      this.identity = source.identity;
      this.#header = readHeader(source, format);
    } finally {
      source.close();
    }
  }

  get spans(): WeightHeader["spans"] {
    return this.#header.spans;
  }

  feed(chunk: Uint8Array, offset: number, places: Uint32Array | null, scanner: EmbeddedScanner): void {
    this.#hidden ??= new HiddenSearch(this.spans, scanner);
    this.#hidden.feed(chunk, offset, places);
    if (offset + chunk.byteLength < this.file.sizeBytes) return;
    this.#hiddenFindings = this.#judge(this.#hidden);
    this.#hidden = null;
  }

  #judge(hidden: HiddenSearch): readonly Finding[] {
    const source = new FileSource(join(this.root, this.file.path));
    try {
      if (sameIdentity(source.identity, this.identity)) return hidden.findings(source);
      throw new UndecidedError("claim/changed", `${this.file.path} changed while it was read`);
    } finally {
      source.close();
    }
  }

  /** After the last byte. */
  result(): InspectedWeights {
    const { path, sizeBytes } = this.file;
    const { templateFindings, templates } = this.#header;
    const measured = evidenceOf(this.measured);
    return {
      path,
      sizeBytes,
      findings: [...templateFindings, ...this.#hiddenFindings, ...anomalies(measured)],
      tensors: measured.length,
      values: valuesOf(measured),
      templates,
    };
  }
}
