import fs from "node:fs";
import { type Claim, inboxPath } from "./claim.ts";
import { walk } from "./incoming.ts";
import { warning } from "./journal.ts";
import type { Line } from "./line.ts";

const GIB = 1024 ** 3;

/**
 * Whether the frozen copy and the promoted copy fit while the reserve stays free. When they do not, the artifact
 * waits in scanning/ and the journal says so: a full disk never costs anybody a model.
 */
export function waitForSpace(line: Line, claim: Claim): boolean {
  const needed = sizeOf(inboxPath(claim)) * 2 + line.policy.quarantine.freeSpaceReserveBytes;
  const free = freeBytes(line.places.scanning);
  if (free >= needed) return true;
  const gib = (bytes: number) => (bytes / GIB).toFixed(1);
  line.say(
    warning(
      `${claim.record.name} waits in scanning: needs ${gib(needed)} GiB free (reserve included), has ${
        gib(free)
      } GiB`,
    ),
  );
  return false;
}

function freeBytes(path: string): number {
  const stat = fs.statfsSync(path);
  return stat.bavail * stat.bsize;
}

/** Bytes of a file, or of everything in a directory. */
export function sizeOf(path: string): number {
  const stat = fs.lstatSync(path);
  if (!stat.isDirectory()) return stat.size;
  let total = 0;
  for (const entry of walk(path)) total += Number(entry.stat.size);
  return total;
}
