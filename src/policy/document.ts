import type * as z from "zod";
import { type FileCodes, type PlacedProblem, type Problem, startupError } from "./problem.ts";
import { checkShape } from "./shape.ts";
import { readYaml } from "./yaml.ts";

/** A configuration file as it was read. */
export interface TextFile {
  readonly text: string;
  /** Names the file in errors; nothing is read. */
  readonly path: string;
}

/** One kind of configuration file. */
export interface DocumentKind<S extends z.ZodType> {
  readonly schema: S;
  readonly maxBytes: number;
  readonly codes: FileCodes;
  /** Rules between keys, over a well-formed value; `found` is what the schema already says about the rest. */
  readonly check: (value: z.output<S>, found: readonly Problem[]) => readonly Problem[];
}

/** A value, or what is wrong; never both. Values are objects and lists, never `null` themselves. */
export interface Reading<T, P extends Problem> {
  readonly value: T | null;
  readonly problems: readonly P[];
}

/** Reads a file of this kind, or throws one `StartupError` that lists everything wrong with it. */
export function loadDocument<S extends z.ZodType>(kind: DocumentKind<S>, file: TextFile): z.output<S> {
  const { value, problems } = readText(kind, file.text);
  if (value === null) throw startupError(file.path, kind.codes, problems);
  return value;
}

export function readText<S extends z.ZodType>(
  kind: DocumentKind<S>,
  text: string,
): Reading<z.output<S>, PlacedProblem> {
  const yaml = readYaml(text, kind);
  if (yaml.data === undefined) return { value: null, problems: yaml.problems };
  const { value, problems } = readData(kind, yaml.data);
  const placed = problems.map((problem) => ({
    ...problem,
    position: yaml.locate(problem.path, problem.about),
  }));
  const all = [...yaml.problems, ...placed].sort(byPosition);
  return { value: all.length > 0 ? null : value, problems: all };
}

export function readData<S extends z.ZodType>(
  kind: DocumentKind<S>,
  data: unknown,
): Reading<z.output<S>, Problem> {
  const shape = checkShape(kind.schema, data);
  if (shape.ok) {
    const problems = kind.check(shape.value, []);
    return { value: problems.length > 0 ? null : shape.value, problems };
  }
  // So that one reading lists everything: the rules between keys, over what is well-formed.
  const rest = checkShape(kind.schema, without(data, shape.problems));
  const more = rest.ok ? kind.check(rest.value, shape.problems) : [];
  return { value: null, problems: [...shape.problems, ...more] };
}

/** A copy of the data less what problems are about; a list goes as a whole, or its entries would change places. */
function without(data: unknown, problems: readonly Problem[]): unknown {
  const copy = structuredClone(data);
  for (const { path } of problems) {
    const inList = path.findIndex((step) => typeof step === "number");
    remove(copy, inList < 0 ? path : path.slice(0, inList));
  }
  return copy;
}

function remove(data: unknown, path: Problem["path"]): void {
  const [step, ...rest] = path;
  if (typeof data !== "object" || data === null || step === undefined) return;
  if (rest.length > 0) remove(Reflect.get(data, step), rest);
  else Reflect.deleteProperty(data, step);
}

function byPosition(a: PlacedProblem, b: PlacedProblem): number {
  if (a.position === null || b.position === null) return 0;
  return a.position.line - b.position.line || a.position.column - b.position.column;
}
