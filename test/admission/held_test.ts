import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { listHeld, release, releaseDue } from "../../src/admission/mod.ts";
import { tinyLlama } from "../make/gguf.ts";
import { sha256 } from "../registry/fixture.ts";
import { Lab, outcomeOf } from "../support/lab.ts";
import { LabRegistry, unreachableRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const MINUTE = 60_000;
/** The most a policy may ask for: 16 TiB. */
const HUGE_MIB = String(2 ** 24);

/** A clock that stands until it is moved. */
class Clock {
  ms = Date.parse("2026-03-08T14:30:00Z");
  readonly now = () => new Date(this.ms);
}

Deno.test("P081: without room an artifact waits in scanning/, says so, and goes on when there is room", async () => {
  using lab = Lab.make({ free_space_reserve_mib: HUGE_MIB });
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  const waited = await lab.watch({ registry: registry.client });
  assert.deepEqual(waited.map(outcomeOf), ["waiting"]);
  const warning =
    /^<4>\[quarantine\] WARNING: m.gguf waits in scanning: needs \d+\.\d GiB free \(reserve included\), has \d+\.\d GiB$/;
  assert.match(lab.journal.at(-1) ?? "", warning);
  assert.equal(lab.names("scanning").length, 1);
  assert.deepEqual(
    (await lab.watch({ registry: registry.client })).map(outcomeOf),
    ["waiting"],
    "still no room",
  );
  lab.setPolicy({});
  assert.deepEqual((await lab.watch({ registry: registry.client })).map(outcomeOf), ["passed"]);
  assert.deepEqual(lab.names("scanning"), []);
  assert.equal(lab.events("claimed").length, 1, "claimed once");
});

Deno.test("a held artifact is tried again after a minute, then two, four … up to six hours", async () => {
  using lab = Lab.make();
  const clock = new Clock();
  const setup = { registry: unreachableRegistry(), now: clock.now };
  lab.drop("m.gguf", MODEL);
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 11; attempt++) {
    assert.deepEqual((await lab.watch(setup)).map(outcomeOf), ["error registry/unreachable"]);
    const [held] = listHeld(lab.places.held);
    assert.equal(held?.hold?.attempts, attempt);
    const waitMs = Date.parse(held?.hold?.not_before ?? "") - clock.ms;
    waits.push(waitMs / MINUTE);
    clock.ms += waitMs - 1;
    assert.deepEqual(releaseDue(lab.places.held, lab.places.incoming, clock.now()), [], "not yet");
    clock.ms += 1;
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
  await using registry = new LabRegistry(lab);
  assert.deepEqual((await lab.watch({ ...setup, registry: registry.client })).map(outcomeOf), ["passed"]);
  assert.deepEqual(
    lab.names("held").filter((name) => !name.endsWith(".report.json")),
    [],
    "attempts forgotten",
  );
});

Deno.test("what needs a person is not tried again by the clock, but by retry", async () => {
  using lab = Lab.make();
  fs.writeFileSync(join(lab.places.registry, "m.gguf"), "somebody else's");
  const clock = new Clock();
  lab.drop("m.gguf", MODEL);
  const setup = { registry: unreachableRegistry(), now: clock.now };
  assert.deepEqual((await lab.watch(setup)).map(outcomeOf), ["error registry/conflict"]);
  clock.ms += 365 * 24 * 60 * MINUTE;
  assert.deepEqual(await lab.watch(setup), []);
  fs.rmSync(join(lab.places.registry, "m.gguf"));
  release(lab.places.held, lab.places.incoming, "m.gguf");
  await using registry = new LabRegistry(lab);
  assert.deepEqual((await lab.watch({ ...setup, registry: registry.client })).map(outcomeOf), ["passed"]);
});

Deno.test("a released artifact never replaces another in incoming", async () => {
  using lab = Lab.make();
  const clock = new Clock();
  lab.drop("m.gguf", MODEL);
  await lab.watch({ registry: unreachableRegistry(), now: clock.now });
  fs.writeFileSync(join(lab.places.incoming, "m.gguf"), "a newer one");
  clock.ms += 60 * MINUTE;
  assert.deepEqual(releaseDue(lab.places.held, lab.places.incoming, clock.now()), []);
  assert.throws(
    () => release(lab.places.held, lab.places.incoming, "m.gguf"),
    /has another file of that name/,
  );
  assert.equal(sha256(fs.readFileSync(join(lab.places.held, "m.gguf"))), sha256(MODEL));
});

Deno.test("a hold that is no hold keeps nothing from being listed", () => {
  using lab = Lab.make();
  fs.writeFileSync(join(lab.places.held, "m.gguf"), MODEL);
  fs.writeFileSync(join(lab.places.held, ".m.gguf.hold.json"), "{");
  assert.deepEqual(listHeld(lab.places.held).map(({ name, hold }) => [name, hold]), [["m.gguf", null]]);
});
