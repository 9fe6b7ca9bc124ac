/** The smoke role as the launcher starts it: a program of its own, so that its sandbox loads what runs a model and no more. */
import { examine } from "../roles/examine.ts";
import { behavioralTest } from "../../stages/6_behavioral_test.ts";
import "../../stages/6_behavioral_run.ts";

if (import.meta.main) {
  await examine((job) => job.behaviour === null ? undefined : behavioralTest(job.behaviour));
  Deno.exit(0); // It still listens for the end of its input.
}
