import fs from "node:fs";
import { unlessMissing } from "../files/mod.ts";
import { type Policy, SCANNER_IDS, type ScannerId } from "../model/mod.ts";
import type { Environment, Variable } from "./environment.ts";

/** The variable that says where a scanner is, and where it is looked for without one. */
const SCANNERS: Readonly<Record<ScannerId, { readonly variable?: Variable; readonly name: string }>> = {
  modelscan: { variable: "MODELSCAN_BIN", name: "modelscan" },
  fickling: { variable: "FICKLING_BIN", name: "fickling" },
  modelaudit: { variable: "MODELAUDIT_BIN", name: "modelaudit" },
  gguf_guard: { variable: "GGUF_GUARD_BIN", name: "gguf-guard" },
  yara: { variable: "YARA_BIN", name: "yara" },
  garak: { variable: "GARAK_BIN", name: "garak" },
};
const FOLDERS = ["/usr/local/bin", "/usr/bin"];

/**
 * What this machine lacks to work by a policy, one sentence each: programs without which no model could ever pass.
 * Looks whether they are there; `doctor` also asks them something.
 */
export function missingPrograms(env: Environment, policy: Policy): string[] {
  const isThere = (path: string) => unlessMissing(() => fs.statSync(path))?.isFile() === true;
  const required = SCANNER_IDS.filter((id) => policy.scanners[id].required).map((id) => SCANNERS[id]);
  const runsModels = policy.quarantine.stages.behavioral_test && policy.models.requireBehaviorTests;
  const needed = [
    ...required,
    ...(runsModels ? [{ variable: "LLAMA_SERVER_BIN", name: "llama-server" } as const] : []),
  ];
  return needed.flatMap(({ variable, name }) => {
    const named = variable === undefined ? undefined : env(variable);
    const places = named === undefined ? FOLDERS.map((folder) => `${folder}/${name}`) : [named];
    return places.some(isThere)
      ? []
      : [`the policy requires ${name}, which is not installed (${places.join(", ")})`];
  });
}
