/**
 * The examiner as the launcher starts it: a program of its own, so that a sandbox loads what looks at bytes and nothing
 * else.
 */
import { examine } from "./src/roles/examine.ts";
import { inspection } from "./stages/inspections.ts";

if (import.meta.main) await examine((job) => inspection(job.stage));
