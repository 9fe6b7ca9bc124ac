import fs from "node:fs";
import { join } from "node:path";
import { PROGRAM_ROOT } from "../support/lab.ts";

export const UNITS = join(PROGRAM_ROOT, "systemd");

/** One line of a unit file; the same key may stand several times. */
export interface Directive {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** Every directive of a unit file, continued lines joined. */
export function directivesOf(unit: string): Directive[] {
  const text = fs.readFileSync(join(UNITS, unit), "utf8").replaceAll(/\\\n\s*/g, "");
  let section = "";
  return text.split("\n").flatMap((line) => {
    section = /^\[(\w+)\]$/.exec(line)?.[1] ?? section;
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [{ section, key, value }];
  });
}

/** What a copy of a unit is for is to run something else once: it is not started, restarted or watched as the unit is. */
const NOT_COPIED = [
  "CollectMode",
  "ExecStart",
  "ExecStopPost",
  "NotifyAccess",
  "Restart",
  "RestartSec",
  "RuntimeMaxSec",
  "StandardError",
  "StandardInput",
  "StandardOutput",
  "SyslogIdentifier",
  "TimeoutStartSec",
  "Type",
  "WatchdogSec",
];

/** The text of a unit that differs from `unit` only in what it runs. */
export function copyOf(unit: string, exec: string): string {
  const kept = directivesOf(unit).filter(({ section, key }) =>
    section === "Service" && !NOT_COPIED.includes(key)
  );
  const lines = kept.map(({ key, value }) => `${key}=${value}`);
  return ["[Service]", "Type=oneshot", ...lines, `ExecStart=${exec}`, ""].join("\n");
}

/** What the unit runs, up to its program: the runtime with all its flags; empty where it runs something else. */
export function runtimeOf(unit: string): string {
  const exec = directivesOf(unit).find(({ key }) => key === "ExecStart")?.value ?? "";
  const end = exec.indexOf(" /usr/lib/ai-quarantine/ai-quarantine.js");
  return end < 0 ? "" : exec.slice(0, end);
}
