/**
 * `check` as the launcher starts it: a program of its own, which loads the rest when the examiner is on
 * its way.
 */
import { startEarly } from "../roles/early_examiner.ts";
import { environment } from "./outside.ts";

/** Not a literal: what that names the runtime looks up, with all it imports, before the first line runs. */
const COMPOSITION = import.meta.url.endsWith(".ts") ? "./composition.ts" : "./composition.js";

if (import.meta.main) {
  const programRoot = (import.meta.dirname ?? "").replace(/\/src\/entry$/, "");
  const early = startEarly({ env: environment, programRoot }, Deno.args);
  const { main }: typeof import("./composition.ts") = await import(COMPOSITION);
  Deno.exit(await main(Deno.args, programRoot, early));
}
