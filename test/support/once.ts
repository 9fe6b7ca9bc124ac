import { type Admission, admit, claimFromIncoming, listIncoming } from "../../src/admission/mod.ts";
import { finishPending } from "../../src/roles/watch.ts";
import type { Lab, LineSetup } from "./lab.ts";

/** What the coordinator does at its start and with what lies in incoming, without waiting for anything to settle. */
export async function takeEverything(lab: Lab, setup: LineSetup): Promise<Admission[]> {
  const { line, close } = await lab.open(setup);
  try {
    const ended = await Array.fromAsync(finishPending(line, "after-restart"));
    for (const { name, shape } of listIncoming(line.places.incoming)) {
      ended.push(await admit(line, await claimFromIncoming(line, name, shape)));
    }
    return ended;
  } finally {
    await close();
  }
}
