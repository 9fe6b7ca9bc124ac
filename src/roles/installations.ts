import { dirname } from "node:path";
import { embeddedPlaces, watchedPlaces } from "./environment.ts";
import type { World } from "./world.ts";

/** Where a program lies, and where it really lies when that is a link into an environment of its own. */
export function installationsOf(program: string, world: Pick<World, "env">): string[] {
  return [...new Set([program, Deno.realPathSync(program)].map((path) => installationOf(path, world)))];
}

/**
 * What a program needs to be seen with: the folder it is installed in with its libraries, `/opt/x` for
 * `/opt/x/bin/program`. Never a folder with something private in it: then its own folder, or the program alone.
 */
function installationOf(program: string, { env }: Pick<World, "env">): string {
  const places = [...Object.values(watchedPlaces(env)), ...Object.values(embeddedPlaces(env))];
  const secrets = SECRETS.map((name) => env(name)).filter((path) => path !== undefined);
  const isOpen = (folder: string) =>
    [...places, ...secrets].every((path) => !`${path}/`.startsWith(folder === "/" ? folder : `${folder}/`));
  return [dirname(dirname(program)), dirname(program)].find(isOpen) ?? program;
}
const SECRETS = [
  "HOME",
  "SERVICE_TOKEN_PATH",
  "REGISTRY_TOKEN_PATH",
  "REGISTRY_READ_TOKEN_PATH",
  "POLICY_ENGINE_TOKEN_PATH",
  "INCIDENT_TOKEN_PATH",
  "SIGNING_KEY_PATH",
  "AUDIT_HMAC_KEY_PATH",
] as const;
