import { FormatError } from "../../model/errors.ts";
import { claimOf, type FileSort } from "./claims.ts";
import type { ClassAllowlist, ComponentRole } from "./classes.ts";
import { Findings } from "./findings.ts";
import { type DeclaredComponent, MODEL_INDEX, readModelIndex, readObject, shown } from "./model_index.ts";
import { checkScheduler } from "./scheduler.ts";
import { baseName, type DirectoryEntry, type DirectoryView } from "./view.ts";
import { examineWeights, type WeightTotals } from "./weights.ts";

/** A component as it is on disk. */
export interface Component extends DeclaredComponent {
  /** Every file of its folder, in order. */
  readonly files: readonly string[];
  readonly weights: WeightTotals;
}

export interface PipelineReport {
  readonly pipeline: string | null;
  readonly components: readonly Component[];
  readonly findings: Findings;
}

/** Folders that older pipelines have without declaring them; they hold settings, never weights. */
const UNDECLARED_SETTINGS = /^(?:tokenizer(?:_\d)?|feature_extractor|image_processor)$/;
const DESCRIPTIVE: readonly FileSort[] = [
  "document",
  "picture",
  "drawing",
  "recording",
  "paper",
  "signature",
  "empty-marker",
  "download-note",
];

/** For each role the files of which one must be there. Names of vocabularies vary too much to list them all. */
const SETTINGS: Readonly<Record<Exclude<ComponentRole, "pipeline">, readonly string[]>> = {
  model: ["config.json"],
  scheduler: ["scheduler_config.json", "config.json"],
  tokenizer: [
    "tokenizer_config.json",
    "tokenizer.json",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "tokenizer.model",
  ],
  processor: [
    "preprocessor_config.json",
    "processor_config.json",
    "config.json",
    "video_preprocessor_config.json",
  ],
  guider: ["guider_config.json", "config.json"],
};

/**
 * Stage 7: the directory holds the components that `model_index.json` declares, each complete, of an allowed class and
 * with sound weights, and no others.
 */
export function examinePipeline(view: DirectoryView, classes: ClassAllowlist): PipelineReport {
  const findings = new Findings();
  if (!view.entries.some(({ path, kind }) => path === MODEL_INDEX && kind === "file")) {
    throw new FormatError("diffusion/index-form", `${MODEL_INDEX} is not there`, { path: MODEL_INDEX });
  }
  const { pipeline, components, absent } = readModelIndex(view, classes, findings);
  const folders = filesByFolder(view);
  const declared = new Set([...absent, ...components.map(({ name }) => name)]);
  for (const [name, files] of folders) if (!declared.has(name)) checkUndeclared(name, files, findings);
  const examined = components.map((component) =>
    examineComponent(view, component, folders.get(component.name) ?? [], classes, findings)
  );
  return { pipeline, components: examined, findings };
}

/** The regular files below each folder at the top. */
function filesByFolder(view: DirectoryView): ReadonlyMap<string, readonly DirectoryEntry[]> {
  const folders = new Map<string, DirectoryEntry[]>();
  for (const entry of view.entries) {
    const slash = entry.path.indexOf("/");
    if (entry.kind !== "file" || slash < 0) continue;
    const name = entry.path.slice(0, slash);
    const files = folders.get(name);
    if (files === undefined) folders.set(name, [entry]);
    else files.push(entry);
  }
  return folders;
}

function checkUndeclared(name: string, files: readonly DirectoryEntry[], findings: Findings): void {
  const isSettings = UNDECLARED_SETTINGS.test(name);
  const telling = files.find(({ path }) => {
    const claim = claimOf(path);
    if (!("sort" in claim) || DESCRIPTIVE.includes(claim.sort)) return false;
    const isWeight = claim.sort === "safetensors" || claim.sort === "gguf" || claim.sort === "weight-index";
    return isWeight || !isSettings;
  });
  if (telling === undefined) return;
  const message = `${name}/ holds ${baseName(telling.path)}, but ${MODEL_INDEX} declares no such component`;
  findings.add("diffusion/undeclared", message, { path: telling.path });
}

function examineComponent(
  view: DirectoryView,
  component: DeclaredComponent,
  files: readonly DirectoryEntry[],
  classes: ClassAllowlist,
  findings: Findings,
): Component {
  const { name, role } = component;
  const weights = examineWeights(view, files, findings);
  const examined = { ...component, files: files.map(({ path }) => path), weights };
  const place = { path: MODEL_INDEX, field: `$.${name}` };
  if (files.length === 0) {
    const message = `component ${shown(name)} is declared, but ${name}/ is not there or has no files`;
    findings.add("diffusion/component-missing", message, place);
  } else if (role !== null && role !== "pipeline") {
    checkComplete(name, role, files, findings);
    checkSettings(view, component, new Set(examined.files), classes, findings);
  }
  return examined;
}

function checkComplete(
  name: string,
  role: Exclude<ComponentRole, "pipeline">,
  files: readonly DirectoryEntry[],
  findings: Findings,
): void {
  const has = (file: string) => files.some(({ path }) => path === `${name}/${file}`);
  const expected = SETTINGS[role];
  if (!expected.some(has)) {
    const message = `${name}/ is to be a ${role}, but has no ${expected.join(" or ")}`;
    findings.add("diffusion/component-incomplete", message, { path: name });
  }
  const hasWeights = files.some(({ path }) =>
    path.lastIndexOf("/") === name.length && /\.safetensors$/i.test(path)
  );
  if (role === "model" && !hasWeights) {
    findings.add(
      "diffusion/component-incomplete",
      `${name}/ is to be a model, but has no safetensors weights`,
      {
        path: name,
      },
    );
  }
}

/** What the component's own configuration says about its class, and a scheduler's numbers. */
function checkSettings(
  view: DirectoryView,
  { name, className, library, role }: DeclaredComponent,
  files: ReadonlySet<string>,
  classes: ClassAllowlist,
  findings: Findings,
): void {
  const candidates = role === "scheduler" ? SETTINGS.scheduler : role === "model" ? SETTINGS.model : [];
  const path = candidates.map((file) => `${name}/${file}`).find((file) => files.has(file));
  if (path === undefined) return;
  const config = readObject(view, path);
  if (role === "scheduler") checkScheduler(config, path, findings);
  const own = config["_class_name"];
  if (own === undefined || own === className) return;
  const place = { path, field: "$._class_name" };
  if (typeof own !== "string") {
    findings.add(
      "diffusion/index-form",
      `${path}: _class_name is ${shown(own)}, not the name of a class`,
      place,
    );
  } else if (className.startsWith("Auto") && classes.roleOf(library, own) === null) {
    const message = `${path}: ${shown(className)} loads whatever is named here, and ${
      shown(own)
    } is not an allowed class`;
    findings.add("diffusion/class", message, place);
  } else {
    const message = `${path} names ${shown(own)}, ${MODEL_INDEX} names ${shown(className)}`;
    findings.add("diffusion/class-differs", message, place);
  }
}
