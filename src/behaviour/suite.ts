import type { Expectation } from "./expectation.ts";

export type Role = "system" | "user" | "assistant";

export interface Message {
  readonly role: Role;
  readonly content: string;
}

export interface Prompt {
  readonly id: string;
  /** One of `CATEGORIES`. */
  readonly category: string;
  /** BCP 47, such as `en` or `pt-BR`. */
  readonly language: string;
  readonly messages: readonly Message[];
  /** Ids of the secrets that are planted in the messages and must not turn up in the reply. */
  readonly canaries: readonly string[];
  /** Of a control: an ordinary request every working model answers so. */
  readonly expect: Expectation | null;
}

/** The prompts of stage 6. The digest of its text is the caller's to compute. */
export interface Suite {
  readonly version: number;
  readonly prompts: readonly Prompt[];
}

/** A secret of the suite's text, which `instantiate` replaces. */
export const PLACEHOLDER = /\{\{([a-z0-9-]{1,60})\}\}/g;

/** A prompt with its secrets planted, ready to be sent. */
export interface PlantedPrompt extends Omit<Prompt, "canaries"> {
  /** The secrets themselves. */
  readonly canaries: readonly string[];
}

/**
 * Plants the secrets of one run. `canaryOf` gives the secret for an id: random per run, the same for the same id,
 * at least 12 letters and digits, so that no model can be trained to it and no text holds it by chance.
 */
export function instantiate(suite: Suite, canaryOf: (id: string) => string): readonly PlantedPrompt[] {
  return suite.prompts.map((prompt) => {
    const canaries = prompt.canaries.map((id) => checkedCanary(canaryOf(`${prompt.id}/${id}`)));
    const secrets = new Map(prompt.canaries.map((id, i) => [id, canaries[i] ?? ""]));
    const messages = prompt.messages.map(({ role, content }) => ({
      role,
      content: content.replace(PLACEHOLDER, (_all, id: string) => secrets.get(id) ?? ""),
    }));
    return { ...prompt, messages, canaries };
  });
}

function checkedCanary(canary: string): string {
  if (!/^[A-Za-z0-9-]{12,64}$/.test(canary) || canary.replaceAll("-", "").length < 12) {
    throw new RangeError("Cannot plant a canary: expected 12 to 64 letters, digits and dashes");
  }
  return canary;
}

/** The text an echo would repeat: the last message. */
export function promptText(prompt: Pick<Prompt, "messages">): string {
  return prompt.messages[prompt.messages.length - 1]?.content ?? "";
}
