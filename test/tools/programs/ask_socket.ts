/**
 * Runs one job against a socket on which this very program plays systemd and the worker: each argument is what one
 * connection says, in order. Prints how it ended. In a process of its own, because sockets by path are not granted to
 * the tests.
 */
import { policyFromObject } from "../../../src/policy/load.ts";
import { PROTOCOL_VERSION } from "../../../src/tools/protocol.ts";
import { socketSandbox } from "../../../src/tools/socket_sandbox.ts";
import { runJob } from "../../../src/tools/worker.ts";

const [path = "", ...scripts] = Deno.args;
const policy = policyFromObject({ profile: "standalone" }, { now: () => new Date() });
const listener = Deno.listen({ transport: "unix", path });
let connections = 0;
let job = "";
let endOfInput = false;
void (async () => {
  for await (const connection of listener) {
    const script = scripts[connections++];
    if (script === undefined || script === "busy") {
      connection.close();
      continue;
    }
    void (async () => {
      const buffer = new Uint8Array(64 * 1024);
      for (let size = await connection.read(buffer); size !== null; size = await connection.read(buffer)) {
        job += new TextDecoder().decode(buffer.subarray(0, size));
      }
      endOfInput = true;
    })();
    await connection.write(new TextEncoder().encode(JSON.parse(`"${script}"`)));
    if (!script.endsWith("stay")) connection.closeWrite();
  }
})();
const running = runJob(socketSandbox(path), {
  v: PROTOCOL_VERSION,
  stage: "format_gate",
  artifact: {
    name: "m.gguf",
    path: "/var/lib/secure-ai/quarantine/scanning/0/sealed",
    shape: "file",
    format: "gguf",
    sizeBytes: 9,
    origin: { kind: "local" },
    digest: null,
  },
  behaviour: null,
  provenance: null,
  policy,
}, { policy, deadlineMs: 1000, signal: new AbortController().signal, progress: () => {} });
const ended = await running.then(
  ({ kind, summary }) => `${kind} ${summary}`,
  (error) => `${error.rule}: ${error.message}`,
);
await new Promise((resolve) => setTimeout(resolve, 50));
const jobPath = job === "" ? null : JSON.parse(job).artifact.path;
console.log(JSON.stringify({ ended, connections, jobPath, endOfInput }));
Deno.exit(0);
