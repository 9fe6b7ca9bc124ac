/** Programs and packages from outside, by the variable that names each: `. PREFIX/env` after `scripts/provision`. */
export type RealPart =
  | "AIQ_PYTHON"
  | "AIQ_ROOTFS"
  | "AIQ_SELINUX_ROOT"
  | "AIQ_VM_KERNEL"
  | "COSIGN_BIN"
  | "DOCKER_REGISTRY_BIN"
  | "FICKLING_BIN"
  | "LLAMA_GGUF_SPLIT_BIN"
  | "LLAMA_QUANTIZE_BIN"
  | "LLAMA_SERVER_BIN"
  | "MODELAUDIT_BIN"
  | "MODELSCAN_BIN"
  | "MODEL_SIGNING_PYTHON"
  | "SKOPEO_BIN"
  | "YARA_BIN";

/** Where each part that a test asked for is. */
export type Paths<P extends RealPart> = Readonly<Record<P, string>>;

/**
 * A test that needs real parts. Where one is missing it is skipped, and its title says why; with `CI=true` nothing is
 * skipped: it fails.
 */
export function realTest<P extends RealPart>(
  title: string,
  parts: readonly P[],
  run: (paths: Paths<P>, t: Deno.TestContext) => Promise<void>,
): void {
  const missing = parts.filter((part) => !Deno.env.get(part)).map((part) => `${part} not set`);
  if (missing.length > 0) return missingTest(title, missing);
  Deno.test(title, (t) => run(pathsOf(parts), t));
}

/** Stands for a test that this machine cannot run: skipped, with the reason in its title; with `CI=true` it fails. */
export function missingTest(title: string, missing: readonly string[]): void {
  const why = `${missing.join(", ")}, see scripts/provision`;
  Deno.test({
    name: `${title} [${why}]`,
    ignore: Deno.env.get("CI") !== "true",
    fn: () => {
      throw new Error(`Cannot test: ${why}`);
    },
  });
}

function pathsOf<P extends RealPart>(parts: readonly P[]): Paths<P> {
  const entries = parts.map((part) => [part, Deno.env.get(part)]);
  return Object.fromEntries(entries) as Record<P, string>;
}

/** A port of 127.0.0.1 on which nobody listens now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
