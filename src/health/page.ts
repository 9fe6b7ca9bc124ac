import { html } from "hono/html";
import type { Head } from "../audit/mod.ts";
import { escapeName } from "../files/mod.ts";
import { isRuleId, RULES, STAGE_IDS, type StageId } from "../model/mod.ts";
import { isMet, OBJECTIVES, shareWithin } from "./objectives.ts";
import {
  durationText,
  momentText,
  OUTCOME_WORDS,
  QUESTIONS,
  sizeText,
  STATE_WORDS,
  VERDICT_WORDS,
} from "./page_words.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Current, HeldEntry, Status, Verdict } from "./status.ts";

/** A piece of the page; every value that is put into one is escaped by the template. */
type Markup = ReturnType<typeof html>;

/** The page for a browser: the same facts as `/v1/status`, in the order an operator asks for them. */
export function statusPage(snapshot: Snapshot): Markup {
  const { status, problems } = snapshot;
  const ready = problems.length === 0;
  const headline = headlineOf(snapshot);
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${headline} · ai-quarantine</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/status.css">
        <noscript><meta http-equiv="refresh" content="5"></noscript>
        <script src="/status.js" defer></script>
      </head>
      <body class="${ready ? "ready" : "not-ready"}">
        <header>
          <p class="brand">ai-quarantine</p>
          <h1 id="headline" role="status">${headline}</h1>
          <p id="lost" role="alert" hidden>This page has lost its server: what it shows may be old.</p>
        </header>
        <main>
    ${ready ? "" : problemsOf(problems)}
    ${status === null
      ? ""
      : [nowPanel(status, snapshot.at), waitingPanel(status), verdictsPanel(status, snapshot.at)]}
    ${factsPanel(snapshot)}
        </main>
        <footer>
          <p>Read only. The same as <a href="/v1/status">JSON</a> and as <a href="/metrics">metrics</a>.</p>
        </footer>
      </body>
    </html>
  `;
}

function headlineOf({ status, problems }: Snapshot): string {
  if (problems.length > 0) return "Not ready";
  if (status?.current !== null && status?.current !== undefined) {
    return `Examining ${plain(status.current.name)}`;
  }
  return status?.state === "stopped" ? "Ready, at rest" : "Ready, nothing to examine";
}

function problemsOf(problems: readonly string[]): Markup {
  return html`
    <section class="problems" aria-labelledby="problems">
      <h2 id="problems">What is wrong</h2>
      <ul>${problems.map((problem) => html`<li>${plain(problem)}</li>`)}</ul>
    </section>
  `;
}

function nowPanel({ current }: Status, at: Date): Markup {
  if (current === null) {
    return html`
      <section aria-labelledby="now">
        <h2 id="now">Now</h2>
        <p
          class="quiet">Nothing is being examined. A model that is copied into the incoming directory is taken in when it is complete.</p>
      </section>
    `;
  }
  const elapsed = at.getTime() - new Date(current.started_at).getTime();
  return html`<section aria-labelledby="now"><h2 id="now">Now</h2>
<p class="artifact">${plain(current.name)}</p>
<p class="quiet">${current.size_bytes === null ? "" : `${sizeText(current.size_bytes)}, `}for ${
    durationText(Math.max(0, elapsed))
  }</p>
${progressOf(current)}
<ol class="stages">${STAGE_IDS.map((stage) => stageItem(stage, current))}</ol>
</section>`;
}

function progressOf({ stage, stages, bytes_done, size_bytes }: Current): Markup {
  if (stage === null) {
    const what = stages.length === 0 ? `Sealing a copy: ${sizeText(bytes_done)} copied` : "Carrying on";
    return html`<p id="doing">${what}</p><progress aria-labelledby="doing"></progress>`;
  }
  const share = size_bytes === null || size_bytes === 0 ? 0 : Math.min(1, bytes_done / size_bytes);
  const what = `Stage ${STAGE_IDS.indexOf(stage) + 1} of ${STAGE_IDS.length}, ${stage}`;
  if (share === 0) return html`<p id="doing">${what}</p><progress aria-labelledby="doing"></progress>`;
  const percent = Math.floor(share * 100);
  return html`<p id="doing">${what}: ${percent} %</p>
<progress aria-labelledby="doing" max="100" value="${percent}">${percent} %</progress>`;
}

function stageItem(stage: StageId, { stage: running, stages }: Current): Markup {
  const ended = stages.find((one) => one.stage === stage);
  const state = ended?.outcome.toLowerCase() ?? (running === stage ? "running" : "open");
  const word = ended === undefined
    ? (running === stage ? "running" : "to come")
    : OUTCOME_WORDS[ended.outcome];
  const took = ended === undefined || ended.duration_ms === 0 ? "" : durationText(ended.duration_ms);
  return html`<li class="${state}"><span class="stage">${stage}</span>
<span class="word">${word}</span> <span class="took">${took}</span>
<span class="what">${
    ended === undefined || ended.summary === "" ? QUESTIONS[stage] : plain(ended.summary)
  }</span></li>`;
}

function waitingPanel({ queue, held }: Status): Markup {
  return html`
    <div class="pair">
      <section aria-labelledby="queue"><h2 id="queue">In the queue <span class="count">${queue
        .length}</span></h2>
    ${queue.length === 0
      ? html`<p class="quiet">Nothing waits.</p>`
      : html`<ul class="names">${queue.names.map((name) => html`<li>${plain(name)}</li>`)}</ul>`}${more(
        queue.length,
        queue.names.length,
      )}
      </section>
      <section aria-labelledby="held"><h2 id="held">Held, not decided <span class="count">${held
        .length}</span></h2>
    ${held.length === 0
      ? html`<p class="quiet">Nothing is held.</p>`
      : html`<ul class="names">${held.artifacts.map(heldItem)}</ul>`}${more(
        held.length,
        held.artifacts.length,
      )}
      </section>
    </div>
  `;
}

function heldItem({ name, rule, next_try }: HeldEntry): Markup {
  const next = next_try === null ? "waits for a person" : `tried again after ${momentText(next_try)}`;
  return html`<li>${plain(name)}<span class="what">${plain(rule)}; ${next}</span></li>`;
}

function more(length: number, shown: number): Markup | "" {
  return length > shown ? html`<p class="quiet">and ${length - shown} more</p>` : "";
}

function verdictsPanel({ verdicts }: Status, at: Date): Markup {
  return html`<section aria-labelledby="verdicts"><h2 id="verdicts">Last verdicts</h2>
${
    verdicts.length === 0
      ? html`<p class="quiet">None yet.</p>`
      : html`<ul class="verdicts">${verdicts.map((verdict) => verdictItem(verdict, at))}</ul>`
  }
</section>`;
}

function verdictItem(verdict: Verdict, at: Date): Markup {
  const { name, finished_at, duration_ms, size_bytes } = verdict;
  const ago = Math.max(0, at.getTime() - new Date(finished_at).getTime());
  const took = duration_ms === null ? "" : `, took ${durationText(duration_ms)}`;
  const size = size_bytes === 0 ? "" : `${sizeText(size_bytes)}, `;
  return html`<li class="${verdict.verdict}"><span class="badge">${VERDICT_WORDS[verdict.verdict]}</span>
<span class="artifact">${plain(name)}</span>
<span class="when">${size}<time datetime="${finished_at}" title="${momentText(finished_at)}">${
    ago < 10_000 ? "just now" : `${agoText(ago)} ago`
  }</time>${took}</span>
${
    verdict.verdict === "passed"
      ? ""
      : html`<p class="why">${plain(verdict.stage)}: ${plain(verdict.reason)}</p>`
  }
${detailsOf(verdict)}</li>`;
}

/** Coarse enough that the page does not change at every look. */
function agoText(ms: number): string {
  if (ms < 60_000) return `${Math.floor(ms / 10_000) * 10} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  return durationText(ms - ms % 60_000);
}

function detailsOf({ name, rule, sha256, finished_at }: Verdict): Markup {
  const known = isRuleId(rule) ? RULES[rule] : null;
  const advice = known === null ? "" : html`
    <dt>Rule</dt>
    <dd>${rule}</dd>
    <dt>Why it matters</dt>
    <dd>${known.why}</dd>
    <dt>What to do</dt>
    <dd>${known.whatToDo.replaceAll("NAME", plain(name))}</dd>
  `;
  return html`
    <details id="v-${finished_at.replace(/\D/g, "")}">
      <summary>${known === null ? "Digest" : "What to do"}</summary>
      <dl>${advice}<dt>SHA-256</dt><dd class="hash">${sha256 === "" ? "not hashed" : sha256}</dd></dl>
    </details>
  `;
}

function factsPanel({ status, audit }: Snapshot): Markup {
  return html`
    <section aria-labelledby="facts">
      <h2 id="facts">Behind it</h2>
      <dl class="facts">
    ${auditFacts(audit)}
    ${status === null ? "" : [coordinatorFacts(status), objectiveFacts(status)]}
      </dl>
    </section>
  `;
}

function auditFacts(audit: Head): Markup {
  if (audit.kind === "broken") {
    return html`
      <dt>Audit log</dt>
      <dd>broken: ${plain(audit.why)}</dd>
    `;
  }
  return html`
    <dt>Audit log</dt>
    <dd>${audit.entries} entries, no gap</dd>
    <dt>Its last entry</dt>
    <dd class="hash">${audit.lastHash === "" ? "none" : audit.lastHash}</dd>
  `;
}

function coordinatorFacts({ state, started_at, policy, version, totals }: Status): Markup {
  const { passed, rejected, failed, error } = totals.verdicts;
  return html`
    <dt>Coordinator</dt>
    <dd>version ${version}, ${STATE_WORDS[state]}, started ${momentText(started_at)}</dd>
    <dt>Policy</dt>
    <dd>${policy.profile} <span class="hash">${policy.sha256}</span></dd>
    <dt>In all</dt>
    <dd>${passed} promoted, ${rejected + failed} refused, ${error} held</dd>
    <dt>Refusals audited</dt>
    <dd>${totals.refusals_audited} of ${totals.refusals}</dd>
  `;
}

function objectiveFacts({ totals }: Status): Markup {
  return html`${
    OBJECTIVES.map((one) =>
      html`
        <dt>Within ${one.seconds / 60} min</dt>
        <dd>${(shareWithin(totals, one) * 100).toFixed(1)} % (objective: ${one.quantile *
          100} %)${isMet(totals, one) ? "" : ", missed"}</dd>
      `
    )
  }`;
}

/** Whatever came from a model, as text that cannot reorder or hide what stands beside it. */
function plain(text: string): string {
  return escapeName(text);
}
