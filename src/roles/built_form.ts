import type { World } from "./world.ts";

/** What the program is built from. The launcher knows them too. */
const SOURCES = ["main.ts", "src", "stages", "deno.json", "deno.lock", "scripts/ai-quarantine"];

/**
 * Where the program lies as an image has it, in a few files that load fast: in its own place when it is installed, else
 * where the launcher built it from this checkout. `null` when the launcher has not, or the checkout has changed since.
 */
export function builtFormOf({ env, programRoot }: Pick<World, "env" | "programRoot">): string | null {
  if (statOf(`${programRoot}/ai-quarantine.js`) !== null) return programRoot;
  const cache = env("DENO_DIR");
  const build = cache === undefined ? null : `${cache}/ai-quarantine${programRoot}/now`;
  const made = build === null ? null : modifiedMs(`${build}/made`);
  if (build === null || made === null || SOURCES.some((path) => isNewer(`${programRoot}/${path}`, made))) {
    return null;
  }
  const program = `${Deno.realPathSync(build)}/program`;
  return statOf(program) === null ? null : program;
}

function isNewer(path: string, thanMs: number): boolean {
  const stat = statOf(path);
  if (stat === null || (stat.mtime?.getTime() ?? Infinity) > thanMs) return true;
  return stat.isDirectory &&
    [...Deno.readDirSync(path)].some(({ name }) => isNewer(`${path}/${name}`, thanMs));
}

const modifiedMs = (path: string): number | null => statOf(path)?.mtime?.getTime() ?? null;

function statOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
