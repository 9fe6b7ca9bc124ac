import { styleText } from "node:util";
import { type Observer, stageEntries, type StageEntry } from "../admission/examination.ts";
import { escapeName } from "../files/mod.ts";
import { type Pace, RULES } from "../model/mod.ts";
import type { Checked } from "./check.ts";
import type { Screen } from "./world.ts";

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<StageEntry["outcome"], Style>> = {
  PASS: "green",
  FAIL: "red",
  ERROR: "red",
  SKIP: "dim",
};

/** Text in a colour where the screen shows colours. */
export function paint(screen: Screen, style: Style, text: string): string {
  return screen.colours ? styleText(style, text, { validateStream: false }) : text;
}

/** The verdict on one path, for a person: a table of the seven stages, then the reason and what to do. */
export function verdictText(
  screen: Screen,
  { examination, decision }: Pick<Checked, "examination" | "decision">,
): string {
  const { artifact, digest } = examination;
  const entries = stageEntries(examination.stages);
  const rows = entries.map((entry) => row(screen, entry));
  const { refusal, word } = decision;
  const headline = word === "passed"
    ? paint(screen, ["green", "bold"], "PASSED")
    : paint(screen, ["red", "bold"], word.toUpperCase());
  const lines = [
    `${escapeName(artifact.name)}  ${artifact.format}  sha256=${digest?.sha256 ?? "not hashed"}`,
    ...rows,
    `  ${headline}${refusal === null ? "" : `: ${escapeName(refusal.reason)}`}`,
  ];
  if (refusal !== null) {
    const rule = RULES[refusal.rule];
    lines.push(`  rule   ${refusal.rule}`, `  why    ${rule.why}`, `  to do  ${rule.whatToDo}`);
  }
  return lines.join("\n") + "\n";
}

function row(screen: Screen, entry: StageEntry): string {
  const outcome = paint(screen, STYLES[entry.outcome], entry.outcome.padEnd(5));
  const time = entry.duration_ms > 0 ? `${entry.duration_ms} ms` : "";
  const notes = entry.outcome === "PASS" && entry.findings.length > 0
    ? ` (${entry.findings.length} noted)`
    : "";
  return `  ${entry.n}  ${entry.stage.padEnd(20)} ${outcome} ${time.padStart(9)}  ${
    escapeName(entry.summary)
  }${notes}`.trimEnd();
}

const BAR_CELLS = 24;
const REDRAW_EVERY_MS = 100;

/** A progress bar on a terminal: the stage, how far it is, its throughput and the time that remains. */
export class ProgressBar {
  #stage = "";
  #startedMs = 0;
  #drawnMs = 0;

  constructor(private readonly screen: Screen, private readonly sizeBytes: () => number) {}

  /** Follows the stages of one artifact. */
  readonly observer: Observer = {
    starting: (stage) => {
      this.#stage = stage.id;
      this.#startedMs = performance.now();
      this.#draw(0);
    },
    finished: () => this.clear(),
  };

  /** Bytes of the artifact that the current stage has examined. */
  readonly progress = (bytes: number, pace?: Pace): void => {
    if (performance.now() - this.#drawnMs >= REDRAW_EVERY_MS) this.#draw(bytes, pace);
  };

  clear(): void {
    if (this.screen.colours) this.screen.write("\r\x1b[K"); // NO_COLOR means no bar either.
  }

  #draw(bytes: number, pace?: Pace): void {
    if (!this.screen.colours) return;
    this.#drawnMs = performance.now();
    const total = this.sizeBytes();
    const share = total === 0 ? 0 : Math.min(1, bytes / total);
    const seconds = (this.#drawnMs - this.#startedMs) / 1000;
    const filled = Math.round(share * BAR_CELLS);
    const bar = "█".repeat(filled) + "░".repeat(BAR_CELLS - filled);
    const rate = pace !== undefined
      ? `${pace.tokensPerSecond.toFixed(1)} tokens/s`
      : seconds > 0
      ? `${(bytes / seconds / 1e6).toFixed(0)} MB/s`
      : "";
    const remaining = pace !== undefined
      ? `at most ${Math.ceil(pace.secondsLeft)} s left`
      : share > 0.02
      ? `${Math.ceil(seconds / share - seconds)} s left`
      : "";
    this.screen.write(`\r\x1b[K  ${this.#stage.padEnd(20)} ${bar} ${rate.padStart(10)}  ${remaining}`);
  }
}
