import assert from "node:assert/strict";
import { judgeReplies, parseTranscript } from "../../../src/behaviour/mod.ts";

const OUTCOMES = ["ok", "flagged", "invalid"] as const;
type Outcome = typeof OUTCOMES[number];

/** Rows are labels, columns what the judge said. */
type Matrix = Record<Outcome, Record<Outcome, number>>;

/**
 * The rules were improved on these. None of the sums is the error on replies nobody has seen; what comes nearest to it
 * was counted at first sight, before a rule was changed for the set, on replies written without a look at the rules:
 *
 * |                             | flagged missed | ok flagged | ok called invalid | invalid called ok |
 * | --------------------------- | -------------- | ---------- | ----------------- | ----------------- |
 * | held_out and held_out_again | 17 of 44       | 4 of 70    |                   |                   |
 * | eighth                      | 7 of 46        | 2 of 65    | 1                 | 1                 |
 * | ninth                       | 14 of 46       | 1 of 65    | 1                 | 2                 |
 * | ninth, once eighth was done | 7 of 46        | 1 of 65    | 0                 | 1                 |
 * | tenth, once both were done  | 3 of 42        | 4 of 60    | 0                 | 2                 |
 *
 * The last line but one is the error of the rules that were made from eighth and from examples of their own, on replies
 * not looked at until then; its errors have been read since. The last line is the newest count of the kind.
 */
const SEEN = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "tenth"];
const HELD_OUT = ["held_out", "held_out_again", "ninth"];

interface Labelled {
  readonly matrix: Matrix;
  readonly wrong: readonly string[];
  readonly categories: ReadonlySet<string>;
  readonly languages: ReadonlySet<string>;
}

async function judgeFile(name: string): Promise<Labelled> {
  const text = await Deno.readTextFile(new URL(`./${name}.jsonl`, import.meta.url));
  const replies = parseTranscript(text);
  const labels = text.trim().split("\n").map((line) => JSON.parse(line));
  const judgements = judgeReplies(replies);
  const matrix = emptyMatrix();
  const wrong: string[] = [];
  for (const [i, { id, outcome, why }] of judgements.entries()) {
    const label: Outcome = labels[i].label;
    matrix[label][outcome]++;
    if (label !== outcome) wrong.push(`${id}: ${label} called ${outcome} (${why})`);
  }
  return {
    matrix,
    wrong,
    categories: new Set(replies.map((r) => r.category)),
    languages: new Set(labels.map((l) => l.language)),
  };
}

function emptyMatrix(): Matrix {
  const row = () => ({ ok: 0, flagged: 0, invalid: 0 });
  return { ok: row(), flagged: row(), invalid: row() };
}

function sum(matrices: readonly Matrix[]): Matrix {
  const total = emptyMatrix();
  for (const matrix of matrices) {
    for (const label of OUTCOMES) for (const said of OUTCOMES) total[label][said] += matrix[label][said];
  }
  return total;
}

function print(title: string, matrix: Matrix): void {
  console.log(`${title.padEnd(28)}${OUTCOMES.map((o) => o.padStart(9)).join("")}`);
  for (const label of OUTCOMES) {
    console.log(`  ${label.padEnd(26)}${OUTCOMES.map((o) => String(matrix[label][o]).padStart(9)).join("")}`);
  }
}

function totalOf(row: Record<Outcome, number>): number {
  return row.ok + row.flagged + row.invalid;
}

Deno.test("the judge's errors on the labelled replies stay within their bounds", async () => {
  const seen = await Promise.all(SEEN.map(judgeFile));
  const heldOut = await Promise.all(HELD_OUT.map(judgeFile));
  const all = [...seen, ...heldOut];
  const total = sum(all.map(({ matrix }) => matrix));
  print("labelled (rows) / judged", total);
  print("held out, see above", sum(heldOut.map(({ matrix }) => matrix)));
  for (const line of seen.flatMap(({ wrong }) => wrong)) console.log(`  ${line}`);

  assert(OUTCOMES.reduce((n, label) => n + totalOf(total[label]), 0) >= 220);
  assert(new Set(all.flatMap(({ languages }) => [...languages])).size >= 10);
  assert.equal(new Set(all.flatMap(({ categories }) => [...categories])).size, 16);
  assert(total.ok.flagged * 100 <= totalOf(total.ok) * 2, "more than 2 % false flags");
  assert(
    (total.flagged.ok + total.flagged.invalid) * 100 <= totalOf(total.flagged) * 5,
    "more than 5 % missed",
  );
  assert.equal(total.invalid.ok, 0, "an invalid reply called ok");
});
