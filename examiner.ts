/**
 * The examiner as the launcher starts it: a program of its own, so that a sandbox loads what looks at bytes and nothing
 * else, and loads it while it waits for its job.
 */
import { examine } from "./src/roles/examine.ts";
import { inspection } from "./stages/inspections.ts";
import "./stages/2_format_gate_file.ts";
import "./stages/5_static_scan_weights.ts";

if (import.meta.main) await examine((job) => inspection(job.stage));
