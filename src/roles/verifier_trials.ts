import fs from "node:fs";
import { unlessMissing } from "../files/mod.ts";
import { type Policy, type TrustedSigner, UndecidedError } from "../model/mod.ts";
import { askTool } from "../tools/ask_tool.ts";
import { COSIGN_PLANT, GPGV_PLANT, SIGNED_TEXT, UNSIGNED_TEXT } from "../tools/signature_plants.ts";
import type { OpenSandbox } from "../tools/worker.ts";
import { scannerSandbox, type VerifierId, verifierPath } from "./coordinator.ts";
import { NO_SANDBOX, plant, type Standing, TRIAL_TIMEOUT_MS } from "./standing.ts";
import type { World } from "./world.ts";

/** What a program says of a text and the planted signature: whether that fits, and its own version. */
interface Opinion {
  readonly version: string;
  readonly isGood: boolean;
}
type Ask = (open: OpenSandbox, program: string, path: string) => Promise<Opinion>;

interface Trial {
  readonly id: VerifierId;
  /** Signers of whom it is asked: with one of them in the policy it must be there. */
  readonly asked: (signer: TrustedSigner) => boolean;
  readonly ask: Ask;
  readonly install: string;
}

const PLANT = "plant";

const question = (program: string, path: string) => ({
  program,
  version: null,
  artifact: { path, name: PLANT },
  timeoutMs: TRIAL_TIMEOUT_MS,
  signal: new AbortController().signal,
});

const TRIALS: readonly Trial[] = [
  {
    id: "gpgv",
    asked: ({ method }) => method === "gpg",
    ask: async (open, program, path) => {
      const { version, report } = await askTool(open, { ...question(program, path), ...GPGV_PLANT });
      return { version, isGood: report.signatures.map(({ kind }) => kind).join() === "good" };
    },
    install: "install gpgv: without it no GPG signature can be verified",
  },
  {
    id: "cosign",
    asked: (signer) => signer.method === "key" && signer.secondOpinion === "cosign",
    ask: async (open, program, path) => {
      const { version, report } = await askTool(open, { ...question(program, path), ...COSIGN_PLANT });
      return { version, isGood: report.agrees };
    },
    install:
      "install cosign and name it in COSIGN_BIN: without it there is no second opinion about signatures",
  },
];

/** The programs that check signatures, each tried on a planted signature that fits and on one that does not. */
export async function verifierStandings(world: World, policy: Policy): Promise<Standing[]> {
  const standings: Standing[] = [];
  for (const trial of TRIALS) {
    const required = policy.publishers.some(({ signers }) => signers.some(trial.asked));
    const path = verifierPath(world, trial.id);
    const named = { tool: trial.id, required, path };
    if (unlessMissing(() => fs.statSync(path)) === null) {
      standings.push({ ...named, path: null, version: null, state: "missing", advice: trial.install });
    } else standings.push({ ...named, ...await tried(world, path, trial.ask) });
  }
  return standings;
}

async function tried(
  world: World,
  program: string,
  ask: Ask,
): Promise<Pick<Standing, "version" | "state" | "advice">> {
  const open = scannerSandbox(world)(program);
  if (open === null) return { version: null, state: "broken", advice: NO_SANDBOX };
  const broken = (version: string | null, advice: string) => ({ version, state: "broken", advice }) as const;
  try {
    const bad = await ask(open, program, plant(world, PLANT, UNSIGNED_TEXT));
    if (bad.isGood) return broken(bad.version, "it passed a planted false signature; install it anew");
    const good = await ask(open, program, plant(world, PLANT, SIGNED_TEXT));
    if (!good.isGood) return broken(good.version, "it refused a planted good signature; install it anew");
    return { version: good.version, state: "works", advice: null };
  } catch (error) {
    if (!(error instanceof UndecidedError)) throw error;
    return broken(null, error.message);
  }
}
