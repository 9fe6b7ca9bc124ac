import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { speakingModel } from "../make/gguf.ts";
import type { Ran } from "../support/cli.ts";
import { PUBLISHED } from "../support/lab.ts";
import { missingTest, type Paths, realTest } from "../support/real_parts.ts";
import { imageScript, missingOn, sharedOverlay, Workshop } from "./image.ts";

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
    this.buildah("commit", "--quiet", "--rm", container, "localhost/base");
  }

  buildah(...args: string[]): string {
    const { code, stdout, stderr } = this.#run("buildah", [...this.#store, ...args]);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  build(name: string, overlay: string): void {
    const base = ["--build-arg", "BASE=localhost/base"];
    this.buildah(
      "build",
      "--quiet",
      "--isolation",
      "chroot",
      "--pull-never",
      ...base,
      "-t",
      name,
      "-f",
      imageScript(`Containerfile.${name}`),
      overlay,
    );
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
      ...["localhost/watcher", ...args],
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
    const { code, stdout, stderr } = new Deno.Command(command, { args: [...args], stdin: "null" })
      .outputSync();
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

type Parts = "AIQ_ROOTFS" | "LLAMA_SERVER_BIN";

function containerTest(title: string, test: (engine: Engine, paths: Paths<Parts>) => void): void {
  const missing = missingOn({ programs: ["buildah", "podman", "runc"], user: "root" });
  if (missing.length > 0) return missingTest(title, missing);
  realTest(title, ["AIQ_ROOTFS", "LLAMA_SERVER_BIN"], (paths) => {
    using engine = new Engine(paths.AIQ_ROOTFS);
    test(engine, paths);
    return Promise.resolve();
  });
}

const PROBE = `
id -u
grep -E '^(CapEff|Seccomp):' /proc/self/status | tr -d '\\t'
for place in / /usr /usr/lib/ai-quarantine /etc /tmp /var /run; do touch $place/probe 2>/dev/null && echo "$place writable"; done
ls /sys/class/net
`;

containerTest(
  "P026 to P029, P146: the watcher's container is walled in, admits a model into its own registry and refuses the twin",
  (engine, paths) => {
    engine.build("watcher", sharedOverlay("standalone"));
    const probed = engine.watcher(["--entrypoint", "/bin/sh"], "-c", PROBE);
    assert.equal(probed.stdout, `${WATCHER}\nCapEff:0000000000000000\nSeccomp:2\nlo\n`, probed.stderr);

    engine.drop("polite.gguf", speakingModel(REFUSING, { name: "polite" }));
    engine.drop("trojan.gguf", speakingModel(REFUSING, { name: "trojan", template: HOSTILE_TEMPLATE }));
    const { code, stdout, stderr } = engine.watcher(
      withLlama(paths),
      "watch",
      "--once",
      "--embedded-registry",
    );
    assert.equal(code, 1, stdout + stderr); // One was refused.
    assert.match(
      stdout,
      /^<6>\[quarantine\] Stage 6\/7: behavioral_test — PASS \(0\/\d+ flagged, 0 critical\)$/m,
    );
    assert.match(stdout, /^<6>\[quarantine\] PROMOTED: polite \(polite\.gguf\) sha256=[0-9a-f]{64}$/m);
    assert.match(stdout, /^<2>\[quarantine\] FAILED: trojan\.gguf \(static_scan: template\/object-walk\)$/m);
    const published = PUBLISHED.map((name) => name.replace("m.gguf", "polite.gguf"));
    assert.deepEqual(engine.names("registry"), ["manifest.json", ...published].sort());
    assert.equal(fs.statSync(engine.here.path("registry", "polite.gguf")).uid, WATCHER);
    assert.deepEqual(engine.names("models"), [".held", ".rejected", ".scanning"]);

    engine.build("bootc", sharedOverlay("appliance"));
    assert.match(engine.buildah("inspect", "--type", "image", "bootc"), /"containers\.bootc": "1"/);
  },
);

/** The behavioural test's engine is the host's. A sandbox inside the container needs a /proc that is not covered. */
function withLlama({ LLAMA_SERVER_BIN }: Paths<Parts>): string[] {
  const tools = dirname(dirname(LLAMA_SERVER_BIN));
  const variables = [`LLAMA_SERVER_BIN=${LLAMA_SERVER_BIN}`, "AI_QUARANTINE_BWRAP=/usr/bin/bwrap"];
  const seen = ["-v", `${tools}:${tools}:ro`, "--security-opt", "unmask=ALL"];
  return [...seen, ...variables.flatMap((variable) => ["-e", variable])];
}
