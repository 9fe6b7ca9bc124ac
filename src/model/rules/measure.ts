import { rules } from "./rule.ts";

export const MEASURE_RULES = rules({});
