import { type Document, envelopeBundle, makeKey, statementAbout, textOf } from "../make/model_signing.ts";
import { type Signed, trusting } from "./support.ts";

/** A signed directory and a signed file, and ways to spoil them before or after they are signed. */

export const key = makeKey();
export const other = makeKey();
export const policy = trusting(key);

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const MODEL = bytes("weights ".repeat(1000));
export const FILES = {
  "config.json": bytes("{}"),
  "model-00001-of-00002.safetensors": bytes("first".repeat(700)),
  "model-00002-of-00002.safetensors": bytes("second".repeat(900)),
  "tokenizer/vocab.json": bytes('{"a": 0}'),
};

/** The directory with a signature inside of it. */
export const inside = (bundle: Document, files: Readonly<Record<string, Uint8Array>> = FILES): Signed => ({
  files: { ...files, "model.sig": textOf(bundle) },
});
/** One file with a signature beside it. */
export const beside = (bundle: Document, name = "m.gguf"): Signed => ({
  file: { name, bytes: MODEL },
  beside: { ".sig": textOf(bundle) },
});
export const sign = (statement: Document) => envelopeBundle(statement, { key });
/** A statement about the directory, changed before it is signed. */
export const about = (change: (statement: Document) => void) => sign(statementAbout(FILES, change));
/** A sound signature of the directory, changed after it was made. */
export const edited = (change: (bundle: Document) => void) =>
  envelopeBundle(statementAbout(FILES), { key, change });

export function shards(size: number): Document {
  return { method: "shards", hash_type: "sha256", shard_size: size, allow_symlinks: false };
}
