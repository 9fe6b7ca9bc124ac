import { chmod, type FileHandle, lstat, open, rename } from "node:fs/promises";
import { type Anchor, writeAnchor } from "./anchor.ts";
import { type Fact, MAX_LINE_BYTES, type Seal, sealLine } from "./entry.ts";
import { type FileState, fileState, type LogFiles, stampAfter, syncDirectory, writeAll } from "./files.ts";
import { shrunk } from "./standing.ts";

/** The effects on the disk, each named just before it happens. */
export type AuditStep =
  | "append:write"
  | "append:sync"
  | "anchor:write"
  | "anchor:rename"
  | "create:open"
  | "create:mode"
  | "create:sync"
  | "rotate:rename"
  | "rotate:protect"
  | "repair:truncate"
  | "reset:move";

export interface WriterOptions {
  readonly files: LogFiles;
  readonly anchorPath: string;
  readonly seal: Seal;
  readonly maxSizeBytes: number;
  readonly now: () => Date;
  /** Told each effect before it happens; what it throws stops the write there, as a crash would. */
  readonly step: (step: AuditStep) => void;
}

/** Where the chain stands, and in which file. */
type Position = Pick<Anchor, "entries" | "lastHash" | "sizeBytes">;

const LOG_MODE = 0o640;
const ARCHIVE_MODE = 0o444;

/** Writes lines to the current log, one at a time. After an error it must not be used again. */
export class LogWriter {
  private constructor(
    private readonly options: WriterOptions,
    private file: FileHandle,
    private anchor: Anchor,
  ) {}

  /** Opens the log for appending, or makes it; what lies after `position.sizeBytes` is cut off. */
  static async open(options: WriterOptions, position: Position): Promise<LogWriter> {
    const { log } = options.files;
    const present = await fileState(log);
    const file = present === null ? await createLog(options) : await open(log, "a");
    const writer = new LogWriter(options, file, { ...position, inode: await inodeOf(file) });
    try {
      await writer.expectSameFile();
      if (present !== null && present.sizeBytes > position.sizeBytes) {
        options.step("repair:truncate");
        await file.truncate(position.sizeBytes);
        await file.datasync();
      }
      await protectNewest(options.files);
      return writer;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get entries(): number {
    return this.anchor.entries;
  }

  get lastHash(): string {
    return this.anchor.lastHash;
  }

  /** Puts the position into the anchor without a new entry. */
  async writeAnchor(): Promise<void> {
    await writeAnchor(this.options.anchorPath, this.anchor, this.options.seal, this.options.step);
  }

  /** The entry's hash, once the entry is on the disk and the anchor knows it. */
  async append(fact: Fact): Promise<string> {
    const line = sealLine(fact, this.anchor.lastHash, this.options.seal);
    const bytes = new TextEncoder().encode(`${line.text}\n`);
    await this.expectUntouched();
    const { sizeBytes } = this.anchor;
    if (sizeBytes > 0 && sizeBytes + bytes.byteLength > this.options.maxSizeBytes) await this.rotate();
    this.options.step("append:write");
    await writeAll(this.file, bytes);
    this.options.step("append:sync");
    await this.file.datasync();
    this.anchor = {
      ...this.anchor,
      entries: this.anchor.entries + 1,
      lastHash: line.hash,
      sizeBytes: this.anchor.sizeBytes + bytes.byteLength,
    };
    await this.writeAnchor();
    return line.hash;
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  /** The name of the log must still lead to the file that was opened. */
  private async expectSameFile(): Promise<FileState> {
    const state = await fileState(this.options.files.log);
    if (state === null || !state.regular || state.inode !== this.anchor.inode) {
      throw new Error("The audit log was removed or replaced while it was open.");
    }
    return state;
  }

  private async expectUntouched(): Promise<void> {
    const state = await this.expectSameFile();
    if (state.sizeBytes < this.anchor.sizeBytes) {
      throw new Error(shrunk(this.anchor.sizeBytes, state.sizeBytes));
    }
    if (state.sizeBytes > this.anchor.sizeBytes) throw new Error("Another program wrote to the audit log.");
  }

  /** Sets the full log aside as an archive and begins an empty one that continues the chain. */
  private async rotate(): Promise<void> {
    const { files, now, step } = this.options;
    const archive = files.archivePath(stampAfter(now(), (await files.archives()).at(-1)?.stamp));
    if (await fileState(archive) !== null) throw new Error(`Cannot rotate the audit log: ${archive} exists`);
    step("rotate:rename");
    await rename(files.log, archive);
    step("rotate:protect");
    await this.file.chmod(ARCHIVE_MODE);
    const full = this.file;
    this.file = await createLog(this.options);
    await full.close();
    this.anchor = { ...this.anchor, inode: await inodeOf(this.file), sizeBytes: 0 };
    await this.writeAnchor();
  }
}

/** What a caller may record at most, so that every line that was written can be read again. */
export function expectRecordable(event: string, data: string): void {
  if (!/^[a-z][a-z0-9_-]{0,63}$/.test(event)) {
    throw new TypeError(`Cannot audit ${JSON.stringify(event)}: not an event name`);
  }
  if (data.length > MAX_LINE_BYTES - 1024) {
    throw new TypeError(`Cannot audit ${data.length} bytes in one entry`);
  }
}

async function createLog({ files, step }: WriterOptions): Promise<FileHandle> {
  step("create:open");
  const file = await open(files.log, "ax", LOG_MODE);
  try {
    step("create:mode");
    await file.chmod(LOG_MODE);
    step("create:sync");
    await syncDirectory(files.directory);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A crash may have come between an archive's rename and its change of mode. */
async function protectNewest(files: LogFiles): Promise<void> {
  const newest = (await files.archives()).at(-1);
  if (newest === undefined) return;
  const stat = await lstat(newest.path);
  if (stat.isFile() && (stat.mode & 0o222) !== 0) await chmod(newest.path, ARCHIVE_MODE);
}

async function inodeOf(file: FileHandle): Promise<string> {
  return (await file.stat({ bigint: true })).ino.toString();
}
