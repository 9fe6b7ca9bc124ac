import fs from "node:fs";
import { join } from "node:path";
import type { World } from "./world.ts";

/** The version of this program, from deno.json. */
export function versionOf(world: Pick<World, "programRoot">): string {
  const { version } = JSON.parse(fs.readFileSync(join(world.programRoot, "deno.json"), "utf8"));
  return String(version);
}
