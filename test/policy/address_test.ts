import assert from "node:assert/strict";
import { type AddressPolicy, registryAddressFault } from "../../src/policy/address.ts";

const closed: AddressPolicy = {
  profile: "standalone",
  registry: { localhostOnly: true },
  network: { allowOutbound: false, offlineByDefault: true },
};
const open: AddressPolicy = {
  profile: "standalone",
  registry: { localhostOnly: false },
  network: { allowOutbound: true, offlineByDefault: true },
};

const loopback = [
  "http://127.0.0.1:8470",
  "http://127.0.0.1:8470/",
  "http://127.1:8470",
  "http://127.200.3.4",
  "http://localhost:8470",
  "http://[::1]:8470",
  "https://localhost",
];
for (const address of loopback) {
  Deno.test(`P040 registryAddressFault() takes ${address} for loopback`, () => {
    assert.equal(registryAddressFault(address, { ...closed, profile: "appliance" }, "environment"), null);
  });
}

const never = [
  "http://10.0.0.5:8470",
  "http://localhost.evil.example:8470",
  "http://127.0.0.1.evil.example",
  "http://[::ffff:127.0.0.1]:8470",
  "http://0.0.0.0:8470",
  "http://models.example",
  "ftp://127.0.0.1",
  "http://127.0.0.1@evil.example",
  "http://user:word@127.0.0.1:8470",
  "http://127.0.0.1:8470/v1",
  "http://127.0.0.1:8470/?x",
  "127.0.0.1:8470",
  "",
];
for (const address of never) {
  Deno.test(`P039 registryAddressFault() refuses ${JSON.stringify(address)} under the loosest policy`, () => {
    const loosest = { ...open, network: { allowOutbound: true, offlineByDefault: false } };
    assert.notEqual(registryAddressFault(address, loosest, "policy"), null);
  });
}

Deno.test("registryAddressFault() lets https elsewhere through only where every key says so", () => {
  const fault = (policy: AddressPolicy, statedIn: "policy" | "environment" = "policy") =>
    registryAddressFault("https://models.example:8470", policy, statedIn);
  assert.equal(fault(open), null);
  assert.match(String(fault({ ...open, profile: "appliance" })), /profile appliance/);
  assert.match(String(fault({ ...open, registry: { localhostOnly: true } })), /localhost_only/);
  assert.match(String(fault({ ...open, network: closed.network })), /allow_outbound/);
  assert.match(String(fault(open, "environment")), /offline_by_default/);
  assert.equal(
    fault({ ...open, network: { allowOutbound: true, offlineByDefault: false } }, "environment"),
    null,
  );
});
