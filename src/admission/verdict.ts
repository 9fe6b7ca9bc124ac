import {
  type ArtifactDigest,
  type Examination,
  type Finding,
  FormatError,
  type Refusal,
  type RuleId,
  type StageId,
  type StageOutcome,
  type StageRecord,
  UndecidedError,
  unreachable,
  type VerdictWord,
} from "../model/mod.ts";

/** The right to promote one artifact with one digest. Only {@link decide} can make one. */
export class Promotion {
  /** A private member makes the type nominal: no object literal can pass for a promotion. */
  readonly #decided = true;

  private constructor(readonly examination: Examination, readonly digest: ArtifactDigest) {}

  /** See {@link decide}. */
  static decide(examination: Examination): Promotion | Refusal {
    for (const record of examination.stages) {
      const refusal = refusalBy(record);
      if (refusal !== null) return refusal;
    }
    if (examination.digest === null) {
      return { word: "error", stage: null, rule: "line/crashed", reason: "the artifact was never hashed" };
    }
    return new Promotion(examination, examination.digest);
  }

  get decided(): boolean {
    return this.#decided;
  }
}

/** The verdict over seven stage outcomes: a promotion when none of them stands against it. */
export function decide(examination: Examination): Promotion | Refusal {
  return Promotion.decide(examination);
}

export function verdictWord(decision: Promotion | Refusal): VerdictWord {
  return decision instanceof Promotion ? "passed" : decision.word;
}

function refusalBy({ stage, outcome }: StageRecord): Refusal | null {
  switch (outcome.kind) {
    case "cleared":
    case "not-applicable":
    case "not-examined":
    case "attested":
    case "disabled":
      return null;
    case "refused":
      return { word: wordFor(stage), stage, rule: outcome.findings[0].rule, reason: outcome.summary };
    case "broken":
      return { word: "error", stage, rule: ruleOfError(outcome.error), reason: reasonOfError(outcome.error) };
    case "unreached":
      return { word: "error", stage, rule: "line/crashed", reason: `stage ${stage} was never reached` };
    default:
      return unreachable(outcome);
  }
}

function wordFor(stage: StageId): "rejected" | "failed" {
  return stage === "source_policy" || stage === "format_gate" ? "rejected" : "failed";
}

/** The rule id under which an error of a stage is reported. */
export function ruleOfError(error: unknown): RuleId {
  return error instanceof UndecidedError || error instanceof FormatError ? error.rule : "line/crashed";
}

/** One sentence for the report; never a stack. */
export function reasonOfError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The findings of an outcome, whichever kind it is. */
export function findingsOf(outcome: StageOutcome): readonly Finding[] {
  switch (outcome.kind) {
    case "cleared":
      return outcome.notes;
    case "refused":
      return outcome.findings;
    default:
      return [];
  }
}
