import { createHash } from "node:crypto";
import type { ArtifactDigest, Examination, Json, StageId } from "../model/mod.ts";
import { revisionOf } from "./record.ts";

export interface BillFacts {
  readonly at: Date;
  /** How many tensors of each type the weights have. */
  readonly tensorTypes: Readonly<Record<string, number>>;
  readonly merkleRoots: Readonly<Record<string, string>>;
}

/**
 * The AI bill of materials of one promoted model, CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/
 * Says what was found in the bytes and what the publisher declared, and nothing that was guessed.
 */
export function billOfMaterials(
  examination: Examination,
  digest: ArtifactDigest,
  { at, tensorTypes, merkleRoots }: BillFacts,
): Json {
  const { artifact, scanners } = examination;
  const url = artifact.origin.kind === "remote" ? artifact.origin.url : null;
  const { version = "unknown" } = { version: scanners["ai-quarantine"] };
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: serialNumber(digest.sha256, at),
    version: 1,
    metadata: {
      timestamp: at.toISOString(),
      tools: { components: [{ type: "application", name: "ai-quarantine", version }] },
      component: {
        type: "machine-learning-model",
        "bom-ref": digest.sha256,
        name: artifact.name,
        ...versionField(examination),
        hashes: [{ alg: "SHA-256", content: digest.sha256 }],
        ...licences(examination),
        ...(url === null ? {} : { externalReferences: [{ type: "distribution", url }] }),
        modelCard: { modelParameters: modelParameters(examination) },
        properties: properties({
          format: artifact.format,
          "size-bytes": String(digest.sizeBytes),
          ...Object.fromEntries(
            Object.entries(tensorTypes).map(([type, n]) => [`tensors:${type}`, String(n)]),
          ),
          ...Object.fromEntries(Object.entries(merkleRoots).map(([path, root]) => [rootName(path), root])),
        }),
      },
    },
    components: digest.files.map(({ path, sha256 }) => ({
      type: "file",
      "bom-ref": `${digest.sha256}/${path}`,
      name: path,
      hashes: [{ alg: "SHA-256", content: sha256 }],
    })),
  };
}

const rootName = (path: string): string => path === "" ? "merkle-root" : `merkle-root:${path}`;

/** The same promotion always has the same number: a UUID made of the digest and the time (RFC 9562, version 8). */
function serialNumber(sha256: string, at: Date): string {
  const hex = createHash("sha256").update(`${sha256} ${at.toISOString()}`).digest("hex");
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join("-")}`;
}

function versionField(examination: Examination): { version?: string } {
  const revision = revisionOf(examination);
  return revision === null ? {} : { version: revision };
}

/** What a stage found out about the artifact, under a name of its evidence. */
function stated({ stages }: Examination, stage: StageId, name: string): Json | undefined {
  const outcome = stages.find((record) => record.stage === stage)?.outcome;
  return outcome?.kind === "cleared" ? outcome.evidence[name] : undefined;
}

function modelParameters(examination: Examination): { readonly [key: string]: Json } {
  const architecture = stated(examination, "format_gate", "architecture");
  return typeof architecture === "string" ? { architectureFamily: architecture } : {};
}

/** As the publisher declared them in the model; whether that is so nobody checked. */
function licences(examination: Examination): { readonly [key: string]: Json } {
  const declared = stated(examination, "static_scan", "declared_licenses");
  if (!Array.isArray(declared) || declared.length === 0) return {};
  return {
    licenses: declared.map((name) => ({ license: { name: String(name), acknowledgement: "declared" } })),
  };
}

function properties(values: Readonly<Record<string, string>>): Json {
  return Object.entries(values).map(([name, value]) => ({ name: `ai-quarantine:${name}`, value }));
}
