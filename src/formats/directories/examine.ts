import type { RuleId } from "../../model/rules/mod.ts";
import { identify } from "../sniff.ts";
import { type Claim, claimOf, folderRefusal } from "./claims.ts";
import { proveSideFile } from "./contents.ts";
import { Findings } from "./findings.ts";
import { type DirectoryKind, kindOf, withoutWeights } from "./kind.ts";
import { checkTree } from "./names.ts";
import { at, readAt } from "./place.ts";
import { baseName, type DirectoryEntry, type DirectoryView, folderOf } from "./view.ts";
import { examineWeights, weightFilesIn, type WeightTotals } from "./weights.ts";

/** What the format gate learns about a directory. */
export interface DirectoryReport {
  /** `null` when it has no weights. */
  readonly kind: DirectoryKind | null;
  readonly files: number;
  readonly folders: number;
  /** `null` when names or kinds of files already refuse the directory, so that no weights were read. */
  readonly weights: WeightTotals | null;
  readonly findings: Findings;
}

/**
 * Stage 2 for a directory: every entry is a regular file or folder, every file is claimed by its name and proven by its
 * content, and the weights are complete and agree with their indices. Throws `FormatError` at the first broken file.
 */
export function examineTree(view: DirectoryView): DirectoryReport {
  const { entries } = view;
  const findings = new Findings();
  const files = entries.filter((entry) => entry.kind === "file");
  const folders = entries.filter((entry) => entry.kind === "directory").length;
  checkTree(entries, findings);
  const kind = kindOf(view);
  // A link or an unreadable name is not opened, not even to say what it is.
  if (!findings.isCritical) refuseNames(view, findings);
  const report = { kind, files: files.length, folders, findings };
  if (!findings.isCritical && kind === null) {
    findings.add("directory/no-weights", withoutWeights(view), {});
  }
  if (findings.isCritical) return { ...report, weights: null };
  for (const entry of files) proveFile(view, entry, findings);
  return { ...report, weights: examineWeights(view, files, findings) };
}

function proveFile(view: DirectoryView, { path }: DirectoryEntry, findings: Findings): void {
  const claim = claimOf(path);
  if (!("sort" in claim)) return;
  const { sort } = claim;
  if (sort === "safetensors" || sort === "gguf" || sort === "weight-index") return;
  for (const found of readAt(view, path, (source) => proveSideFile(source, path, sort))) {
    findings.take(at(path, found));
  }
}

/** Everything that may not be in a model directory by its name: each file, so that all can be deleted at once. */
function refuseNames(view: DirectoryView, findings: Findings): void {
  const withWeights = new Set(
    weightFilesIn(view).map(({ path }) => folderOf(path)),
  );
  for (const { path, kind } of view.entries) {
    if (kind === "file" && folderOf(path) !== "" && baseName(path) === "model_index.json") {
      findings.add("directory/nested-pipeline", `a pipeline of its own in ${folderOf(path)}/`, { path });
    }
    const claim = kind === "directory" ? folderRefusal(path) : claimOf(path);
    if (claim === null || !("refused" in claim)) continue;
    const message = findings.lists(claim.refused)
      ? sentence(view, path, claim, withWeights.has(folderOf(path)))
      : claim.what;
    findings.add(claim.refused, message, { path });
  }
}

type Refused = Extract<Claim, { readonly refused: RuleId }>;

function sentence(
  view: DirectoryView,
  path: string,
  { refused, what }: Refused,
  besideWeights: boolean,
): string {
  switch (refused) {
    case "directory/pickle-weights":
    case "directory/other-framework":
    case "directory/foreign-index":
      return besideWeights
        ? `delete ${path}: it is ${what}, and the weights beside it are enough`
        : `${path} is ${what}, and no safetensors weights lie beside it`;
    case "directory/unclaimed-file":
      return `${path} is ${what}: ${readAt(view, path, identify).what}`;
    default:
      return `${path} is ${what}`;
  }
}
