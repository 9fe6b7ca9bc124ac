import assert from "node:assert/strict";
import { realTest } from "../support/real_parts.ts";
import { compare } from "./differences.ts";
import {
  askLibraries,
  type Subject,
  templateSubjects,
  tokenizerSubjects,
  weightSubjects,
} from "./differential.ts";

const SEED = 9;
const FUZZED = 500;

realTest(
  "safetensors, tokenizers and jinja2 from PyPI differ from us only where the list of reasons says so",
  ["AIQ_PYTHON"],
  async ({ AIQ_PYTHON }) => {
    const subjects: readonly Subject[] = [
      ...weightSubjects(FUZZED, SEED),
      ...tokenizerSubjects(),
      ...templateSubjects(FUZZED, SEED),
    ];
    const answers = await askLibraries(AIQ_PYTHON, subjects);
    const counts = new Map<string, number>();
    const unexplained: string[] = [];
    for (const [i, subject] of subjects.entries()) {
      const theirs = answers[i] ?? null;
      const { outcome, reason } = compare(subject, theirs);
      const key = `${subject.sort}: ${outcome}${reason ? `: ${reason}` : ""}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (reason === null) unexplained.push(`${subject.sort} ${subject.name}: ${outcome}: ${theirs}`);
    }
    for (const [key, count] of [...counts].sort()) console.log(`${String(count).padStart(6)}  ${key}`);
    console.log(`${subjects.length} compared, ${unexplained.length} differences without a reason`);
    assert.deepEqual(unexplained, []);
    assert.ok(!counts.has("weights: we take, they refuse"));
    for (const sort of ["weights", "tokenizer", "template"]) {
      for (const outcome of ["both take", "both refuse"]) {
        assert.ok((counts.get(`${sort}: ${outcome}`) ?? 0) >= 10, `${sort}: ${outcome} is not tested`);
      }
    }
  },
);
