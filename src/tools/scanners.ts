import { type ArtifactFormat, type Policy, type ScannerId, UndecidedError } from "../model/mod.ts";
import type { ScanReport } from "./scanners/report.ts";
import { ToolError } from "./tool_error.ts";
import type { OpenSandbox } from "./worker.ts";

/** The outside scanners of stage 5, in the order in which they are asked and named. */
export const STATIC_SCANNERS = [
  "modelscan",
  "fickling",
  "modelaudit",
  "gguf_guard",
  "yara",
] as const satisfies readonly ScannerId[];
export type StaticScanner = typeof STATIC_SCANNERS[number];

export function isStaticScanner(id: ScannerId): id is StaticScanner {
  return STATIC_SCANNERS.some((one) => one === id);
}

/**
 * What each scanner can read of what may come here: a table, so that no file can excuse itself. modelscan and fickling
 * read pickles, which the format gate lets in nowhere; they are asked about nothing it accepts, and that is said.
 */
const CANNOT_READ: Readonly<Record<StaticScanner, Partial<Record<ArtifactFormat, string>>>> = {
  modelscan: {
    gguf: "cannot read gguf",
    safetensors: "cannot read safetensors",
    "model-directory": "cannot read safetensors",
    "diffusion-directory": "cannot read safetensors",
  },
  fickling: {
    gguf: "cannot read gguf",
    safetensors: "cannot read safetensors",
    "model-directory": "cannot read directories",
    "diffusion-directory": "cannot read directories",
  },
  modelaudit: {},
  gguf_guard: {
    safetensors: "cannot read safetensors",
    "model-directory": "cannot read directories",
    "diffusion-directory": "cannot read directories",
    unknown: "cannot read anything but gguf",
  },
  yara: {},
};

/** A scanner as it is installed here. */
export interface InstalledScanner {
  readonly program: string;
  /** Null where this machine has no sandbox for a foreign program. */
  readonly open: OpenSandbox | null;
}

export type Installed = Readonly<Partial<Record<StaticScanner, InstalledScanner>>>;

/** What became of asking one scanner. Only `answered` says something about the artifact. */
export type Opinion =
  | { readonly kind: "answered"; readonly version: string; readonly report: ScanReport }
  | { readonly kind: "not-applicable"; readonly why: string }
  | { readonly kind: "not-examined"; readonly why: string; readonly version: string | null }
  | { readonly kind: "failed"; readonly error: UndecidedError; readonly version: string | null };

export interface Subject {
  readonly path: string;
  readonly format: ArtifactFormat;
  readonly sizeBytes: number;
  /** Files it consists of. */
  readonly files: number;
}

/** A scanner may take five minutes, and a second more for every so many bytes. */
const BASE_TIMEOUT_MS = 300_000;
const BYTES_PER_SECOND = 10_000_000;

export const scannerName = (id: StaticScanner): string => id.replaceAll("_", "-");

/** Which scanners will look at an artifact of this format. */
export function willAsk(installed: Installed, format: ArtifactFormat): readonly StaticScanner[] {
  return STATIC_SCANNERS.filter((id) =>
    CANNOT_READ[id][format] === undefined && typeof installed[id]?.open === "function"
  );
}

/** Asks every scanner that can read the artifact, two at a time, and says of each what became of it. Never throws. */
export async function askScanners(
  installed: Installed,
  subject: Subject,
  policy: Policy,
  signal: AbortSignal,
): Promise<ReadonlyMap<StaticScanner, Opinion>> {
  const opinions = new Map<StaticScanner, Opinion>();
  const waiting: StaticScanner[] = [...STATIC_SCANNERS];
  const worker = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      opinions.set(id, await opinionOf(id, installed[id], subject, policy, signal));
    }
  };
  await Promise.all([worker(), worker()]);
  return new Map(STATIC_SCANNERS.flatMap((id) => {
    const opinion = opinions.get(id);
    return opinion === undefined ? [] : [[id, opinion] as const];
  }));
}

async function opinionOf(
  id: StaticScanner,
  scanner: InstalledScanner | undefined,
  subject: Subject,
  policy: Policy,
  signal: AbortSignal,
): Promise<Opinion> {
  const { required, version: pinned } = policy.scanners[id];
  const without = (
    rule: "line/missing-program" | "scanner/no-sandbox" | "scanner/version",
    why: string,
    version: string | null = null,
  ): Opinion =>
    required
      ? {
        kind: "failed",
        error: new UndecidedError(rule, `the policy requires ${scannerName(id)}: ${why}`),
        version,
      }
      : { kind: "not-examined", why, version };
  // A required scanner must be there, whatever there is to read.
  if (scanner === undefined) return without("line/missing-program", "not installed");
  if (scanner.open === null) return without("scanner/no-sandbox", "no sandbox for it");
  const cannot = CANNOT_READ[id][subject.format];
  if (cannot !== undefined) return { kind: "not-applicable", why: cannot };
  try {
    const { askTool } = await import("./ask_tool.ts");
    const { version, report } = await askTool(scanner.open, {
      tool: id,
      program: scanner.program,
      version: pinned,
      artifact: { path: subject.path, name: plainName(subject.format) },
      inputs: {},
      timeoutMs: BASE_TIMEOUT_MS + subject.sizeBytes / BYTES_PER_SECOND * 1000,
      signal,
    });
    if (id === "yara" && report.files !== subject.files) {
      const error = new UndecidedError(
        "scanner/incomplete",
        `yara read ${report.files} of ${subject.files} files`,
      );
      return { kind: "failed", error, version };
    }
    return { kind: "answered", version, report };
  } catch (error) {
    if (!(error instanceof UndecidedError)) throw error;
    const version = error instanceof ToolError ? error.version : null;
    // Another version is as good as none; every other failure of a scanner that is there is nobody's excuse.
    if (error.rule === "scanner/version") return without("scanner/version", error.message, version);
    return { kind: "failed", error, version };
  }
}

/** A name by which scanners know the format, and which nobody but us has chosen. */
function plainName(format: ArtifactFormat): string {
  switch (format) {
    case "gguf":
    case "safetensors":
      return `model.${format}`;
    case "model-directory":
    case "diffusion-directory":
      return "model";
    case "unknown":
      return "model.pkl";
  }
}
