/** Adds models to a manifest until it is killed: `endless_writer.ts PLACES ENTRY`, both JSON. */
import { ManifestStore } from "../../../src/registry/mod.ts";

const [places = "", entry = ""] = Deno.args;
const store = ManifestStore.open(JSON.parse(places));
console.log("ready");
for (let i = store.entries.length;; i++) {
  store.add({ ...JSON.parse(entry), name: `m${i}`, filename: `m${i}.gguf` });
}
