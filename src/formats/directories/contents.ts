import { FormatError } from "../../model/errors.ts";
import { type Finding, finding } from "../../model/finding.ts";
import { disguiseFinding, polyglotFinding } from "../disguise.ts";
import { protoFields } from "../protobuf.ts";
import { type FileKind, identify, type Identity, otherFaces } from "../sniff.ts";
import { type ByteSource, MemorySource } from "../source.ts";
import { CONFIG_JSON } from "../strict_json.ts";
import type { FileSort } from "./claims.ts";
import { configurationLimits, proveJson, VOCABULARY_LIMITS } from "./json.ts";
import { proveText, utf8Text, wholeFile } from "./text.ts";

/** Sorts whose content is proven beside the other weights of their folder. */
export type SideSort = Exclude<FileSort, "safetensors" | "gguf" | "weight-index">;

const MIB = 1024 * 1024;
/** How large a file of each sort may be; everything read whole is small. */
export const MAX_BYTES: Readonly<Record<SideSort, number>> = {
  configuration: CONFIG_JSON.maxBytes,
  "vocabulary-json": VOCABULARY_LIMITS.maxBytes,
  sentencepiece: 32 * MIB,
  "vocabulary-text": 32 * MIB,
  document: 16 * MIB,
  template: 4 * MIB,
  recipe: 4 * MIB,
  picture: 64 * MIB,
  drawing: 16 * MIB,
  recording: 512 * MIB,
  paper: 128 * MIB,
  signature: 64 * MIB,
  "empty-marker": 0,
  "download-note": 4096,
};
/** A vocabulary of the largest multilingual models has 262,144 pieces. */
const MAX_PIECES = 1_048_576;
/** The fields of a SentencePiece ModelProto. */
const MAX_SENTENCEPIECE_FIELD = 5;
/** `!!python/object`, `!<tag:…>`, `!custom`: whatever makes a YAML reader build something of its own. */
const YAML_TAG = /(?:^|[\s[{,:-])![!<\w]/m;
const ACTIVE_SVG = /<script\b|javascript:|<foreignObject\b|\son[a-z]{3,20}\s*=/i;
const DOWNLOAD_METADATA = /^[0-9a-f]{40}\n[\x21-\x7e]{1,256}\n\d{1,16}(?:\.\d{1,16})?\n?$/;
const CACHE_TAG = /^Signature: 8a477f597d28d172789f06886806bc55\n[\x20-\x7e\n]{0,1024}$/;

const WRITTEN: readonly FileKind[] = ["text", "json", "xml", "html", "empty"];

/** Proves that a file beside the weights is what its name claims. `name` is its path, for the extension. */
export function proveSideFile(source: ByteSource, name: string, sort: SideSort): readonly Finding[] {
  const maxBytes = sort === "configuration" ? configurationLimits(name).maxBytes : MAX_BYTES[sort];
  if (source.sizeBytes > maxBytes) {
    const message = `${source.sizeBytes} bytes, at most ${maxBytes} are expected of such a file`;
    throw new FormatError("directory/side-file-size", message);
  }
  if (sort === "empty-marker") return [];
  const identity = identify(source);
  const disguise = contradiction(name, identity, sort);
  return disguise === null ? prove(source, name, sort, identity) : [disguise];
}

/** What the first bytes say against the name. Plain text is left to the reader of the sort, which says where it errs. */
function contradiction(name: string, identity: Identity, sort: SideSort): Finding | null {
  switch (sort) {
    case "picture":
      return ["png", "jpeg", "gif", "webp"].includes(identity.kind) ? null : disguiseFinding(name, identity);
    case "configuration":
      return identity.kind === "text" ? null : disguiseFinding(name, identity);
    case "vocabulary-json":
    case "document":
    case "vocabulary-text":
    case "template":
    case "recipe":
    case "drawing":
    case "download-note":
      return WRITTEN.includes(identity.kind) ? null : disguiseFinding(name, identity);
    case "sentencepiece":
    case "recording":
    case "paper":
    case "signature":
    case "empty-marker":
      return disguiseFinding(sort === "sentencepiece" ? "model" : name, identity);
  }
}

function prove(source: ByteSource, name: string, sort: SideSort, identity: Identity): readonly Finding[] {
  switch (sort) {
    case "configuration":
      proveJson(source, configurationLimits(name));
      return [];
    case "vocabulary-json":
      proveJson(source, VOCABULARY_LIMITS);
      return [];
    case "sentencepiece":
      return proveSentencePiece(source, identity);
    case "vocabulary-text":
      return textual(proveText(wholeFile(source, MAX_BYTES[sort]), "vocabulary"));
    case "document":
      return noted(proveText(wholeFile(source, MAX_BYTES[sort]), "document"));
    case "template":
      utf8Text(wholeFile(source, MAX_BYTES[sort]));
      return [];
    case "recipe":
      return proveRecipe(utf8Text(wholeFile(source, MAX_BYTES[sort])));
    case "drawing":
      return proveDrawing(utf8Text(wholeFile(source, MAX_BYTES[sort])));
    case "picture":
      if (identity.kind === "unknown") throw new FormatError("directory/media-form", "no picture known here");
      return facesOf(source, identity);
    case "recording":
      return proveRecording(source, identity);
    case "paper":
      if (identity.kind !== "pdf") throw new FormatError("directory/media-form", "no PDF document");
      return facesOf(source, identity);
    case "signature":
      return facesOf(source, identity);
    case "empty-marker":
      return [];
    case "download-note":
      proveDownloadNote(name, utf8Text(wholeFile(source, MAX_BYTES[sort])));
      return [];
  }
}

function textual(note: Finding | null): readonly Finding[] {
  if (note !== null) throw new FormatError("directory/text-form", "a vocabulary that is not UTF-8");
  return [];
}

function noted(note: Finding | null): readonly Finding[] {
  return note === null ? [] : [note];
}

function proveRecipe(text: string): readonly Finding[] {
  const tag = YAML_TAG.exec(text);
  if (tag === null) return [];
  const offset = tag.index;
  return [finding("directory/yaml-tag", `a YAML tag at character ${offset}`, { offset })];
}

function proveDrawing(text: string): readonly Finding[] {
  const active = ACTIVE_SVG.exec(text);
  if (active === null) return [];
  const message = `${JSON.stringify(active[0].trim())} makes the drawing active`;
  return [finding("directory/active-picture", message, { offset: active.index })];
}

/** Other readers of the same bytes: a ZIP at the end, a tar checksum, a pickle. */
export function facesOf(source: ByteSource, identity: Identity): readonly Finding[] {
  return otherFaces(source, identity).map((face) => polyglotFinding(identity, face));
}

/**
 * A SentencePiece model is a protocol buffers message of pieces and settings to its last byte. A tokenizer in text
 * (tiktoken ranks under the same name) is text to its last byte.
 * https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
 */
function proveSentencePiece(source: ByteSource, identity: Identity): readonly Finding[] {
  const bytes = wholeFile(source, MAX_BYTES.sentencepiece);
  if (identity.kind === "text" || identity.kind === "json") {
    return textual(proveText(bytes, "vocabulary"));
  }
  const memory = new MemorySource(bytes);
  const fields = protoFields(memory, 0, bytes.byteLength, MAX_PIECES);
  const end = fields?.at(-1);
  const isWhole = end !== undefined && end.offset + end.sizeBytes === bytes.byteLength;
  const isKnown = fields?.every((field) => field.wire === 2 && field.number <= MAX_SENTENCEPIECE_FIELD) ??
    false;
  if (identity.kind !== "sentencepiece" || !isWhole || !isKnown) {
    throw new FormatError("directory/tokenizer-form", "no SentencePiece model and no text");
  }
  return facesOf(memory, identity);
}

const RECORDINGS: readonly (readonly [offset: number, magic: string])[] = [
  [4, "ftyp"],
  [0, "RIFF"],
  [0, "ID3"],
  [0, "fLaC"],
  [0, "OggS"],
  [0, "\x1a\x45\xdf\xa3"],
];

function proveRecording(source: ByteSource, identity: Identity): readonly Finding[] {
  const head = new Uint8Array(Math.min(16, source.sizeBytes));
  source.read(0, head);
  const has = (at: number, magic: string) => [...magic].every((c, i) => head[at + i] === c.charCodeAt(0));
  const isFrame = head[0] === 0xff && ((head[1] ?? 0) & 0xe0) === 0xe0;
  if (!isFrame && !RECORDINGS.some(([at, magic]) => has(at, magic))) {
    throw new FormatError("directory/media-form", "no sound or film known here");
  }
  return facesOf(source, identity);
}

function proveDownloadNote(name: string, text: string): void {
  const isGood = name.endsWith(".metadata")
    ? DOWNLOAD_METADATA.test(text)
    : name.endsWith("CACHEDIR.TAG")
    ? CACHE_TAG.test(text)
    : name.endsWith(".gitignore")
    ? text.trim() === "*"
    : text === "";
  if (!isGood) {
    throw new FormatError("directory/download-note", "not what the downloader writes into such a file");
  }
}
