import type { RuleId } from "../../model/rules/mod.ts";
import { claimOf } from "./claims.ts";
import { MAX_BYTES } from "./contents.ts";
import { Findings } from "./findings.ts";
import { hiddenText } from "./hidden_text.ts";
import { configurationLimits, fieldOf, type JsonScalar, scalarsIn } from "./json.ts";
import { at, readAt } from "./place.ts";
import { proveText, wholeFile } from "./text.ts";
import { baseName, type DirectoryView } from "./view.ts";

/** Keys whose text is the name of Python code to import. */
const CODE_KEYS = new Set([
  "auto_map",
  "custom_code",
  "custom_generate",
  "custom_pipeline",
  "custom_pipelines",
  "custom_revision",
]);
/** Hydra, jsonpickle and their kin build the object that is named. */
const TARGET_KEYS = new Set(["_target_", "__target__", "py/object", "py/reduce", "py/function", "py/type"]);
/** `other/repo--module.Class`: code of another repository. */
const REMOTE_CLASS = /^[\w.-]{1,96}\/[\w.-]{1,96}--[\w.]{1,200}$/;
/** Attention and expert kernels are library names; with a slash they are repositories of compiled code. */
const KERNEL_KEY = /^_?(?:attn|experts|kernel)s?_implementation(?:_internal)?$/;
const ADDRESS = /^[a-z][a-z0-9+.-]{1,20}:\/\/|^\\\\/i;
/** Keys under which a loader expects a model's name and would fetch what is named. */
const FOLLOWED_KEY = /(?:^|_)(?:model_name_or_path|name_or_path|repo|repo_id|endpoint|base_url|api_base)$/;
/** Records of where a file came from, which nothing follows. */
const RECORD_KEYS = new Set(["_name_or_path", "name_or_path"]);
const KNOWN_MODULE = /^(?:transformers|diffusers|peft|torch)(?:\.[A-Za-z_]\w{0,80}){0,12}$/;
const SENTENCE_MODULE = /^sentence_transformers(?:\.[A-Za-z_]\w{0,80}){1,12}$/;
const TORCH_MODULE = /^torch\.nn(?:\.[A-Za-z_]\w{0,80}){1,12}$/;
const TEMPLATE_NAME = /^[\w .+-]{1,100}$/;

/**
 * What the configuration files ask the engine to do beyond loading weights, and text in documents that only programs
 * see. Values are looked at as decoded, so that no escape hides them; names in vocabularies are data.
 */
export function configurationFindings(view: DirectoryView): Findings {
  const findings = new Findings();
  for (const { path, kind } of view.entries) {
    if (kind !== "file") continue;
    const claim = claimOf(path);
    if (!("sort" in claim)) continue;
    if (claim.sort === "configuration") examineConfiguration(view, path, findings);
    else if (claim.sort === "document") examineDocument(view, path, findings);
  }
  return findings;
}

function examineConfiguration(view: DirectoryView, path: string, findings: Findings): void {
  const name = baseName(path);
  readAt(view, path, (source) => {
    for (const scalar of scalarsIn(source, configurationLimits(path))) {
      const fault = faultOf(scalar, name);
      if (fault === null) continue;
      const field = fieldOf(scalar.path);
      findings.add(fault.rule, `${path}: ${field} ${fault.what}`, { path, field, offset: scalar.offset });
    }
  });
}

function examineDocument(view: DirectoryView, path: string, findings: Findings): void {
  readAt(view, path, (source) => {
    const bytes = wholeFile(source, MAX_BYTES.document);
    if (proveText(bytes, "document") !== null) return; // Not UTF-8: stage 2 has said so.
    for (const found of hiddenText(new TextDecoder().decode(bytes))) findings.take(at(path, found));
  });
}

interface Fault {
  readonly rule: RuleId;
  readonly what: string;
}

function faultOf(scalar: JsonScalar, file: string): Fault | null {
  const { event, path } = scalar;
  const key = lastKey(path);
  if (key === "trust_remote_code" && isTrue(scalar)) {
    return { rule: "config/trust-remote-code", what: "asks for code from repositories to be trusted" };
  }
  if (event !== "string") return null;
  return codeFault(scalar, key) ?? followedFault(scalar, key, file);
}

/** Text that names code. */
function codeFault({ text, path }: JsonScalar, key: string): Fault | null {
  if (REMOTE_CLASS.test(text) || KERNEL_KEY.test(key) && text.includes("/")) {
    return { rule: "config/remote-code", what: `fetches code from ${quoted(text)}` };
  }
  const codeKey = path.find((step) => typeof step === "string" && CODE_KEYS.has(step));
  if (codeKey !== undefined && text !== "") {
    return { rule: "config/custom-code", what: `names Python code to load: ${quoted(text)}` };
  }
  if (TARGET_KEYS.has(key)) {
    return { rule: "config/target", what: `names an object to build: ${quoted(text)}` };
  }
  return null;
}

/** Text that a loader would follow to a module, a folder or an address. */
function followedFault({ text, path }: JsonScalar, key: string, file: string): Fault | null {
  const foreign: Fault = { rule: "config/foreign-module", what: `has ${quoted(text)} imported` };
  if (key === "parent_library" && path.includes("auto_mapping")) {
    return KNOWN_MODULE.test(text) ? null : foreign;
  }
  if (key === "activation_function" && text.includes(".")) return TORCH_MODULE.test(text) ? null : foreign;
  if (file === "modules.json" && path.length === 2) {
    if (key === "type") return SENTENCE_MODULE.test(text) ? null : foreign;
    if (key === "path" && !isInside(text)) {
      return { rule: "config/path-escape", what: `leads to ${quoted(text)}` };
    }
  }
  if (isTemplateName(path) && !(TEMPLATE_NAME.test(text) && !text.includes(".."))) {
    return { rule: "config/path-escape", what: `is no plain name: ${quoted(text)}` };
  }
  if (FOLLOWED_KEY.test(key) && !RECORD_KEYS.has(key) && ADDRESS.test(text)) {
    return { rule: "config/remote-address", what: `is an address: ${quoted(text)}` };
  }
  return null;
}

/** The name of one of several chat templates becomes a file name when the tokenizer is saved. */
function isTemplateName(path: readonly (string | number)[]): boolean {
  const [top, index, key] = path;
  return top === "chat_template" && typeof index === "number" && key === "name" && path.length === 3;
}

function isInside(text: string): boolean {
  return text === "" || !/^[/\\~]|[\\:]/.test(text) && !text.split("/").includes("..");
}

/** The key nearest to a value: elements of a list stand under the list's key. */
function lastKey(path: readonly (string | number)[]): string {
  for (let i = path.length - 1; i >= 0; i--) {
    const step = path[i];
    if (typeof step === "string") return step;
  }
  return "";
}

function isTrue({ event, text, number }: JsonScalar): boolean {
  if (event === "string") return !["", "false", "no", "0"].includes(text.toLowerCase());
  return event === "true" || event === "number" && Number(number) !== 0;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
