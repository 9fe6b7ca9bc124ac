import fs from "node:fs";
import { join } from "node:path";
import { listHeld, pinsPath, type Places, release } from "../admission/mod.ts";
import { escapeName, unlessMissing } from "../files/mod.ts";
import { StartupError } from "../model/mod.ts";
import { PinStore } from "../policy/pins.ts";
import { readManifestEntries } from "../registry/listing.ts";
import { embeddedPlaces, stateDirectory } from "./environment.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

/** `list`: what is registered, what is held, what waits. Reads files only; asks nobody. */
export function runList(world: World, options: { readonly json?: boolean }): ExitCode {
  const places = embeddedPlaces(world.env);
  const registered = readManifestEntries(places.registry);
  const held = unlessMissing(() => listHeld(places.held)) ?? [];
  const waiting = visible(places.incoming);
  if (options.json === true) {
    const entries = held.map(({ name, hold }) => ({
      name,
      rule: hold?.rule ?? null,
      not_before: hold?.not_before ?? null,
    }));
    world.stdout.write(JSON.stringify({ schema: 1, registered, held: entries, waiting }) + "\n");
    return EXIT.passed;
  }
  const width = Math.max(4, ...registered.map(({ name }) => name.length));
  world.stdout.write(`${"NAME".padEnd(width)}  FORMAT               SIZE          SHA256        PROMOTED\n`);
  for (const { name, format, size_bytes, sha256, promoted_at } of registered) {
    const size = String(size_bytes).padEnd(12);
    world.stdout.write(
      `${escapeName(name).padEnd(width)}  ${format.padEnd(19)}  ${size}  ${
        sha256.slice(0, 12)
      }  ${promoted_at}\n`,
    );
  }
  for (const { name, hold } of held) {
    world.stdout.write(
      `held     ${escapeName(name)}  ${hold?.rule ?? ""}${
        hold === null ? "" : `, next try ${hold.not_before}`
      }\n`,
    );
  }
  for (const name of waiting) world.stdout.write(`waiting  ${escapeName(name)}\n`);
  return EXIT.passed;
}

function visible(directory: string): string[] {
  const names = unlessMissing(() => fs.readdirSync(directory)) ?? [];
  return names.filter((name) => !name.startsWith(".")).sort();
}

/** `retry NAME`: puts a held artifact back where models are dropped. */
export function runRetry(world: World, name: string): ExitCode {
  const places: Places = embeddedPlaces(world.env);
  const found = (unlessMissing(() => listHeld(places.held)) ?? []).find((one) => one.name === name);
  if (found === undefined) {
    throw new StartupError("usage", `Cannot retry ${name}: nothing of that name is held`);
  }
  release(places.held, places.incoming, name);
  world.stdout.write(`${escapeName(name)} is queued again in ${join(places.incoming, "")}\n`);
  return EXIT.passed;
}

/** `pins list` */
export function runPinsList(world: World): ExitCode {
  for (const pin of new PinStore(pinsPath(stateDirectory(world.env))).list()) {
    world.stdout.write(`${pin.sha256}  ${escapeName(pin.filename)}  since ${pin.firstSeen}\n`);
  }
  return EXIT.passed;
}

/** `pins forget NAME` */
export function runPinsForget(world: World, name: string): ExitCode {
  const forgotten = new PinStore(pinsPath(stateDirectory(world.env))).forget(name);
  if (!forgotten) {
    throw new StartupError("usage", `Cannot forget ${name}: no digest is recorded under that name`);
  }
  world.stdout.write(`${escapeName(name)}: forgotten\n`);
  return EXIT.passed;
}
