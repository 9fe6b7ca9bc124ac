import { join } from "node:path";
import { FileSource } from "../src/files/mod.ts";
import { parseGguf, textOf } from "../src/formats/gguf.ts";
import { flaggedLicenses, licensesInModelCard, normalLicense } from "../src/formats/licenses.ts";
import { type Artifact, type Evidence, type Finding, finding, type Policy } from "../src/model/mod.ts";

/** More of a model card than its front matter is not read. */
const MAX_CARD_BYTES = 65_536;

/**
 * Which licenses the model declares, in its model card or the header of a GGUF file, and which of them the policy
 * wants a person to see. Nothing is looked at when the policy names none.
 */
export function examineLicenses(
  artifact: Artifact,
  paths: readonly string[],
  policy: Policy,
): { readonly evidence: Evidence; readonly findings: readonly Finding[] } {
  const list = policy.models.flagLicenses;
  if (list.length === 0) return { evidence: {}, findings: [] };
  const declared = paths.flatMap((path) => {
    const whole = path === "" ? artifact.path : join(artifact.path, path);
    const licenses = whole.endsWith(".md") ? inCard(whole) : inGguf(whole);
    return licenses.map((license) => ({ license, path }));
  });
  const findings = declared.flatMap(({ license, path }) =>
    flaggedLicenses([license], list).map((name) =>
      finding(
        "license/flagged",
        `the model declares the license ${JSON.stringify(name)}`,
        path === "" ? {} : { path },
      )
    )
  );
  return {
    evidence: { declared_licenses: [...new Set(declared.map(({ license }) => license))].sort() },
    findings,
  };
}

function inCard(path: string): readonly string[] {
  return reading(path, (source) => {
    const bytes = new Uint8Array(Math.min(source.sizeBytes, MAX_CARD_BYTES));
    return licensesInModelCard(new TextDecoder().decode(bytes.subarray(0, source.read(0, bytes))));
  });
}

function inGguf(path: string): readonly string[] {
  const declared = reading(path, (source) => textOf(parseGguf(source).metadata, "general.license"));
  return declared === null ? [] : [normalLicense(declared)];
}

function reading<T>(path: string, use: (source: FileSource) => T): T {
  const source = new FileSource(path);
  try {
    return use(source);
  } finally {
    source.close();
  }
}
