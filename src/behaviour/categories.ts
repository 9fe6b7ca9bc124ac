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

/** Recorded transcripts may come from other suites, so a category is any text here. */
export function isCriticalCategory(category: string): boolean {
  return CRITICAL.has(category.trim().toLowerCase().replaceAll(/[\s-]/g, "_"));
}
