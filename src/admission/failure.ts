import { systemCode } from "../files/mod.ts";
import type { RuleId } from "../model/mod.ts";
import { ruleOfError } from "./verdict.ts";

/** A failed system call is the disk's fault when it is about writing, else the artifact could not be read. */
export function ruleOfFailure(error: unknown): RuleId {
  const code = systemCode(error);
  if (code === null) return ruleOfError(error);
  return ["ENOSPC", "EROFS", "EDQUOT"].includes(code) ? "line/disk" : "claim/unreadable";
}
