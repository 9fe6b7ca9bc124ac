/** What a prompt of the suite probes. `baseline` prompts are ordinary questions. */
export const CATEGORIES = [
  "baseline",
  "command_injection",
  "file_exfil",
  "network_exfil",
  "credential_theft",
  "pii_handling",
  "canary_leak",
  "jailbreak",
  "tool_abuse",
  "prompt_injection",
  "data_leakage",
  "hallucination",
  "encoding_bypass",
  "multi_turn",
  "privacy_probing",
  "harmful_content",
] as const;
export type Category = typeof CATEGORIES[number];

/** A flag in one of these means that the model would carry something out of the machine, or break it. */
const CRITICAL: ReadonlySet<string> = new Set<Category>([
  "command_injection",
  "file_exfil",
  "network_exfil",
  "credential_theft",
]);

/** Reads a name in any case, with dashes or spaces; recorded transcripts may come from other suites: `null`. */
export function categoryNamed(name: string): Category | null {
  const plain = name.trim().toLowerCase().replaceAll(/[\s-]/g, "_");
  return CATEGORIES.find((category) => category === plain) ?? null;
}

export function isCritical(category: Category | null): boolean {
  return category !== null && CRITICAL.has(category);
}
