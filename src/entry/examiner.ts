/**
 * The examiner as the launcher starts it: a program of its own, so that a sandbox loads what looks at bytes and nothing
 * else. `--ahead gguf|safetensors|directory PATH` has it read a model while it waits for its job.
 */
import type { Ahead } from "../engine/read_ahead.ts";
import { WorkerPool } from "../engine/workers.ts";

if (import.meta.main) {
  const [, option, what, path] = Deno.args;
  const ahead = option === "--ahead" && what !== undefined && path !== undefined
    ? await readAhead(what, path)
    : null;
  const [{ examine }, { inspection }] = await Promise.all([
    import("../roles/examine.ts"),
    import("../../stages/inspections.ts"),
    import("../../stages/2_format_gate_file.ts"),
    import("../../stages/5_static_scan_weights.ts"),
  ]);
  await examine((job) => inspection(job, ahead));
  Deno.exit(0); // It still listens for the end of its input.
}

/** The other threads begin first: they load their modules while this one loads its own. */
async function readAhead(what: string, path: string): Promise<Ahead | null> {
  const workers = new WorkerPool();
  const { readDirectoryAhead, readFileAhead } = await import("../engine/read_ahead.ts");
  if (what === "directory") return readDirectoryAhead(path, workers);
  if (what === "gguf" || what === "safetensors") return readFileAhead(path, what, workers);
  workers.close();
  return null;
}
