import fs from "node:fs";
import { anchorPath } from "../admission/mod.ts";
import { AuditChain } from "../audit/mod.ts";
import { unlessMissing } from "../files/mod.ts";
import { auditLogPath, stateDirectory } from "./environment.ts";
import { EXIT, type ExitCode, type World, worst } from "./world.ts";

/**
 * `audit verify [FILE...]`: one JSON object a log. Without a file: this machine's own log, compared with its anchor,
 * so that a removed end is seen too.
 */
export async function runAuditVerify(world: World, files: readonly string[]): Promise<ExitCode> {
  const own = ownLog(world);
  const codes: ExitCode[] = [];
  for (const path of files.length === 0 ? [own] : files) {
    const result = await AuditChain.verify(path, {
      ...hmacKey(world),
      ...(path === own ? { anchorPath: anchorPath(stateDirectory(world.env)) } : {}),
    });
    world.stdout.write(JSON.stringify({ log: path, ...result }) + "\n");
    codes.push(result.valid ? EXIT.passed : EXIT.refused);
  }
  return worst(codes);
}

/** `audit verify --head`: answers at once however long the log is. A log that was never begun is sound. */
export async function runAuditHead(world: World): Promise<ExitCode> {
  const log = ownLog(world);
  const head = await AuditChain.head(log, {
    hmacKey: hmacKey(world).hmacKey ?? "none",
    anchorPath: anchorPath(stateDirectory(world.env)),
  });
  const told = head.kind === "sound"
    ? { valid: true, entries: head.entries, last_hash: head.lastHash }
    : { valid: false, reason: head.why };
  world.stdout.write(JSON.stringify({ log, ...told }) + "\n");
  return head.kind === "sound" ? EXIT.passed : EXIT.refused;
}

/** The log beside our own state, as `admit` keeps it, where there is one; else that of `watch`. */
function ownLog(world: World): string {
  const embedded = auditLogPath(world.env, true);
  return unlessMissing(() => fs.statSync(embedded)) === null ? auditLogPath(world.env, false) : embedded;
}

function hmacKey(world: World): { hmacKey?: Uint8Array } {
  const path = world.env("AUDIT_HMAC_KEY_PATH");
  return path === undefined ? {} : { hmacKey: fs.readFileSync(path) };
}
