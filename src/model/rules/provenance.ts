import { rules } from "./rule.ts";

export const PROVENANCE_RULES = rules({});
