import fs from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { systemCode } from "../files/mod.ts";
import { STAGE_IDS } from "../model/mod.ts";
import { emptyHistogram, histogramSchema, PIPELINE_BOUNDS, STAGE_BOUNDS } from "./histogram.ts";

/** What the coordinator says about itself, in STATE_DIR/status.json; the health role reads it and nothing else does. */
export const statusPath = (state: string): string => join(state, "status.json");

export const MAX_NAMES = 20;
export const MAX_VERDICTS = 20;
export const MAX_TEXT = 500;
const SCHEMA = 1;
/** Far above what the caps make possible. */
const MAX_STATUS_BYTES = 512 * 1024;

export const STAGE_OUTCOMES = ["PASS", "FAIL", "SKIP", "ERROR"] as const;
export type StageWord = typeof STAGE_OUTCOMES[number];
export const VERDICTS = ["passed", "rejected", "failed", "error"] as const;

const count = z.number().int().nonnegative();
const moment = z.iso.datetime();
const stageId = z.enum(STAGE_IDS);

const stageSchema = z.strictObject({
  stage: stageId,
  outcome: z.enum(STAGE_OUTCOMES),
  summary: z.string(),
  duration_ms: count,
});

const currentSchema = z.strictObject({
  name: z.string(),
  started_at: moment,
  /** Null until the sealed copy is complete. */
  size_bytes: count.nullable(),
  /** Null while the bytes are copied and hashed, and again while a verdict is carried out. */
  stage: stageId.nullable(),
  /** Of the copy, or of the stage that runs. */
  bytes_done: count,
  /** Those that have ended. */
  stages: z.array(stageSchema).max(STAGE_IDS.length),
});

const verdictSchema = z.strictObject({
  name: z.string(),
  verdict: z.enum(VERDICTS),
  /** Empty for a pass. */
  stage: z.string(),
  rule: z.string(),
  reason: z.string(),
  /** Empty where the bytes were never hashed. */
  sha256: z.string(),
  size_bytes: count,
  finished_at: moment,
  duration_ms: count.nullable(),
});

const heldSchema = z.strictObject({
  name: z.string(),
  rule: z.string(),
  /** When it is tried again by itself; null when a person has to act. */
  next_try: z.string().nullable(),
});

const stageTotalsSchema = z.strictObject({
  outcomes: z.strictObject({ PASS: count, FAIL: count, SKIP: count, ERROR: count }),
  seconds: histogramSchema(STAGE_BOUNDS),
});

const totalsSchema = z.strictObject({
  /** Taken out of incoming. */
  claims: count,
  /** Put back because they changed while they were examined. */
  requeued: count,
  verdicts: z.strictObject({ passed: count, rejected: count, failed: count, error: count }),
  /** Decisions other than a pass, and how many of them have their own audit entry. */
  refusals: count,
  refusals_audited: count,
  pipeline: histogramSchema(PIPELINE_BOUNDS),
  stages: z.strictObject({
    source_policy: stageTotalsSchema,
    format_gate: stageTotalsSchema,
    integrity_check: stageTotalsSchema,
    provenance_check: stageTotalsSchema,
    static_scan: stageTotalsSchema,
    behavioral_test: stageTotalsSchema,
    diffusion_deep_scan: stageTotalsSchema,
  }),
});

export const statusSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  version: z.string(),
  /** `stopped`: it ended in good order. `failed`: by an error, an audit log that cannot be written, say. */
  state: z.enum(["running", "stopped", "failed"]),
  started_at: moment,
  /** When this was written: at least every few seconds while it runs. */
  alive_at: moment,
  policy: z.strictObject({ profile: z.string(), sha256: z.string() }),
  current: currentSchema.nullable(),
  queue: z.strictObject({ length: count, names: z.array(z.string()).max(MAX_NAMES) }),
  /** Taken out of incoming and not yet decided: examined now, or parked until there is space or the next start. */
  open_claims: count,
  held: z.strictObject({ length: count, artifacts: z.array(heldSchema).max(MAX_NAMES) }),
  /** Newest first. */
  verdicts: z.array(verdictSchema).max(MAX_VERDICTS),
  /** Since the state directory was made. */
  totals: totalsSchema,
});

export type Status = z.infer<typeof statusSchema>;
export type Totals = Status["totals"];
export type Current = NonNullable<Status["current"]>;
export type Verdict = Status["verdicts"][number];
export type HeldEntry = Status["held"]["artifacts"][number];

export function emptyTotals(): Totals {
  const stage = () => ({
    outcomes: { PASS: 0, FAIL: 0, SKIP: 0, ERROR: 0 },
    seconds: emptyHistogram(STAGE_BOUNDS),
  });
  return {
    claims: 0,
    requeued: 0,
    verdicts: { passed: 0, rejected: 0, failed: 0, error: 0 },
    refusals: 0,
    refusals_audited: 0,
    pipeline: emptyHistogram(PIPELINE_BOUNDS),
    stages: {
      source_policy: stage(),
      format_gate: stage(),
      integrity_check: stage(),
      provenance_check: stage(),
      static_scan: stage(),
      behavioral_test: stage(),
      diffusion_deep_scan: stage(),
    },
  };
}

export type StatusReading =
  | { readonly kind: "status"; readonly status: Status }
  /** The coordinator has never run here. */
  | { readonly kind: "absent" }
  /** `why` is a whole sentence. */
  | { readonly kind: "unreadable"; readonly why: string };

/** Reads the status file, of which no more than its cap is ever taken into memory. */
export function readStatus(path: string): StatusReading {
  const unreadable = (why: string): StatusReading => ({ kind: "unreadable", why });
  let text: string | null;
  try {
    text = readCapped(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") return { kind: "absent" };
    return unreadable(`The coordinator's status file cannot be read (${code ?? "failed"}).`);
  }
  if (text === null) return unreadable("The coordinator's status file is larger than any it writes.");
  const value = parseJson(text);
  if (value === undefined) return unreadable("The coordinator's status file is not JSON.");
  const parsed = statusSchema.safeParse(value);
  if (parsed.success) return { kind: "status", status: parsed.data };
  return unreadable(
    isNewer(value)
      ? "A newer version of this program wrote the coordinator's status file."
      : "The coordinator's status file is not one that this version writes.",
  );
}

function readCapped(path: string): string | null {
  const fd = fs.openSync(path, "r");
  try {
    if (fs.fstatSync(fd).size > MAX_STATUS_BYTES) return null;
    const bytes = new Uint8Array(MAX_STATUS_BYTES);
    const size = fs.readSync(fd, bytes, 0, bytes.byteLength, 0);
    return new TextDecoder().decode(bytes.subarray(0, size));
  } finally {
    fs.closeSync(fd);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isNewer(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("schema" in value)) return false;
  return typeof value.schema === "number" && value.schema > SCHEMA;
}
