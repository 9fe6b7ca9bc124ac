/** Measures one F16 file as a program of its own and prints how its workers fared; for permissions_test.ts. */
import { openSync, readSync } from "node:fs";
import { measureFile } from "../../src/engine/pass.ts";
import { WorkerPool } from "../../src/engine/workers.ts";

const [path = "", size = "0"] = Deno.args;
const sizeBytes = Number(size);
const descriptor = openSync(path, "r");
const workers = new WorkerPool(1);
const file = await measureFile({
  source: {
    sizeBytes,
    read: (at, into) => readSync(descriptor, into, 0, into.byteLength, at),
  },
  spans: [{ name: "w", type: "F16", shape: [sizeBytes / 2], offset: 0, sizeBytes }],
  want: "digests-and-statistics",
  onTensor: () => {},
}, workers);
console.log(workers.state, file.sha256);
workers.close();
