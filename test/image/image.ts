import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { PROGRAM_ROOT } from "../support/lab.ts";
import { programOnPath, run } from "../support/programs.ts";
import { missingTest } from "../support/real_parts.ts";

/** What a machine must have for a test. */
export interface Machine {
  /** Programs that `scripts/provision` installs. */
  readonly programs: readonly string[];
  readonly user?: "root";
}

/** A test that builds or starts an image. Where something for it is missing it is skipped; with `CI=true` it fails. */
export function imageTest(title: string, machine: Machine, test: () => Promise<void> | void): void {
  const missing = missingOn(machine);
  if (missing.length > 0) missingTest(title, missing);
  else Deno.test(title, test);
}

export function missingOn({ programs, user }: Machine): string[] {
  const missing = programs.filter((name) => programOnPath(name) === null).map((name) => `no ${name}`);
  return user === "root" && Deno.uid() !== 0 ? [...missing, "not root"] : missing;
}

/** A script of `scripts/image`. */
export const imageScript = (name: string): string => join(PROGRAM_ROOT, "scripts", "image", name);

/** A temporary directory with the trees that a test makes. */
export class Workshop implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "image-" });

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  file(name: string, contents: string | Uint8Array): string {
    const path = this.path(name);
    fs.writeFileSync(path, contents);
    return path;
  }

  /** The tree an image includes, for a profile, made from this checkout or a copy of it. */
  overlay(
    profile: "appliance" | "standalone",
    { name = "overlay", checkout = PROGRAM_ROOT, more = [] as readonly string[] } = {},
  ): string {
    const out = this.path(name);
    const script = join(checkout, "scripts", "image", "make-rootfs-overlay");
    run(
      "env",
      `SOURCE_DATE_EPOCH=${EPOCH}`,
      script,
      "--profile",
      profile,
      "--deno",
      Deno.execPath(),
      ...more,
      out,
    );
    return out;
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

/** An overlay that the tests of one file look at and do not change; it goes when they have ended. */
export function sharedOverlay(profile: "appliance" | "standalone"): string {
  const known = SHARED.get(profile);
  if (known !== undefined) return known;
  const workshop = new Workshop();
  globalThis.addEventListener("unload", () => workshop[Symbol.dispose]());
  const made = workshop.overlay(profile);
  SHARED.set(profile, made);
  return made;
}
const SHARED = new Map<string, string>();

/** The time that every file of a tree made here has: 2026-01-01. */
export const EPOCH = 1_767_225_600;

export interface TreeEntry {
  readonly path: string;
  readonly kind: "directory" | "link" | "file";
  readonly mode: number;
  readonly seconds: number;
  /** Digest of a file, target of a link. */
  readonly content: string;
}

/** Everything below a directory, sorted by path. */
export function treeOf(root: string): TreeEntry[] {
  return fs.readdirSync(root, { recursive: true, encoding: "utf8" }).sort().map((path) => {
    const full = join(root, path);
    const stat = fs.lstatSync(full);
    const about = { path, mode: stat.mode & 0o7777, seconds: stat.mtimeMs / 1000 };
    if (stat.isDirectory()) return { ...about, kind: "directory", content: "" };
    if (stat.isSymbolicLink()) return { ...about, kind: "link", content: fs.readlinkSync(full) };
    return { ...about, kind: "file", content: digestOf(full) };
  });
}

function digestOf(path: string): string {
  return createHash("sha256").update(fs.readFileSync(path)).digest("hex");
}
