import fs from "node:fs";

/** Runs a program to its end; throws unless it succeeds. */
export function run(command: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args, stdin: "null" }).outputSync();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Runs a program to its end and says how it ended. */
export function attempt(
  command: string,
  args: readonly string[],
): { readonly code: number; readonly stderr: string } {
  const { code, stderr } = new Deno.Command(command, { args: [...args], stdin: "null" }).outputSync();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** A tmpfs over a directory, for tests that need a second filesystem. Root only. */
export class Tmpfs implements Disposable {
  constructor(readonly path: string) {
    fs.mkdirSync(path, { recursive: true });
    run("mount", "-t", "tmpfs", "-o", "size=64m", "none", path);
  }

  [Symbol.dispose](): void {
    run("umount", this.path);
  }
}

/** Where a program is installed, or null. */
export function programOnPath(name: string): string | null {
  const found = (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${name}`);
  return found.find((path) => fs.existsSync(path)) ?? null;
}

/**
 * A test that needs programs of the host. Where one is missing it is skipped, and its title says why; with `CI=true`
 * nothing is skipped: it fails.
 */
export function programTest(title: string, programs: readonly string[], run: () => Promise<void>): void {
  const missing = programs.filter((name) => programOnPath(name) === null);
  if (missing.length === 0) {
    Deno.test(title, run);
    return;
  }
  const why = `${missing.join(", ")} not installed, see scripts/provision`;
  Deno.test({
    name: `${title} [${why}]`,
    ignore: Deno.env.get("CI") !== "true",
    fn: () => {
      throw new Error(`Cannot test: ${why}`);
    },
  });
}
