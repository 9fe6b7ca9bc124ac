import { FormatError } from "../../model/errors.ts";
import { CONFIG_JSON, type JsonObject, type JsonValue, parseJson } from "../strict_json.ts";
import type { ClassAllowlist, ComponentRole } from "./classes.ts";
import type { Findings } from "./findings.ts";
import { readAt } from "./place.ts";
import { wholeFile } from "./text.ts";
import type { DirectoryView } from "./view.ts";

export const MODEL_INDEX = "model_index.json";
const COMPONENT_NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const MAX_COMPONENTS = 64;
const CUSTOM_KEYS = ["custom_pipeline", "custom_pipelines", "custom_revision", "custom_code"];

/** One component that the index declares. */
export interface DeclaredComponent {
  /** Its folder. */
  readonly name: string;
  readonly library: string;
  readonly className: string;
  /** `null` when the class is not on the list; the finding says so. */
  readonly role: ComponentRole | null;
}

export interface ModelIndex {
  readonly pipeline: string | null;
  readonly components: readonly DeclaredComponent[];
  /** Declared as `[null, null]`: the pipeline works without them. */
  readonly absent: readonly string[];
}

/** The object in a JSON file of the directory. */
export function readObject(view: DirectoryView, path: string): JsonObject {
  return readAt(view, path, (source) => {
    const value = parseJson(wholeFile(source, CONFIG_JSON.maxBytes), CONFIG_JSON);
    if (isObject(value)) return value;
    throw new FormatError("diffusion/index-form", "a configuration is an object", { field: "$" });
  });
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads `model_index.json`: the pipeline's class and, for each component, `[library, class]`. What follows another rule
 * than those of the library is a finding; the class names are looked up, never loaded.
 * https://huggingface.co/docs/diffusers/using-diffusers/loading
 */
export function readModelIndex(view: DirectoryView, classes: ClassAllowlist, findings: Findings): ModelIndex {
  const index = readObject(view, MODEL_INDEX);
  for (const key of CUSTOM_KEYS) {
    const value = index[key];
    if (value === undefined || value === null || value === false) continue;
    findings.add("diffusion/custom-pipeline", `${key} asks for code that is not the library's`, place(key));
  }
  const pipeline = pipelineOf(index, classes, findings);
  const components: DeclaredComponent[] = [];
  const absent: string[] = [];
  for (const [name, value] of Object.entries(index)) {
    if (name.startsWith("_") || !Array.isArray(value) || isNumbers(value)) continue;
    if (!hasPlainName(name, findings)) continue;
    if (value.length === 2 && value.every((part) => part === null)) absent.push(name);
    else components.push(componentOf(name, value, classes, findings));
  }
  if (components.length === 0 || components.length > MAX_COMPONENTS) {
    const message =
      `${MODEL_INDEX} declares ${components.length} components, 1 to ${MAX_COMPONENTS} are possible`;
    findings.add("diffusion/index-form", message, place(null));
  }
  return { pipeline, components, absent };
}

function isNumbers(value: readonly JsonValue[]): boolean {
  return value.length > 0 && value.every((item) => typeof item === "number");
}

function pipelineOf(index: JsonObject, classes: ClassAllowlist, findings: Findings): string | null {
  const name = index["_class_name"];
  const at = place("_class_name");
  if (Array.isArray(name)) {
    const message = `_class_name is a list, ${
      shown(name)
    }: the pipeline's code would come from the repository`;
    findings.add("diffusion/custom-pipeline", message, at);
  } else if (typeof name !== "string") {
    findings.add("diffusion/index-form", "_class_name, the pipeline's class, is missing", at);
  } else if (classes.roleOf("diffusers", name) !== "pipeline") {
    findings.add("diffusion/pipeline-class", `${shown(name)} is no pipeline of diffusers known here`, at);
  } else return name;
  return null;
}

function hasPlainName(name: string, findings: Findings): boolean {
  if (COMPONENT_NAME.test(name)) return true;
  const message = `component ${shown(name)} is not the plain name of a folder`;
  findings.add("diffusion/component-name", message, place(name));
  return false;
}

/** What was not on the list is not carried on; the finding names it. */
const UNKNOWN = { library: "", className: "", role: null } as const;

function componentOf(
  name: string,
  value: readonly JsonValue[],
  classes: ClassAllowlist,
  findings: Findings,
): DeclaredComponent {
  const [library, className] = value;
  const at = place(name);
  if (value.length !== 2 || typeof library !== "string" || typeof className !== "string") {
    const message = `component ${shown(name)} is ${shown(value)}, not [library, class] or [null, null]`;
    findings.add("diffusion/index-form", message, at);
    return { ...UNKNOWN, name };
  }
  const role = classes.roleOf(library, className);
  if (!classes.hasLibrary(library)) {
    const message = `component ${shown(name)} would be loaded by ${
      shown(library)
    }, which is not an allowed library`;
    findings.add("diffusion/library", message, at);
  } else if (role === null || role === "pipeline") {
    const message = `component ${shown(name)} names ${
      shown(`${library}.${className}`)
    }, which is not an allowed class`;
    findings.add("diffusion/class", message, at);
  }
  return role === null ? { ...UNKNOWN, name } : { name, library, className, role };
}

function place(field: string | null) {
  return { path: MODEL_INDEX, field: field === null ? "$" : `$.${field.slice(0, 80)}` };
}

/** A value as it may stand in a message: short, on one line. */
export function shown(value: JsonValue): string {
  const text = JSON.stringify(value, (_, inner) => typeof inner === "bigint" ? String(inner) : inner) ??
    "null";
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
