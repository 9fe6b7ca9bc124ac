import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import {
  anchorPath,
  type AuditLog,
  type Line,
  lockPath,
  pinsPath,
  type Places,
  type Reflink,
  type Say,
  untilStable,
} from "../admission/mod.ts";
import { AuditChain } from "../audit/mod.ts";
import { systemCode } from "../files/mod.ts";
import { type BoundaryEvent, type Policy, StartupError } from "../model/mod.ts";
import { readSigner, type Signer } from "../provenance/signer.ts";
import { PinStore } from "../policy/pins.ts";
import type { RegistryClient } from "../registry/mod.ts";
import { vouchedBy } from "./attestations.ts";
import { suiteText } from "./behaviour_inputs.ts";
import type { Coordinator } from "./coordinator.ts";
import { auditKey } from "./credentials.ts";
import { pause } from "./pause.ts";
import { incidentRecorderOf, policyEngineOf } from "./services.ts";
import { verityWithTool } from "./verity.ts";
import { signingKey, signingPassword } from "./signing_key.ts";
import type { World } from "./world.ts";

/** One coordinator at work: holds the lock and the audit log until it is closed. */
export interface OpenLine {
  readonly line: Line;
  close(): Promise<void>;
}

export interface LineOptions {
  readonly places: Places;
  readonly auditLog: string;
  readonly registry: Pick<RegistryClient, "placement" | "promote">;
  readonly say: Say;
  readonly hashed?: Line["hashed"];
  /** A test that kills the program at a step; nothing otherwise. */
  readonly step?: (name: string) => void;
}

const MEGABYTE = 1024 * 1024;

/** Takes the lock, opens the audit log, makes the directories. Throws `StartupError` when any of them cannot be had. */
export async function openLine(
  world: World,
  { policy, bench, startExaminer }: Coordinator,
  options: LineOptions,
): Promise<OpenLine> {
  const { places } = options;
  const signer = signerOf(world, policy);
  for (const path of Object.values(places)) makePlace(path, path === places.scanning ? 0o710 : 0o750);
  const lock = takeLock(lockPath(places.state));
  const { step = () => {} } = options;
  const incidents = incidentRecorderOf(world, policy, { state: places.state, say: options.say });
  try {
    requireOneFilesystem(places);
    void incidents.drain();
    const chain = await AuditChain.open({
      path: options.auditLog,
      anchorPath: anchorPath(places.state),
      maxSizeBytes: policy.audit.maxSizeMb * MEGABYTE,
      now: world.now,
      step: (name) => step(`audit:${name}`),
      ...auditKey(world),
    });
    const line: Line = {
      places,
      policy,
      bench,
      audit: auditLog(chain),
      registry: options.registry,
      engine: policyEngineOf(world, policy),
      incidents,
      pins: recorder(places),
      signer,
      vouched: vouchedBy(policy, () => suiteText(world), world.now),
      reflink: reflinkWithCp(),
      startExaminer: startExaminer ?? null,
      verity: verityWithTool(),
      hashed: options.hashed ?? (() => {}),
      say: options.say,
      untilStable: (modifiedMs) => pause(untilStable(modifiedMs, Date.now()), bench.context.signal),
      hostname: world.hostname(),
      now: world.now,
      step,
    };
    return {
      line,
      async close() {
        await chain.close();
        await incidents.close(LAST_REPORTS_MS);
        lock.close();
      },
    };
  } catch (error) {
    if (error instanceof StartupError && error.code === "audit/unavailable" && error.cause === undefined) {
      incidents.report(brokenChain(error));
    }
    await incidents.close(LAST_REPORTS_MS);
    lock.close();
    throw error;
  }
}

/** How long a program that ends still waits for the incident recorder; what is not delivered stays on the disk. */
const LAST_REPORTS_MS = 2_000;

/** The audit log does not hold: entries were removed or changed, which no crash does. */
function brokenChain({ message }: StartupError): BoundaryEvent {
  return {
    class: "integrity_violation",
    severity: "critical",
    description: `the audit chain is broken: ${message}`,
    evidence: {},
  };
}

/** Makes a directory where there is none. Throws `StartupError` when it cannot be had. */
export function makePlace(path: string, mode: number): void {
  try {
    fs.mkdirSync(path, { recursive: true, mode });
  } catch (cause) {
    throw new StartupError(
      "state/unreadable",
      `Cannot use ${path}: it is not a directory this program may write to`,
      {
        cause,
      },
    );
  }
}

/** Artifacts are moved by rename: a place that a rename cannot reach would leave them half moved. */
function requireOneFilesystem({ incoming, scanning, held, rejected }: Places): void {
  const name = `.aiq-probe-${randomUUID()}`;
  let at = scanning;
  fs.writeFileSync(join(at, name), "");
  try {
    for (const next of [incoming, held, rejected, scanning]) {
      fs.renameSync(join(at, name), join(next, name));
      at = next;
    }
  } catch (cause) {
    const why = systemCode(cause) === "EXDEV" ? "not on one filesystem" : "not to be written to";
    throw new StartupError(
      "state/unreadable",
      `Cannot start: ${scanning} and the places beside it are ${why}`,
      {
        cause,
      },
    );
  } finally {
    fs.rmSync(join(at, name), { force: true });
  }
}

/** One lock covers every program that changes the line. */
function takeLock(path: string): Deno.FsFile {
  const file = Deno.openSync(path, { create: true, write: true, mode: 0o600 });
  if (file.tryLockSync(true)) return file;
  file.close();
  throw new StartupError("state/locked", `Cannot start: another ai-quarantine holds ${path}`);
}

/** The key of SIGNING_KEY_PATH must be there; the one at the default place may be missing unless the policy requires it. */
function signerOf(world: World, policy: Policy): Signer | null {
  const { path, named } = signingKey(world.env);
  const signer = readSigner(path, signingPassword(world.env));
  if (signer === null && named) {
    throw new StartupError("signing-key/unusable", `Cannot sign with ${path}: no such file`);
  }
  if (signer === null && policy.signing.required) {
    throw new StartupError(
      "signing-key/unusable",
      `Cannot start: the policy requires signed records (signing.required), and there is no key ${path}`,
    );
  }
  return signer;
}

function auditLog(chain: AuditChain): AuditLog {
  return {
    append: (event, data) => chain.append(event, data),
    has: async (event, claim) => {
      return await chain.findLast((entry) => entry.event === event && entry.data.claim === claim) !== null;
    },
  };
}

function recorder(places: Places): Line["pins"] {
  const store = new PinStore(pinsPath(places.state));
  return {
    record: ({ filename, sha256, sizeBytes, at }) => store.record({ name: filename, sha256, sizeBytes }, at),
  };
}

/** Reflinks with cp(1); where the filesystem once said it cannot, it is not asked again. */
export function reflinkWithCp(): Reflink {
  const incapable = new Set<number>();
  return async (from, to) => {
    const { dev } = fs.lstatSync(to);
    if (incapable.has(dev)) return false;
    const args = ["--reflink=always", "--no-dereference", "--", from, to];
    const copy = new Deno.Command(CP, {
      args,
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    const { success } = await copy.output();
    if (!success) incapable.add(dev);
    return success;
  };
}

const CP = "/usr/bin/cp";
