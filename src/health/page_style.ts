/** The page's only style sheet: system fonts, light and dark, one column on a narrow screen. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f4f5f7, #14171c);
  --panel: light-dark(#ffffff, #1d2128);
  --line: light-dark(#d9dde3, #343a44);
  --ink: light-dark(#1b2028, #e8ebf0);
  --soft: light-dark(#565e6b, #a3acba);
  --good: light-dark(#0b6b36, #6fd59a);
  --bad: light-dark(#b3201b, #ff948d);
  --wait: light-dark(#855400, #f0bf62);
  --busy: light-dark(#1457b8, #8bbcff);
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.25rem; max-width: 60rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 .6rem; }
p { margin: 0 0 .5rem; }
a { color: var(--busy); }
:focus-visible { outline: 3px solid var(--busy); outline-offset: 2px; }
.brand { margin: 0; color: var(--soft); font-weight: 600; }
.ready h1::before, .not-ready h1::before {
  content: ""; display: inline-block; width: .65em; height: .65em; margin-right: .45em; border-radius: 50%;
  background: var(--good);
}
.not-ready h1::before { border-radius: 0; background: var(--bad); }
#lost { padding: .6rem .8rem; border: 2px solid var(--wait); border-radius: .4rem; }
section {
  background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; margin: 0 0 1rem;
}
.problems { border: 2px solid var(--bad); }
.problems p, .problems li { margin: 0; }
.pair { display: grid; gap: 0 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); }
.quiet, .when, .what, .took, footer { color: var(--soft); }
.artifact { font-weight: 600; overflow-wrap: anywhere; }
.count { color: var(--soft); font-weight: 400; }
.hash { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85em; overflow-wrap: anywhere; }
progress { width: 100%; height: .7rem; accent-color: var(--busy); margin-bottom: .8rem; }
ol, ul { list-style: none; margin: 0; padding: 0; }
.stages { counter-reset: stage; }
.stages li {
  counter-increment: stage; display: grid; grid-template-columns: 2rem 12rem 6rem 6rem 1fr; gap: 0 .5rem;
  padding: .4rem 0; border-top: 1px solid var(--line);
}
.stages li::before { content: counter(stage); color: var(--soft); }
.stage { font-weight: 600; }
.stages .what, .names li { overflow-wrap: anywhere; }
.open .stage { font-weight: 400; }
.word, .badge { font-weight: 600; }
.pass .word, .passed .badge { color: var(--good); }
.fail .word, .rejected .badge, .failed .badge { color: var(--bad); }
.error .word, .error .badge { color: var(--wait); }
.running .word { color: var(--busy); }
.open .word, .skip .word { color: var(--soft); font-weight: 400; }
.names li { padding: .3rem 0; border-top: 1px solid var(--line); }
.names .what { display: block; font-size: .9em; }
.verdicts > li {
  display: grid; grid-template-columns: 6rem 1fr auto; gap: 0 .75rem; padding: .6rem 0; border-top: 1px solid var(--line);
}
.verdicts .why, .verdicts details { grid-column: 2 / -1; margin: 0; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--busy); width: fit-content; }
dl { margin: .4rem 0 0; }
dt { color: var(--soft); font-size: .9em; }
dd { margin: 0 0 .5rem; }
.facts { display: grid; grid-template-columns: 10rem 1fr; gap: .25rem 1rem; margin: 0; }
.facts dd { margin: 0; }
footer { font-size: .9em; }
@media (max-width: 44rem) {
  body { padding: .75rem; }
  h1 { font-size: 1.3rem; }
  .stages li { grid-template-columns: 1.5rem 1fr auto auto; }
  .stages .what { grid-column: 2 / -1; font-size: .9em; }
  .verdicts > li { grid-template-columns: 1fr; }
  .verdicts .why, .verdicts details { grid-column: 1; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin: 0 0 .5rem; }
}
@media (prefers-reduced-motion: reduce) { progress:indeterminate { animation: none; } }
`;

/** A gate, closed. */
export const PAGE_ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="3" fill="#1457b8"/>
<path d="M4 13V6a4 4 0 0 1 8 0v7M8 2v11M4 8h8" fill="none" stroke="#fff" stroke-width="1.5"/>
</svg>
`;
