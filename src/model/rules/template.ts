import { rules } from "./rule.ts";

export const TEMPLATE_RULES = rules({});
