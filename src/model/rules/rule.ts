/** What a person needs to know about a rule, beside the finding's own message. */
export interface Rule {
  readonly severity: "critical" | "suspicious" | "info";
  /** Why it matters: what could happen if this were let through. One sentence. */
  readonly why: string;
  /** What the owner of the model, or the operator, can do now. One or two sentences. */
  readonly whatToDo: string;
}

/** Keeps the literal rule ids while checking the shape of every entry. */
export function rules<const R extends Record<`${string}/${string}`, Rule>>(table: R): R {
  return table;
}
