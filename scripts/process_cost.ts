/** What this process cost so far, for benches. The runtime shows /proc only to the all-powerful, so cat(1) reads it. */

/** The permission a script needs for the functions below. */
export const COST_PERMISSION = "--allow-run=/usr/bin/cat";

/** Largest resident memory so far, in bytes. */
export function peakMemoryBytes(): number {
  const kilobytes = /VmHWM:\s+(\d+)/.exec(proc("status"))?.[1];
  if (kilobytes === undefined) throw new Error("Cannot measure: /proc/PID/status does not say VmHWM");
  return Number(kilobytes) * 1024;
}

/** The fields of /proc/PID/stat after the program's name; see proc(5). */
export function statFields(): readonly string[] {
  return proc("stat").split(") ")[1]?.split(" ") ?? [];
}

function proc(file: string): string {
  const { stdout } = new Deno.Command("/usr/bin/cat", { args: [`/proc/${Deno.pid}/${file}`] }).outputSync();
  return new TextDecoder().decode(stdout);
}
