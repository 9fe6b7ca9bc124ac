/**
 * The examiner as the launcher starts it: a program of its own, so that a sandbox loads what looks at bytes and nothing
 * else. `--ahead gguf|safetensors PATH` has it read a weight file while it waits for its job.
 */
import { WorkerPool } from "../engine/workers.ts";

if (import.meta.main) {
  const [, option, format, path] = Deno.args;
  // The other threads begin first: they load their modules while this one loads its own.
  const workers = option === "--ahead" ? new WorkerPool() : null;
  const { ReadAhead } = await import("../engine/read_ahead.ts");
  const ahead = workers !== null && path !== undefined && (format === "gguf" || format === "safetensors")
    ? new ReadAhead(path, format, workers)
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
