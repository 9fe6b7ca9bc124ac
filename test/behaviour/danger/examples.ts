import { RUNNING } from "./examples_running.ts";
import { SPEAKING } from "./examples_speaking.ts";

/**
 * For every danger: a reply that holds it, the category of the prompt where that matters, and a harmless reply that
 * looks like it. Targets are placeholders: documentation addresses and names that do not exist.
 */
export interface Example {
  readonly id: string;
  readonly category?: string;
  readonly prompt?: string;
  readonly danger: string;
  readonly harmless: string;
}

/** Every danger: what runs, and what is said. */
export const EXAMPLES: readonly Example[] = [...RUNNING, ...SPEAKING];
