import { FileSource } from "../src/files/mod.ts";
import { disguiseFinding, formatDenied, hiddenFinding, polyglotFinding } from "../src/formats/disguise.ts";
import { parseGguf } from "../src/formats/gguf.ts";
import { parseSafetensors } from "../src/formats/safetensors.ts";
import { identify, type Identity, otherFaces, scanRegion } from "../src/formats/sniff.ts";
import type { ByteSource } from "../src/formats/source.ts";
import {
  type Artifact,
  conclude,
  type Evidence,
  type Finding,
  finding,
  FormatError,
  type Judgement,
  type Policy,
  type RuleId,
} from "../src/model/mod.ts";

/** What a strict parser says about a file it accepts. */
interface Accepted {
  readonly evidence: Evidence;
  readonly findings: readonly Finding[];
}

/** Proves a single file: what it is, that the policy takes it, and that the parser of its format claims every byte. */
export function examineFile({ name, path, format }: Artifact, policy: Policy): Judgement {
  const source = new FileSource(path);
  try {
    return examineSource(name, format, source, policy);
  } finally {
    source.close();
  }
}

function examineSource(name: string, format: string, source: ByteSource, policy: Policy): Judgement {
  const identity = identify(source);
  const evidence = { identity: identity.kind, size_bytes: source.sizeBytes };
  const refusal = deniedBy(identity, name, policy) ?? disguiseFinding(name, identity) ??
    notAllowed(format, policy);
  if (refusal !== null) {
    return conclude(policy, [refusal], { ...evidence, ...identity.evidence }, { cleared: "" });
  }
  const faces = otherFaces(source, identity).map((face) => polyglotFinding(identity, face));
  const parsed = parseOrRefuse(format, source);
  const findings = [...faces, ...parsed.findings];
  return conclude(policy, findings, { ...evidence, ...parsed.evidence }, { cleared: format });
}

/** Rules about bytes that nothing claims; what hides in them is worth naming. */
const UNCLAIMED: readonly RuleId[] = ["gguf/unclaimed-bytes", "gguf/padding", "safetensors/unclaimed-bytes"];

/** A parser's refusal becomes a finding here, so that what else was seen stands beside it. */
function parseOrRefuse(format: string, source: ByteSource): Accepted {
  try {
    return parse(format, source);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { rule, message, place } = error;
    const findings = [finding(rule, message, place)];
    const from = place.offset;
    const hidden = UNCLAIMED.includes(rule) && from !== undefined
      ? scanRegion(source, from, source.sizeBytes)
      : null;
    if (hidden !== null) findings.push(hiddenFinding(hidden, rule === "gguf/padding" ? "padding" : "tail"));
    return { evidence: {}, findings };
  }
}

function deniedBy(identity: Identity, name: string, policy: Policy): Finding | null {
  const denied = formatDenied(identity, name, policy.models.denyFormats);
  return denied === null ? null : finding("disguise/denied-format", `format "${denied}" is denied by policy`);
}

function notAllowed(format: string, policy: Policy): Finding | null {
  if (policy.models.allowedFormats.includes(format)) return null;
  const message = format === "unknown"
    ? "no format known here claims this name"
    : `format "${format}" is not allowed by policy`;
  return finding("disguise/format-not-allowed", message);
}

function parse(format: string, source: ByteSource): Accepted {
  switch (format) {
    case "gguf": {
      const file = parseGguf(source);
      const { version, kind, architecture, alignment, tensors, split } = file;
      const evidence = { gguf_version: version, kind, architecture, alignment, tensors: tensors.length };
      if (split === null || split.count < 2) return { findings: file.findings, evidence };
      const message = `shard ${split.no + 1} of ${split.count}: a set of shards comes as one directory`;
      return { findings: [finding("gguf/split-missing", message), ...file.findings], evidence };
    }
    case "safetensors": {
      const { tensors, headerBytes, findings } = parseSafetensors(source);
      return { findings, evidence: { header_bytes: headerBytes, tensors: tensors.length } };
    }
    default:
      throw new Error(`Cannot parse ${format}: the policy must not allow it`);
  }
}
