import { rules } from "./rule.ts";

export const SAFETENSORS_RULES = rules({});
