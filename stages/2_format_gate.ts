import { FileSource } from "../src/files/mod.ts";
import { disguiseFinding, formatDenied, polyglotFinding } from "../src/formats/disguise.ts";
import { parseGguf } from "../src/formats/gguf.ts";
import { parseSafetensors } from "../src/formats/safetensors.ts";
import { identify, type Identity, otherFaces } from "../src/formats/sniff.ts";
import type { ByteSource } from "../src/formats/source.ts";
import {
  type Artifact,
  conclude,
  EVERY_FORMAT,
  type Evidence,
  type Finding,
  finding,
  type Judgement,
  type Policy,
  type Stage,
} from "../src/model/mod.ts";

/** What a strict parser says about a file it accepts. */
interface Accepted {
  readonly evidence: Evidence;
  readonly findings: readonly Finding[];
}

/** Stage 2: is it exactly one well-formed artifact of the kind its name claims, every byte claimed? */
export function formatGate(): Stage<"format_gate"> {
  return {
    id: "format_gate",
    activity: "validating format",
    appliesTo: EVERY_FORMAT,
    needs: [],
    mayBeMissing: () => false,
    examine(artifact, { policy }) {
      if (artifact.shape === "directory") return Promise.resolve(examineDirectory(artifact, policy));
      const source = new FileSource(artifact.path);
      try {
        return Promise.resolve(examineFile(artifact, source, policy));
      } finally {
        source.close();
      }
    },
  };
}

function examineFile({ name, format }: Artifact, source: ByteSource, policy: Policy): Judgement {
  const identity = identify(source);
  const evidence = { identity: identity.kind, size_bytes: source.sizeBytes };
  const refusal = deniedBy(identity, name, policy) ?? disguiseFinding(name, identity) ??
    notAllowed(format, policy);
  if (refusal !== null) {
    return conclude(policy, [refusal], { ...evidence, ...identity.evidence }, { cleared: "" });
  }
  const accepted = parse(format, source);
  const faces = otherFaces(source, identity).map((face) => polyglotFinding(identity, face));
  return conclude(policy, [...faces, ...accepted.findings], { ...evidence, ...accepted.evidence }, {
    cleared: format,
  });
}

function examineDirectory(_artifact: Artifact, policy: Policy): Judgement {
  const refusal = finding("directory/not-examined", "this version cannot look inside directories");
  return conclude(policy, [refusal], {}, { cleared: "" });
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
      const { version, kind, architecture, alignment, tensors, findings } = file;
      return {
        findings,
        evidence: { gguf_version: version, kind, architecture, alignment, tensors: tensors.length },
      };
    }
    case "safetensors": {
      const { tensors, headerBytes, findings } = parseSafetensors(source);
      return { findings, evidence: { header_bytes: headerBytes, tensors: tensors.length } };
    }
    default:
      throw new Error(`Cannot parse ${format}: the policy must not allow it`);
  }
}
