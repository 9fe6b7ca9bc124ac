import { rules } from "./rule.ts";

export const DIRECTORY_RULES = rules({});
