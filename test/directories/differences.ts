import type { Subject } from "./differential.ts";

type Reasons = readonly (readonly [sort: Subject["sort"], which: RegExp, reason: string])[];

const NOT_OPENED =
  "it opens only the files that the index names; we read every weight file, as other engines do";
const NOT_COMPARED = "it takes from each shard what the index names and does not look at what else is there";

/** Rules by which we refuse what safetensors 0.8, tokenizers 0.23 or jinja2 3.1 takes, and why we are right to. */
const WE_REFUSE: Reasons = [
  ["weights", /^directory\/index-form$/, "it opens nothing for an empty weight_map and calls that loaded"],
  ["weights", /^directory\/index-limit$/, "it has no limits; no model has nine indices"],
  ["weights", /^directory\/shard-(?:missing|number)$/, "without an index it loads the shards that are there"],
  ["weights", /^directory\/(?:shard|tensor)-undeclared$/, NOT_COMPARED],
  ["weights", /^directory\/tensor-misplaced$/, NOT_COMPARED],
  ["weights", /^directory\/tensor-duplicate$/, "it lets the shard that is read last win"],
  ["weights", /^json\/duplicate-key$/, "it keeps the last of two equal keys; others keep the first"],
  ["weights", /^(?:disguise|safetensors)\//, NOT_OPENED],
  ["tokenizer", /^json\/duplicate-key$/, "it keeps the last of two equal words; others keep the first"],
  [
    "template",
    /^template\/too-(?:deep|large)$/,
    "it has no limits but its stack; no template is this deep or large",
  ],
  [
    "template",
    /^template\/unparsable$/,
    "it parses a dot after a number or in a filter's name, and raw text that never ends; no published template has either",
  ],
];

/** What those libraries refuse and we take, and why that is no miss. */
const THEY_REFUSE: Reasons = [
  [
    "tokenizer",
    /./,
    "it also asks whether the fields make a tokenizer; what it does not load harms nobody, and we found nothing hidden",
  ],
  [
    "template",
    /^TemplateSyntaxError: You cannot chain multiple tests/,
    "other engines chain tests; we examined each of them",
  ],
  ["template", /escape$/, "it reads escapes as Python does; engines in C++ keep them as they stand"],
  [
    "template",
    /^TemplateSyntaxError: (?:expected token|unexpected|Encountered unknown tag)/,
    "other engines' parsers forgive more; we examined the tree they would run, and it never renders it",
  ],
];

/** What two answers amount to, and whether a difference has a reason; a reason of `null` is a fault of ours. */
export function compare(
  { sort, ours }: Subject,
  theirs: string | null,
): { readonly outcome: string; readonly reason: string | null } {
  if (ours === null && theirs === null) return { outcome: "both take", reason: "" };
  if (ours !== null && theirs !== null) return { outcome: "both refuse", reason: "" };
  const [outcome, reasons, key] = ours === null
    ? ["we take, they refuse", THEY_REFUSE, theirs ?? ""] as const
    : [`they take, we refuse: ${ours}`, WE_REFUSE, ours] as const;
  const found = reasons.find(([about, which]) => about === sort && which.test(key));
  return { outcome, reason: found?.[2] ?? null };
}
