import fs from "node:fs";
import { join } from "node:path";
import { PROGRAM_ROOT } from "../support/lab.ts";

export const SOURCE = join(PROGRAM_ROOT, "selinux", "ai_quarantine.te");

/** Policies are read by the tools of the distribution they are for; this format is understood by all of them. */
const FORMAT = "33";

export interface Query {
  readonly source: string;
  readonly target: string;
  readonly class: string;
  readonly perms: readonly string[];
}

/** Of the permissions asked for: those that every machine has, and those that it can be set to have as well. */
export interface Answer {
  readonly always: readonly string[];
  readonly sometimes: readonly string[];
}

/** The module in a directory of its own, compiled against the policy of `root`, a Debian that `scripts/provision` made. */
export class BuiltModule implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "selinux-" });

  constructor(private readonly root: string) {
    const build = join(PROGRAM_ROOT, "selinux", "build");
    const { success, stderr } = new Deno.Command(build, { args: [root, this.directory], stdin: "null" })
      .outputSync();
    if (!success) throw new Error(`${build}: ${new TextDecoder().decode(stderr)}`);
  }

  /** Links the whole policy, as loading it would; what `secilc` says when it will not have it. */
  link(planted: string): { success: boolean; says: string } {
    fs.writeFileSync(join(this.directory, "planted.cil"), planted);
    return this.#run("", [
      "sh",
      "-c",
      `secilc -v -m -M 1 -c ${FORMAT} -o policy -f contexts /usr/lib/aiq-base/*.cil ai_quarantine.cil planted.cil 2>&1`,
    ]);
  }

  /** What the linked policy allows of each. */
  ask(queries: readonly Query[]): Answer[] {
    fs.copyFileSync(join(PROGRAM_ROOT, "test", "selinux", "query.py"), join(this.directory, "query.py"));
    const { success, says } = this.#run(
      queries.map((query) => JSON.stringify(query)).join("\n"),
      ["sh", "-c", "python3 query.py policy < queries 2>&1"],
    );
    if (!success) throw new Error(says);
    return says.trimEnd().split("\n").map((line) => JSON.parse(line));
  }

  #run(queries: string, command: readonly string[]): { success: boolean; says: string } {
    fs.writeFileSync(join(this.directory, "queries"), queries);
    const { success, stdout } = new Deno.Command("bwrap", {
      args: [
        ...[
          "--ro-bind",
          this.root,
          "/",
          "--proc",
          "/proc",
          "--dev",
          "/dev",
          "--bind",
          this.directory,
          "/srv",
        ],
        ...["--unshare-all", "--die-with-parent", "--chdir", "/srv", "--clearenv"],
        ...["--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", ...command],
      ],
      stdin: "null",
      stderr: "inherit",
    }).outputSync();
    return { success, says: new TextDecoder().decode(stdout) };
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.directory, { recursive: true });
  }
}
