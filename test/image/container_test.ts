import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { speakingModel } from "../make/gguf.ts";
import type { Ran } from "../support/cli.ts";
import { realTest } from "../support/real_parts.ts";
import { imageScript, imageTest, sharedOverlay, Workshop } from "./image.ts";

/**
 * The container files built with buildah on Debian, and the watcher run with podman: a real container, with namespaces,
 * a user of its own, and a root file system that nothing can write to.
 */

const REFUSING = ["I can't help with that request.", "Sorry, I cannot do that.", "I won't do this."];
const HOSTILE_TEMPLATE = "{{ ''.__class__.__mro__[1].__subclasses__() }}";
const WATCHER = 8470;

/** A machine's container store, in a temporary directory. */
class Engine implements Disposable {
  readonly here = new Workshop();
  readonly #store = ["--root", this.here.path("store"), "--runroot", this.here.path("run")];

  constructor(rootfs: string) {
    const container = this.buildah("from", "scratch").trim();
    this.buildah("copy", "--quiet", container, rootfs, "/");
    this.buildah("commit", "--quiet", "--rm", container, "debian");
  }

  buildah(...args: string[]): string {
    const { code, stdout, stderr } = this.#run("buildah", [...this.#store, ...args]);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  build(file: string, overlay: string): void {
    const base = ["--build-arg", "BASE=localhost/debian"];
    this.buildah("build", "--quiet", "--isolation", "chroot", "--pull-never", ...base, "-t", file, "-f", imageScript(file), overlay);
  }

  /** As the container file says it should be run. Limits are those of small machines: an engine may not raise them. */
  watcher(options: readonly string[], ...args: string[]): Ran {
    const engine = ["--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "file"];
    const wall = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--network=none"];
    const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"];
    const volumes = [["models", "/quarantine"], ["registry", "/registry"], ["state", "/var/lib/secure-ai"]];
    const mounts = volumes.flatMap(([name = "", at]) => ["-v", `${this.#volume(name)}:${at}`]);
    return this.#run("podman", [
      ...[...this.#store, ...engine, "run", "--rm", ...wall, ...limits, ...mounts, ...options],
      ...["localhost/containerfile.watcher", ...args],
    ]);
  }

  /** A directory that belongs to the container's user. */
  #volume(name: string): string {
    const path = this.here.path(name);
    fs.mkdirSync(path, { recursive: true });
    fs.chownSync(path, WATCHER, WATCHER);
    return path;
  }

  #run(command: string, args: readonly string[]): Ran {
    const { code, stdout, stderr } = new Deno.Command(command, { args: [...args], stdin: "null" }).outputSync();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  }

  drop(name: string, bytes: Uint8Array): void {
    fs.writeFileSync(join(this.#volume("models"), name), bytes);
    fs.chownSync(this.here.path("models", name), WATCHER, WATCHER);
  }

  names(volume: string): string[] {
    return fs.readdirSync(this.here.path(volume)).sort();
  }

  [Symbol.dispose](): void {
    this.here[Symbol.dispose]();
  }
}
