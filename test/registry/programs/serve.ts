/** Serves a registry until SIGTERM: `serve.ts OPTIONS TOKEN`, the options as JSON. Prints its port. */
import { startRegistry } from "../../../src/roles/registry.ts";

const [options = "", token = ""] = Deno.args;
const running = startRegistry({
  ...JSON.parse(options),
  token: () => Promise.resolve(token),
  now: () => new Date(),
  report: console.error,
});
console.log(running.port);
const stop = () => void running.stop();
Deno.addSignalListener("SIGTERM", stop);
await running.finished;
Deno.removeSignalListener("SIGTERM", stop);
