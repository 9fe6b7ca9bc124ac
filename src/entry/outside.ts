import type { Environment } from "../roles/environment.ts";

/** The environment, which is read nowhere else. */
export const environment: Environment = (name) => Deno.env.get(name) || undefined; // Set to nothing is not set.
