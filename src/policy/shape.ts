import * as z from "zod";
import { nearest } from "./nearest.ts";
import { formatPath, type KeyPath, type Problem } from "./problem.ts";

export type ShapeResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Checks data against a schema and says every difference in words for the person who wrote the file. */
export function checkShape<S extends z.ZodType>(schema: S, data: unknown): ShapeResult<z.output<S>> {
  const result = schema.safeParse(data, { reportInput: true });
  if (result.success) return { ok: true, value: result.data };
  const known = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return { ok: false, problems: result.error.issues.flatMap((issue) => describe(issue, known)) };
}

function describe(issue: z.core.$ZodIssue, known: JsonSchema): Problem[] {
  const path = issue.path.map((step) => typeof step === "number" ? step : String(step));
  if (issue.code !== "unrecognized_keys") {
    return [{ kind: "schema", path, about: "value", message: difference(issue) }];
  }
  return issue.keys.map((key) => ({
    kind: "schema",
    path: [...path, key],
    about: "key",
    message: `unknown key; ${suggestion(key, path, known)}`,
  }));
}

function difference(issue: z.core.$ZodIssue): string {
  const found = quote(issue.input);
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? "missing"
        : `expected ${EXPECTED[issue.expected] ?? issue.expected}, found ${found}`;
    case "too_big":
      return `${issue.inclusive ? "at most" : "less than"} ${issue.maximum}${
        unitOf(issue.origin)
      }, found ${found}`;
    case "too_small":
      return `${issue.inclusive ? "at least" : "more than"} ${issue.minimum}${
        unitOf(issue.origin)
      }, found ${found}`;
    case "invalid_value":
      return `expected ${issue.values.map(String).join(" or ")}, found ${found}${
        hint(issue.input, issue.values.map(String))
      }`;
    default:
      return `${issue.message}, found ${found}`;
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  string: "text (in quotes)",
  array: "a list",
  object: "a section of keys",
};

function unitOf(origin: string): string {
  return origin === "string" ? " characters" : origin === "array" ? " entries" : "";
}

/** The value as it may stand in a message: short, on one line, without characters that could forge another. */
function quote(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a section of keys";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function hint(input: unknown, values: readonly string[]): string {
  const near = typeof input === "string" ? nearest(input, values) : null;
  return near === null ? "" : `; did you mean ${near}?`;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The nearest key of the same section, else the nearest anywhere in the file, else what there is to choose from. */
function suggestion(key: string, path: KeyPath, known: JsonSchema): string {
  const here = Object.keys(sectionAt(known, path)?.properties ?? {});
  const near = nearest(key, here);
  if (near !== null) return `did you mean ${near}?`;
  const everywhere = leaves(known, []);
  const far = nearest(key, everywhere.map((leaf) => String(leaf.at(-1))));
  const home = everywhere.find((leaf) => leaf.at(-1) === far);
  return home === undefined ? `known here: ${here.join(", ")}` : `did you mean ${formatPath(home)}?`;
}

function sectionAt(schema: JsonSchema, path: KeyPath): JsonSchema | null {
  let section = filled(schema);
  for (const step of path) {
    const inside = typeof step === "number" ? section.items : section.properties?.[step];
    if (inside === undefined || typeof inside === "boolean" || Array.isArray(inside)) return null;
    section = filled(inside);
  }
  return section;
}

/** Of a schema that also takes `null`, the part that says what else it takes. */
function filled(schema: JsonSchema): JsonSchema {
  return schema.anyOf?.find((branch) => branch.properties !== undefined || branch.items !== undefined) ??
    schema;
}

/** Every key path of a schema that does not lead through a list. Our schemas are a few levels deep. */
function leaves(schema: JsonSchema, path: readonly string[]): (readonly string[])[] {
  return Object.entries(filled(schema).properties ?? {}).flatMap(([key, inside]) => {
    const here = [...path, key];
    return typeof inside === "boolean" ? [here] : [here, ...leaves(inside, here)];
  });
}
