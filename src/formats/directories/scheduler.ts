import type { JsonObject, JsonValue } from "../strict_json.ts";
import type { Findings } from "./findings.ts";
import { shown } from "./model_index.ts";

interface Range {
  readonly from: number;
  readonly to: number;
  readonly whole?: true;
}

/** The numbers that decide how much memory and how many steps a scheduler takes. */
const RANGES: Readonly<Record<string, Range>> = {
  num_train_timesteps: { from: 1, to: 100_000, whole: true },
  original_inference_steps: { from: 1, to: 100_000, whole: true },
  steps_offset: { from: -1000, to: 100_000, whole: true },
  solver_order: { from: 1, to: 10, whole: true },
  beta_start: { from: 0, to: 1 },
  beta_end: { from: 0, to: 1 },
  dynamic_thresholding_ratio: { from: 0, to: 1 },
};
/** No setting of any scheduler is a larger number; `sigma_max` reaches 700 and sequence lengths some 100,000. */
const LARGEST = 1e9;
const MAX_LIST = 100_000;

/** Texts with which schedulers choose a formula: an unknown one fails at load, or means a changed library. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  prediction_type: [
    "epsilon",
    "sample",
    "v_prediction",
    "flow_prediction",
    "flow",
    "trigflow",
    "velocity",
    "x0",
  ],
  beta_schedule: ["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "laplace", "exp", "cosine"],
  timestep_spacing: ["leading", "linspace", "trailing"],
  algorithm_type: ["dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++", "deis"],
  final_sigmas_type: ["zero", "sigma_min", "denoise_to_zero"],
  time_shift_type: ["exponential", "linear"],
};

/** Whether a scheduler's settings are such as a scheduler can have. */
export function checkScheduler(config: JsonObject, path: string, findings: Findings): void {
  for (const [key, value] of Object.entries(config)) {
    const place = { path, field: `$.${key.slice(0, 80)}` };
    const fault = numberFault(key, value);
    if (fault !== null) {
      findings.add("diffusion/scheduler-value", `${path}: ${key} is ${shown(value)}, ${fault}`, place);
    }
    const choices = Object.hasOwn(CHOICES, key) ? CHOICES[key] : undefined;
    if (choices === undefined || value === null || typeof value === "string" && choices.includes(value)) {
      continue;
    }
    const message = `${path}: ${key} is ${shown(value)}, known are ${choices.join(", ")}`;
    findings.add("diffusion/scheduler-unknown", message, place);
  }
}

function numberFault(key: string, value: JsonValue): string | null {
  const range = Object.hasOwn(RANGES, key) ? RANGES[key] : undefined;
  if (Array.isArray(value)) return listFault(value);
  if (typeof value === "bigint") return "beyond any setting";
  if (typeof value !== "number") return range === undefined || value === null ? null : "not a number";
  if (range === undefined) return Math.abs(value) <= LARGEST ? null : "beyond any setting";
  const { from, to, whole } = range;
  if (value < from || value > to) return `not from ${from} to ${to}`;
  return whole === true && !Number.isInteger(value) ? "not a whole number" : null;
}

function listFault(values: readonly JsonValue[]): string | null {
  if (values.length > MAX_LIST) return `a list of ${values.length}`;
  const isSane = (value: JsonValue) =>
    typeof value !== "bigint" && (typeof value !== "number" || Math.abs(value) <= LARGEST);
  return values.every(isSane) ? null : "beyond any setting";
}
