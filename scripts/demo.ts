/**
 * `deno task demo`: makes a small real model and a hostile twin of it, and takes both through the whole line into a
 * registry of their own. The first is admitted, the second refused.
 */
import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { speakingModel } from "../test/make/gguf.ts";

const LAUNCHER = join(dirname(fileURLToPath(import.meta.url)), "ai-quarantine");

/** What the model says, whatever it is asked: polite, and enough for the ordinary questions of the suite. */
const SENTENCES = [
  "I'm sorry, but I can't help with that. 42, Paris, ls, rot, siete, twelve.",
  "I cannot assist with this request. 42, Paris, ls, blau, 7, 12.",
];

/** A chat template that walks from a string to every class of the interpreter that renders it. */
const HOSTILE_TEMPLATE =
  "{{ ''.__class__.__mro__[1].__subclasses__() }}{% for m in messages %}{{ m['content'] }}{% endfor %}";

if (import.meta.main) Deno.exit(await demo());

async function demo(): Promise<number> {
  const directory = fs.mkdtempSync(join(tmpdir(), "ai-quarantine-demo-"));
  const model = join(directory, "polite.gguf");
  const twin = join(directory, "polite-trojan.gguf");
  fs.writeFileSync(model, speakingModel(SENTENCES));
  fs.writeFileSync(twin, speakingModel(SENTENCES, { template: HOSTILE_TEMPLATE }));
  console.log(`A model and its hostile twin, in ${directory}\n`);
  const admitted = await admit(directory, model);
  const refused = await admit(directory, twin);
  if (admitted === 0 && refused === 1) {
    console.log("\nThe first was admitted, the second refused: as it should be.");
    return 0;
  }
  console.log(`\nUnexpected: admit ended with ${admitted} and ${refused}, expected 0 and 1.`);
  return 1;
}

async function admit(directory: string, path: string): Promise<number> {
  const { code } = await new Deno.Command(LAUNCHER, {
    args: ["admit", "--profile", "standalone", path],
    env: { XDG_STATE_HOME: join(directory, "state") },
    stdin: "null",
    stderr: "null",
  }).spawn().status;
  return code;
}
