import { createHash } from "node:crypto";
import fs from "node:fs";
import { parseSha256, type Sha256 } from "../model/mod.ts";
import { CHUNK_BYTES } from "./hash.ts";
import { openRegular } from "./regular.ts";

/**
 * SHA-256 of the pieces of a regular file that end at these offsets, in one read from its start. A piece that the
 * file is too short for has no digest.
 */
export async function hashPieces(path: string, ends: readonly number[]): Promise<readonly Sha256[]> {
  const { fd } = openRegular(path);
  try {
    const buffer = new Uint8Array(CHUNK_BYTES);
    const digests: Sha256[] = [];
    let at = 0;
    for (const end of ends) {
      const hash = createHash("sha256");
      while (at < end) {
        const read = fs.readSync(fd, buffer, 0, Math.min(buffer.byteLength, end - at), at);
        if (read === 0) return digests;
        hash.update(buffer.subarray(0, read));
        at += read;
      }
      digests.push(parseSha256(hash.digest("hex")));
      await new Promise((resolve) => setTimeout(resolve, 0)); // Timers and signals get their turn.
    }
    return digests;
  } finally {
    fs.closeSync(fd);
  }
}
