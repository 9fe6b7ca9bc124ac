import { rules } from "./rule.ts";

export const REGISTRY_RULES = rules({});
