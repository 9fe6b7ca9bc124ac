import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { run } from "../support/programs.ts";
import { PROGRAM_ROOT } from "../support/lab.ts";

const LAUNCH = join(PROGRAM_ROOT, "test", "boot", "launch");
const BOOT_WITHIN_MS = 60_000;

/** Where a machine's parts come from; all of them are read-only and shared. */
export interface Parts {
  /** The tree that `scripts/image/make-rootfs-overlay` made. */
  readonly layer: string;
  /** A small Debian. */
  readonly rootfs: string;
  /** The folder in which `scripts/provision` installed llama-server and the scanners. */
  readonly prefix: string;
}

export interface Said {
  readonly code: number;
  readonly stdout: string;
}

/** A disk to boot from: what was written on it stays from one boot to the next. */
export class Disk implements Disposable {
  readonly work = Deno.makeTempDirSync({ prefix: "boot-" });
  /** What of this machine appears where in the other, `SOURCE:TARGET` each. */
  readonly binds: string[] = [];

  constructor(readonly parts: Parts) {
    this.binds.push(`${join(parts.prefix, "root")}:${PROGRAMS_ROOT}`);
    this.install("llama-server");
    // The machine that boots for the first time makes its own; ours is not asked about it.
    this.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  }

  /** Puts a file on the disk before it is booted. */
  write(path: string, content: string | Uint8Array, mode = 0o644): void {
    const at = join(this.work, "up", path);
    fs.mkdirSync(dirname(at), { recursive: true });
    fs.writeFileSync(at, content);
    fs.chmodSync(at, mode);
  }

  /** Keeps a unit from ever starting. */
  mask(unit: string): void {
    const directory = join(this.work, "up", "etc", "systemd", "system");
    fs.mkdirSync(directory, { recursive: true });
    fs.symlinkSync("/dev/null", join(directory, unit));
  }

  /** An installed program starts its own loader: their folder is bound to a place where programs may run. */
  install(program: string): void {
    const wrapper = fs.readFileSync(join(this.parts.prefix, "bin", program), "utf8");
    const moved = wrapper.replaceAll(join(this.parts.prefix, "root"), PROGRAMS_ROOT);
    this.write(`/usr/bin/${program}`, moved, 0o755);
  }

  /** The scanners that are written in Python, with the Python they were installed for. */
  installScanners(programs: readonly string[]): void {
    const from = join(this.parts.prefix, "scanners");
    const python = basename(fs.realpathSync(join(from, "bin", "python3")));
    this.binds.push(
      `/usr/bin/${python}:/usr/bin/${python}`,
      `/usr/lib/${python}:/usr/lib/${python}`,
      `${join(from, "lib", python, "site-packages")}:${PACKAGES}`,
    );
    for (const program of programs) {
      const [, ...body] = fs.readFileSync(join(from, "bin", program), "utf8").split("\n");
      this.write(`/usr/lib/scanners/${program}`, body.join("\n"));
      const start = `PYTHONPATH=${PACKAGES} exec /usr/bin/${python} -B /usr/lib/scanners/${program} "$@"`;
      this.write(`/usr/bin/${program}`, `#!/bin/sh\n${start}\n`, 0o755);
    }
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.work, { recursive: true, force: true });
  }
}

const PROGRAMS_ROOT = "/usr/lib/provisioned";
const PACKAGES = "/usr/lib/scanners/packages";

/** A booted systemd, and the means to run things in it and to end it. */
export class Machine implements AsyncDisposable {
  #isOver = false;

  private constructor(
    private readonly child: Deno.ChildProcess,
    /** The process id of its systemd, as seen from here. */
    private readonly leader: string,
  ) {
    void child.status.then(() => this.#isOver = true);
  }

  static async boot({ work, parts, binds }: Disk): Promise<Machine> {
    const child = new Deno.Command(LAUNCH, {
      args: [work, `${parts.layer}:${parts.rootfs}`, ...binds],
      stdin: "piped", // Ends with this program, whatever ends it, and the machine with it.
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
    const path = join(work, "leader");
    const until = performance.now() + BOOT_WITHIN_MS;
    while (performance.now() < until) {
      const leader = fs.existsSync(path) ? fs.readFileSync(path, "utf8").trim() : "";
      if (leader !== "") {
        const machine = new Machine(child, leader);
        const { stdout } = await machine.say("systemctl is-system-running 2>&1");
        if (/running|degraded/.test(stdout)) return machine;
      }
      await pause(50);
    }
    await child.stdin.close();
    await child.status;
    throw new Error(`The machine did not boot in ${BOOT_WITHIN_MS / 1000} s`);
  }

  /** Runs a shell script in it as root; what it printed, standard error included. */
  async say(script: string): Promise<Said> {
    const { code, stdout } = await new Deno.Command("nsenter", {
      args: [
        "-t",
        this.leader,
        "-m",
        "-u",
        "-i",
        "-n",
        "-p",
        "-C",
        "--",
        "/bin/sh",
        "-c",
        `exec 2>&1\n${script}`,
      ],
      clearEnv: true,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" },
      stdin: "null",
      stderr: "inherit",
    }).output();
    return { code, stdout: new TextDecoder().decode(stdout) };
  }

  /** Runs a script that must succeed. */
  async must(script: string): Promise<string> {
    const { code, stdout } = await this.say(script);
    if (code !== 0) throw new Error(`${script}\nended with ${code}: ${stdout}`);
    return stdout;
  }

  /** Waits until a script succeeds; returns what it printed then. */
  async until(script: string, withinMs = 30_000): Promise<string> {
    const end = performance.now() + withinMs;
    for (;;) {
      const { code, stdout } = await this.say(script);
      if (code === 0) return stdout;
      if (performance.now() > end) {
        const journal = await this.say(
          "journalctl -b --no-pager -n 60; systemctl list-units 'secure-ai*' --all --no-pager",
        );
        throw new Error(`not within ${withinMs} ms: ${script}\n${stdout}\n${journal.stdout}`);
      }
      await pause(100);
    }
  }

  /** The lines of the coordinator since boot. */
  async journal(): Promise<string[]> {
    const text = await this.must("journalctl -b -u secure-ai-quarantine.service -o cat --no-pager");
    return text.split("\n").filter((line) => line.startsWith("[quarantine] "));
  }

  /** As if the plug were pulled: every process is gone at once, and nothing is told. */
  async cutPower(): Promise<void> {
    await this.child.stdin.close();
    await this.child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) await this.cutPower();
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Builds the tree of an image, as `scripts/image/make-rootfs-overlay` does, with our own runtime. */
export function makeLayer(profile: "appliance" | "standalone"): string {
  const layer = join(Deno.makeTempDirSync({ prefix: "layer-" }), "tree");
  run(
    join(PROGRAM_ROOT, "scripts", "image", "make-rootfs-overlay"),
    "--profile",
    profile,
    "--deno",
    Deno.execPath(),
    layer,
  );
  return layer;
}
