import fs from "node:fs";
import { anchorPath } from "../admission/mod.ts";
import { AuditChain } from "../audit/mod.ts";
import { unlessMissing } from "../files/mod.ts";
import { auditKey } from "./credentials.ts";
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
      ...auditKey(world),
      ...(path === own ? { anchorPath: anchorPath(stateDirectory(world.env)) } : {}),
    });
    world.stdout.write(JSON.stringify({ log: path, ...result }) + "\n");
    codes.push(result.valid ? EXIT.passed : EXIT.refused);
  }
  return worst(codes);
}

/** The log of `watch` where there is one, else that of `admit`. */
function ownLog(world: World): string {
  const watched = auditLogPath(world.env, false);
  return unlessMissing(() => fs.statSync(watched)) === null ? auditLogPath(world.env, true) : watched;
}
