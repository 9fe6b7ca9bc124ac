import type { StageId } from "../model/mod.ts";
import type { StageWord, Status, Verdict } from "./status.ts";

/** What each stage asks, for somebody who has not met it before. */
export const QUESTIONS: Readonly<Record<StageId, string>> = {
  source_policy: "Is the origin one we allow?",
  format_gate: "Is it one well-formed model, every byte claimed?",
  integrity_check: "Is its digest the pinned one?",
  provenance_check: "Who signed it, and do we trust them?",
  static_scan: "Do its weights, templates and hidden bytes look like a model's?",
  behavioral_test: "Does it do what it should not when it runs?",
  diffusion_deep_scan: "Does a diffusion model hold what its index promises?",
};

export const OUTCOME_WORDS: Readonly<Record<StageWord, string>> = {
  PASS: "passed",
  FAIL: "refused",
  SKIP: "skipped",
  ERROR: "undecided",
};

export const VERDICT_WORDS: Readonly<Record<Verdict["verdict"], string>> = {
  passed: "Promoted",
  rejected: "Rejected",
  failed: "Failed",
  error: "Held",
};

export const STATE_WORDS: Readonly<Record<Status["state"], string>> = {
  running: "running",
  stopped: "ended in good order",
  failed: "ended with an error",
};

const KIB = 1024;
const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1.4 GiB` */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= KIB && unit < UNITS.length - 1) {
    value /= KIB;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `320 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min` */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor(ms % 60_000 / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** `2026-03-08 14:30:05 UTC` */
export function momentText(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}
