import type {
  ArtifactDigest,
  ArtifactFormat,
  Evidence,
  Finding,
  Json,
  Judgement,
  Origin,
  Policy,
  Sha256,
  StageContext,
  StageId,
} from "../model/mod.ts";
import type { GpgReport } from "./gpgv.ts";

/**
 * What the coordinator and a sandboxed worker say to each other: one JSON job in, JSON lines out, `hello` first and
 * `done` or `error` last. Everything a worker says is untrusted: capped, schema-checked, bound by a deadline
 * (src/tools/replies.ts). A worker trusts the coordinator, whose child it is, so this file needs no schema library
 * and workers start without one.
 */

export const PROTOCOL_VERSION = 1;
export const MAX_LINE_BYTES = 1024 * 1024;
/** Jobs come from the coordinator: the files of a directory, and its signatures. */
export const MAX_JOB_BYTES = 128 * 1024 * 1024;
export const MAX_REPLY_BYTES = 64 * 1024 * 1024;

/** One job: examine one artifact in one stage. */
export interface Job {
  readonly v: typeof PROTOCOL_VERSION;
  readonly stage: StageId;
  /** To be answered for by a `gate` line before `stage` is begun; when it refuses, the job ends with that. */
  readonly first?: "format_gate";
  readonly artifact: {
    readonly name: string;
    readonly path: string;
    readonly shape: "file" | "directory";
    readonly format: ArtifactFormat;
    readonly sizeBytes: number;
    readonly origin: Origin;
    /** Null while the coordinator is still hashing (`check`). */
    readonly digest: ArtifactDigest | null;
  };
  /** What the behavioural test needs beside the model; null for every other stage. */
  readonly behaviour: BehaviourInputs | null;
  /** What the signatures of the artifact are judged by; null for every other stage. */
  readonly provenance: ProvenanceJob | null;
  /** The loaded policy less its waivers, which only the coordinator applies. */
  readonly policy: Omit<Policy, "accept">;
}

export interface ProvenanceJob {
  /** The coordinator's clock (ISO 8601): a worker has none it could be asked about. */
  readonly at: string;
  readonly required: boolean;
  readonly trustRoots: readonly { readonly name: string; readonly text: string }[];
  /** Signatures that stand beside the artifact, in base64; null where one could not be read. */
  readonly signatures: readonly { readonly name: string; readonly content: string | null }[];
  /** What gpgv said of each of them, or why it could not be asked; empty where the policy names no GPG key. */
  readonly gpg: readonly GpgAsked[];
}

export interface GpgAsked {
  readonly name: string;
  readonly answer: GpgReport | { readonly unavailable: string };
}

export interface BehaviourInputs {
  /** What is asked, read and checked by the coordinator. */
  readonly suite: {
    readonly version: number;
    readonly sha256: Sha256;
    readonly prompts: readonly AskedPrompt[];
  };
  /** Path of llama-server, as the worker sees it. */
  readonly program: string;
  readonly readyWithinMs: number;
  /** Path of garak; null where it is not installed. */
  readonly garak: string | null;
}

export interface AskedPrompt {
  readonly id: string;
  readonly category: string;
  readonly language: string;
  readonly messages: readonly { readonly role: "system" | "user" | "assistant"; readonly content: string }[];
  readonly canaries: readonly string[];
  readonly expect: {
    readonly any_of?: readonly string[] | undefined;
    readonly digit?: true | undefined;
    readonly no_refusal?: true | undefined;
  } | null;
}

/** Reads the job a worker is given. Throws for another version of the protocol. */
export function readJob(line: string): Job {
  const job: Job = JSON.parse(line); // From the coordinator.
  if (job.v !== PROTOCOL_VERSION) throw new Error(`Cannot do the job: version ${job.v} of the protocol`);
  return job;
}

/** What a worker says. */
export type Reply =
  | { readonly t: "hello"; readonly v: typeof PROTOCOL_VERSION }
  | { readonly t: "progress"; readonly bytes: number; readonly pace?: Pace }
  | { readonly t: "tensor"; readonly record: Json }
  | JudgementLine
  | {
    readonly t: "error";
    readonly rule: string;
    readonly message: string;
    readonly evidence?: Evidence | undefined;
  };

type Pace = NonNullable<Parameters<StageContext["progress"]>[1]>;

/** A judgement: `done` of the stage that was asked for, `gate` of the one before it. */
export interface JudgementLine {
  readonly t: "done" | "gate";
  readonly kind: Judgement["kind"];
  readonly summary: string;
  readonly evidence: Evidence;
  readonly findings: readonly Finding[];
  readonly run?: NonNullable<Judgement["run"]>;
}

export function judgementLine(t: JudgementLine["t"], judgement: Judgement): JudgementLine {
  const { kind, summary, evidence, run } = judgement;
  const findings = kind === "cleared" ? judgement.notes : judgement.findings;
  return { t, kind, summary, evidence, findings, ...(run && { run }) };
}
