/** The command line as the launcher starts it. It exports nothing, so it loads nothing of the library's. */
import { join } from "node:path";
import { main } from "./composition.ts";

if (import.meta.main) Deno.exit(await main(Deno.args, join(import.meta.dirname ?? ".", "..", "..")));
