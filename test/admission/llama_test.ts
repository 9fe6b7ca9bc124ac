import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { Lab } from "../support/lab.ts";
import { freePort, LabRegistry } from "../support/registries.ts";

const SERVER = Deno.env.get("LLAMA_SERVER_BIN");
const READY_WITHIN_MS = 30_000;
if (SERVER === undefined && Deno.env.get("CI") === "true") {
  throw new Error("LLAMA_SERVER_BIN is not set: run scripts/provision");
}
if (SERVER === undefined) console.log("llama_test.ts: not run, because LLAMA_SERVER_BIN is not set");

Deno.test({
  name: "P156: llama-server loads the promoted file and answers",
  ignore: SERVER === undefined,
  fn: async () => {
    using lab = Lab.make();
    await using registry = new LabRegistry(lab);
    lab.drop("m.gguf", tinyLlama());
    await lab.watch({ registry: registry.client });
    const { models: [model] } = JSON.parse(
      fs.readFileSync(join(lab.places.registry, "manifest.json"), "utf8"),
    );
    const port = freePort();
    const child = new Deno.Command(SERVER ?? "", {
      args: [
        "-m",
        join(lab.places.registry, model.filename),
        "--host",
        "127.0.0.1",
        "--port",
        `${port}`,
        "-c",
        "128",
        "-t",
        "1",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const url = `http://127.0.0.1:${port}`;
      await ready(url);
      const response = await fetch(`${url}/completion`, {
        method: "POST",
        body: JSON.stringify({ prompt: "the", n_predict: 4 }),
      });
      assert.equal(response.status, 200);
      assert.equal(typeof (await response.json()).content, "string");
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  },
});

async function ready(url: string): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const status = await fetch(`${url}/health`).then((response) =>
      response.body?.cancel().then(() => response.status)
    )
      .catch(() => null);
    if (status === 200) return;
    assert.ok(Date.now() < until, "llama-server did not become ready");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
