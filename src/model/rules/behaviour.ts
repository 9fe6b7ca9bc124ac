import { rules } from "./rule.ts";

export const BEHAVIOUR_RULES = rules({});
