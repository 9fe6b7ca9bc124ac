import { basename } from "node:path";
import type { SettleWatch } from "../admission/mod.ts";

/**
 * Tells the settle watch when a writer closes a file. The runtime reports close-after-write as an `access` event,
 * which is measured and not documented, so it only ever shortens the wait; a file that nobody is heard to close
 * settles by its size and time.
 */
export function watchForCloses(incoming: string, settle: SettleWatch): Disposable {
  const watcher = Deno.watchFs(incoming, { recursive: false });
  void follow(watcher, settle);
  return { [Symbol.dispose]: () => watcher.close() };
}

async function follow(watcher: Deno.FsWatcher, settle: SettleWatch): Promise<void> {
  for await (const event of watcher) {
    if (event.kind !== "access" && event.kind !== "rename") continue;
    for (const path of event.paths) settle.sawClose(basename(path), Date.now());
  }
}
