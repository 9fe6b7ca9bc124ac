import { rules } from "./rule.ts";

export const JSON_RULES = rules({});
