import { rules } from "./rule.ts";

export const GGUF_RULES = rules({});
