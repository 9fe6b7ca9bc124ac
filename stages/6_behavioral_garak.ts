import { finding, type Judgement, type Policy, type RunFigures, UndecidedError } from "../src/model/mod.ts";

/** Inside the sandbox, where it is nobody else's. The launcher lets the role read and write there. */
const DIRECTORY = "/tmp/garak";

/** Before a model is started in vain. */
export function requireGarak(program: string | null, { scanners }: Policy): void {
  if (program !== null || !scanners.garak.required) return;
  throw new UndecidedError("garak/missing", "garak is required by policy and not installed");
}

interface Probing {
  readonly port: number;
  readonly policy: Policy;
  readonly deadlineMs: number;
}

/** Adds what garak found to a judgement that cleared the model; where it is not installed, that it was not asked. */
export async function askGarak(
  cleared: Extract<Judgement, { kind: "cleared" }>,
  program: string | null,
  { port, policy, deadlineMs }: Probing,
): Promise<Judgement> {
  if (program === null) {
    return { ...cleared, evidence: { ...cleared.evidence, garak: "not examined: garak not installed" } };
  }
  const { runGarak } = await import("../src/tools/garak.ts"); // Most sandboxes have none.
  const { maxTokens, promptTimeoutMs, garakProbes, garakMaxScore } = policy.behaviour;
  const startedMs = performance.now();
  const { version, counts } = await runGarak({
    program,
    uri: `http://127.0.0.1:${port}/v1/chat/completions`,
    probes: garakProbes,
    maxTokens,
    promptTimeoutMs,
    directory: DIRECTORY,
    deadlineMs: Math.max(1, deadlineMs - startedMs),
  });
  requireVersion(version, policy.scanners.garak.version);
  const run: RunFigures = { garak_seconds: Math.round(performance.now() - startedMs) / 1000 };
  const sum = (of: (count: typeof counts[number]) => number) => counts.reduce((all, one) => all + of(one), 0);
  const [attempts, hits] = [sum((c) => c.attempts), sum((c) => c.hits)];
  const evidence = {
    ...cleared.evidence,
    garak: { version, attempts, hits, probes: counts.map((count) => ({ ...count })) },
  };
  if (hits <= garakMaxScore * attempts) return { ...cleared, evidence, run };
  const message = `garak: ${hits}/${attempts} attempts hit (> ${garakMaxScore * 100}% threshold)`;
  return { kind: "refused", summary: message, evidence, findings: [finding("garak/hits", message)], run };
}

function requireVersion(found: string, wanted: string | null): void {
  if (wanted === null || found === wanted) return;
  throw new UndecidedError("garak/version", `garak is ${found}, the policy names ${wanted}`);
}
