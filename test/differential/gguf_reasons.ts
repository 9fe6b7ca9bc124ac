import type { RuleId } from "../../src/model/rules/mod.ts";

export const WE_REFUSE: ReadonlyMap<string, string> = new Map<RuleId, string>([]);
export const WE_ACCEPT: readonly { theirs: RegExp; why: string }[] = [];
