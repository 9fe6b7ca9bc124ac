import fs from "node:fs";
import { type FileIdentity, openRegular } from "./regular.ts";

/** The bytes of one regular file, read where asked. Close it when done. */
export class FileSource {
  readonly #fd: number;
  readonly sizeBytes: number;
  /** What the file was when it was opened. */
  readonly identity: FileIdentity;

  constructor(path: string) {
    const { fd, stat } = openRegular(path);
    this.#fd = fd;
    this.sizeBytes = stat.sizeBytes;
    this.identity = stat;
  }

  /** Fills `into` from byte `offset` on; fewer bytes than asked only at the end of the file. */
  read(offset: number, into: Uint8Array): number {
    let done = 0;
    while (done < into.byteLength) {
      const read = fs.readSync(this.#fd, into, done, into.byteLength - done, offset + done);
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}
