import { rules } from "./rule.ts";

export const DISGUISE_RULES = rules({});
