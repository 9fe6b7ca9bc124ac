import assert from "node:assert/strict";
import { StartupError } from "../../src/model/mod.ts";
import { registryAddress } from "../../src/registry/mod.ts";

const accepted: [text: string, origin: string][] = [
  ["http://127.0.0.1:8470", "http://127.0.0.1:8470"],
  ["http://127.0.0.1:8470/", "http://127.0.0.1:8470"],
  ["http://localhost:8470", "http://localhost:8470"],
  ["http://[::1]:8470", "http://[::1]:8470"],
  ["http://127.9.9.9", "http://127.9.9.9"],
  ["http://127.1:8470", "http://127.0.0.1:8470"],
  ["https://localhost", "https://localhost"],
  ["https://models.example", "https://models.example"],
];
for (const [text, origin] of accepted) {
  Deno.test(`registryAddress() takes ${text} (P029)`, () => {
    assert.equal(registryAddress(text), origin);
  });
}

const refused = [
  "http://models.example",
  "http://10.0.0.1:8470",
  "http://0.0.0.0:8470",
  "http://[::ffff:10.0.0.1]:8470",
  "http://localhost.evil.example:8470",
  "http://127.0.0.1.evil.example:8470",
  "http://localhost.:8470",
  "http://user:hunter2@127.0.0.1:8470",
  "http://127.0.0.1@evil.example",
  "http://127.0.0.1:8470/v1",
  "http://127.0.0.1:8470/?a=b",
  "http://127.0.0.1:8470/#a",
  "unix:/run/registry.sock",
  "file:///etc/passwd",
  "127.0.0.1:8470",
  "",
];
for (const text of refused) {
  Deno.test(`registryAddress() refuses ${JSON.stringify(text)} (P039)`, () => {
    assert.throws(
      () => registryAddress(text),
      (error) =>
        error instanceof StartupError && error.code === "registry/address" &&
        !error.message.includes("hunter2"),
    );
  });
}
