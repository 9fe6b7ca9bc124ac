/**
 * The examiner as the launcher starts it: a program of its own, so that a sandbox loads what looks at bytes and nothing
 * else. `--ahead gguf|safetensors PATH` has it read a weight file while it waits for its job.
 */
import { ReadAhead } from "../engine/read_ahead.ts";
import { examine } from "../roles/examine.ts";
import { inspection } from "../../stages/inspections.ts";
import "../../stages/2_format_gate_file.ts";
import "../../stages/5_static_scan_weights.ts";

if (import.meta.main) {
  const ahead = readAhead(Deno.args);
  await examine((job) => inspection(job, ahead));
  Deno.exit(0); // It still listens for the end of its input.
}

function readAhead([, option, format, path]: readonly string[]): ReadAhead | null {
  if (option !== "--ahead" || path === undefined) return null;
  return format === "gguf" || format === "safetensors" ? new ReadAhead(path, format) : null;
}
