/**
 * Keeps the page current: fetches it again and puts the new content in place of the old. What a reader opened stays
 * open, and the line that is read aloud changes only when its words do. Without it the page reloads as a whole.
 */
export const PAGE_SCRIPT = `"use strict";
const EVERY_MS = 1000;
const main = document.querySelector("main");
const headline = document.getElementById("headline");
const lost = document.getElementById("lost");

async function refresh() {
  try {
    const reply = await fetch("/", { cache: "no-store" });
    if (!reply.ok) throw new Error(String(reply.status));
    show(new DOMParser().parseFromString(await reply.text(), "text/html"));
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
}

function show(fresh) {
  const words = fresh.getElementById("headline").textContent;
  if (headline.textContent !== words) headline.textContent = words;
  document.title = fresh.title;
  document.body.className = fresh.body.className;
  const content = fresh.querySelector("main");
  const open = [...main.querySelectorAll("details[open]")].map((one) => one.id);
  for (const id of open) content.querySelector("#" + CSS.escape(id))?.setAttribute("open", "");
  if (content.innerHTML === main.innerHTML) return;
  const focused = document.activeElement?.closest("details")?.id;
  main.replaceChildren(...content.childNodes);
  if (focused) document.getElementById(focused)?.querySelector("summary")?.focus();
}

setInterval(() => { if (!document.hidden) refresh(); }, EVERY_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
`;
