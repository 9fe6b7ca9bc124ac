import { type ArtifactDigest, type Finding, finding, FormatError, type Sha256 } from "../model/mod.ts";
import type { FileHash } from "./bundle.ts";
import type { ModelStatement, Resource } from "./statement.ts";

/** The frozen bytes a signature must be about. */
export interface SignedSubject {
  readonly name: string;
  readonly shape: "file" | "directory";
  /** The authority: digests are compared, files are not read again. */
  readonly digest: ArtifactDigest;
  /** Signature files inside a directory, which nobody signs. */
  readonly signatureFiles: ReadonlySet<string>;
  /** SHA-256 of pieces of one file (null: the artifact itself), read once from its start to its end. */
  readonly hashPieces: (path: string | null, ends: readonly number[]) => Promise<readonly Sha256[]>;
  /** Another digest of the artifact where it is one file, which takes a reading of its own. */
  readonly hashFile: (algorithm: FileHash) => Promise<Uint8Array>;
}

/** A file of the artifact; the path is null where the artifact is one file. */
interface Covered {
  readonly path: string | null;
  readonly sha256: Sha256;
  readonly sizeBytes: number;
}

/** Files of a repository that no engine reads, and that model signers leave out unless told otherwise. */
const REPOSITORY_FILE = /(?:^|\/)\.git(?:attributes|ignore)$/;

/**
 * Whether a statement is about exactly these bytes: every file of the artifact is listed with its digest, and every
 * listed file is here. Throws `FormatError` for the first difference. A single file may have been signed as part of
 * a directory. What is returned are notes.
 */
export async function compareWithStatement(
  statement: ModelStatement,
  subject: SignedSubject,
): Promise<Finding[]> {
  const listed = groupByPath(statement);
  if (subject.shape === "file") {
    const { sha256, sizeBytes } = subject.digest;
    await compareFile({ path: null, sha256, sizeBytes }, resourcesOfFile(listed, subject.name), subject);
    return [];
  }
  const notes: Finding[] = [];
  const files = new Map(subject.digest.files.map((file) => [file.path, file]));
  for (const path of listed.keys()) {
    if (!files.has(path)) {
      throw new FormatError("signature/resource-missing", `${path} was signed and is not here`, { path });
    }
  }
  for (const file of files.values()) {
    const resources = listed.get(file.path);
    if (resources !== undefined) await compareFile(file, resources, subject);
    else notes.push(...notSigned(file.path, statement, subject));
  }
  return notes;
}

/** Whether a signature over one file is about this artifact. */
export async function compareWithDigest(
  algorithm: FileHash,
  digest: Uint8Array,
  subject: SignedSubject,
): Promise<void> {
  if (subject.shape === "directory") {
    throw new FormatError("signature/statement", "a signature over one file, and this is a directory");
  }
  const actual = algorithm === "sha256" ? subject.digest.sha256 : (await subject.hashFile(algorithm)).toHex();
  if (digest.toHex() !== actual) throw otherBytes(subject.name, digest.toHex(), actual, {});
}

function groupByPath({ resources }: ModelStatement): Map<string, readonly Resource[]> {
  const listed = new Map<string, Resource[]>();
  for (const resource of resources) {
    const same = listed.get(resource.path);
    if (same === undefined) listed.set(resource.path, [resource]);
    else if (resource.range !== null) same.push(resource);
    else {
      throw new FormatError("signature/resource-duplicate", `${resource.path} is signed twice`, {
        path: resource.path,
      });
    }
  }
  return listed;
}

/** `.` where the file was signed by itself; else, in a directory's signature, the one file of this name. */
function resourcesOfFile(
  listed: ReadonlyMap<string, readonly Resource[]>,
  name: string,
): readonly Resource[] {
  const alone = listed.size === 1 ? listed.get(".") : undefined;
  if (alone !== undefined) return alone;
  const named = [...listed].filter(([path]) => path === name || path.endsWith(`/${name}`));
  const [only, ...more] = named;
  if (only === undefined) {
    throw new FormatError("signature/unsigned-file", `the signature does not cover ${name}`);
  }
  if (more.length > 0) {
    throw new FormatError(
      "signature/resource-duplicate",
      `the signature covers ${named.length} files called ${name}`,
    );
  }
  return only[1];
}

async function compareFile(
  file: Covered,
  resources: readonly Resource[],
  subject: SignedSubject,
): Promise<void> {
  const place = file.path === null ? {} : { path: file.path };
  const name = file.path ?? subject.name;
  const [whole] = resources;
  if (whole?.range === null) {
    if (whole.sha256 !== file.sha256) throw otherBytes(name, whole.sha256, file.sha256, place);
    return;
  }
  const pieces = resources.map(({ range, sha256 }) => ({
    start: range?.start ?? 0,
    end: range?.end ?? 0,
    sha256,
  }))
    .sort((a, b) => a.start - b.start);
  let next = 0;
  for (const { start, end } of pieces) {
    if (start !== next) {
      throw new FormatError(
        "signature/shards",
        `${name}: a piece begins at ${start}, expected ${next}`,
        place,
      );
    }
    next = end;
  }
  if (next !== file.sizeBytes) {
    throw new FormatError(
      "signature/shards",
      `${name}: ${next} bytes are signed, the file has ${file.sizeBytes}`,
      place,
    );
  }
  const found = await subject.hashPieces(file.path, pieces.map(({ end }) => end));
  pieces.forEach(({ sha256 }, i) => {
    if (sha256 !== found[i]) throw otherBytes(name, sha256, found[i] ?? "", place);
  });
}

function notSigned(path: string, { ignoredPaths }: ModelStatement, subject: SignedSubject): Finding[] {
  if (subject.signatureFiles.has(path)) return [];
  if (REPOSITORY_FILE.test(path)) {
    return [
      finding("provenance/unverified", "a repository file that the signature does not cover", { path }),
    ];
  }
  const ignored = ignoredPaths.find((one) => path === one || path.startsWith(`${one}/`));
  if (ignored !== undefined) {
    throw new FormatError("signature/ignored-path", `the signer left out ${ignored}`, { path });
  }
  throw new FormatError("signature/unsigned-file", `the signature does not cover ${path}`, { path });
}

function otherBytes(
  name: string,
  signed: string,
  actual: string,
  place: { readonly path?: string },
): FormatError {
  return new FormatError("signature/other-bytes", `${name}: signed: ${signed} actual: ${actual}`, place);
}
