// Records events until it is killed or cannot. arguments: LOG ANCHOR. Prints one line per recorded entry.
import { AuditChain } from "../../src/audit/mod.ts";

const [path, anchorPath] = Deno.args;
if (path === undefined || anchorPath === undefined) throw new Error("usage: writer_process.ts LOG ANCHOR");
const chain = await AuditChain.open({ path, anchorPath, maxSizeBytes: 20_000, now: () => new Date() });
for (let n = 0;; n++) {
  await chain.append("stage", { filename: "m.gguf", n });
  console.log(n);
}
