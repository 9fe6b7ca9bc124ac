import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { Lab } from "../support/lab.ts";
import { freePort, realTest } from "../support/real_parts.ts";
import { LabRegistry } from "../support/registries.ts";

const READY_WITHIN_MS = 30_000;

realTest("P156: llama-server loads the promoted file and answers", ["LLAMA_SERVER_BIN"], async (parts) => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", tinyLlama());
  await lab.watch({ registry: registry.client });
  const { models: [model] } = JSON.parse(
    fs.readFileSync(join(lab.places.registry, "manifest.json"), "utf8"),
  );
  const port = freePort();
  const child = new Deno.Command(parts.LLAMA_SERVER_BIN, {
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
