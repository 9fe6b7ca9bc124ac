/**
 * The coordinator, killing itself at one recorded step: `crash_worker.ts ROOT REGISTRY_URL STEP`. Takes what was
 * dropped in ROOT through the line, its stages in this process, and dies by SIGKILL at the STEPth step.
 */
import { Lab } from "../support/lab.ts";
import { takeEverything } from "../support/once.ts";
import { clientOf } from "../registry/fixture.ts";

const [root = "", url = "", stepText = ""] = Deno.args;
let left = Number(stepText);
const step = () => {
  if (--left === 0) Deno.kill(Deno.pid, "SIGKILL");
};
await takeEverything(new Lab(root), { registry: clientOf(url), step });
