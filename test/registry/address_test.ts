import assert from "node:assert/strict";
import { StartupError } from "../../src/model/mod.ts";
import { type AddressRules, assertRegistryAddress } from "../../src/registry/mod.ts";

const appliance: AddressRules = { profile: "appliance", localhostOnly: false };
const standalone: AddressRules = { profile: "standalone", localhostOnly: false };
const localOnly: AddressRules = { profile: "standalone", localhostOnly: true };

const accepted: [text: string, rules: AddressRules, origin: string][] = [
  ["http://127.0.0.1:8470", appliance, "http://127.0.0.1:8470"],
  ["http://127.0.0.1:8470/", appliance, "http://127.0.0.1:8470"],
  ["http://localhost:8470", localOnly, "http://localhost:8470"],
  ["http://[::1]:8470", appliance, "http://[::1]:8470"],
  ["http://127.9.9.9", appliance, "http://127.9.9.9"],
  ["http://127.1:8470", appliance, "http://127.0.0.1:8470"],
  ["https://localhost", appliance, "https://localhost"],
  ["https://registry.example", standalone, "https://registry.example"],
];
for (const [text, rules, origin] of accepted) {
  Deno.test(`assertRegistryAddress() takes ${text} under ${rules.profile} (P029, P040)`, () => {
    assert.equal(assertRegistryAddress(text, rules), origin);
  });
}

const refused: [text: string, rules: AddressRules][] = [
  ["https://registry.example", appliance],
  ["https://registry.example", localOnly],
  ["http://registry.example", standalone],
  ["http://10.0.0.1:8470", standalone],
  ["http://0.0.0.0:8470", standalone],
  ["http://[::ffff:10.0.0.1]:8470", standalone],
  ["http://localhost.evil.example:8470", standalone],
  ["http://127.0.0.1.evil.example:8470", standalone],
  ["http://localhost.:8470", standalone],
  ["http://user:password@127.0.0.1:8470", appliance],
  ["http://127.0.0.1@evil.example", standalone],
  ["http://127.0.0.1:8470/v1", appliance],
  ["http://127.0.0.1:8470/?a=b", appliance],
  ["http://127.0.0.1:8470/#a", appliance],
  ["unix:/run/registry.sock", standalone],
  ["file:///etc/passwd", standalone],
  ["127.0.0.1:8470", standalone],
  ["", standalone],
];
for (const [text, rules] of refused) {
  Deno.test(`assertRegistryAddress() refuses ${JSON.stringify(text)} under ${rules.profile} (P017, P039)`, () => {
    assert.throws(
      () => assertRegistryAddress(text, rules),
      (error) => error instanceof StartupError && error.code === "registry/address",
    );
  });
}
