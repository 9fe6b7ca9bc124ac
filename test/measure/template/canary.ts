import assert from "node:assert/strict";

const SCRIPT = new URL("render_canary.py", import.meta.url).pathname;

export interface Rendering {
  readonly outcome: "rendered" | "syntax" | "error" | "timeout";
  readonly touched: readonly string[];
}

/** Renders templates with Jinja in a child process and tells what each one touched, in their order. */
export async function renderAll(python: string, templates: readonly string[]): Promise<readonly Rendering[]> {
  const child = new Deno.Command(python, {
    args: ["-I", "-W", "ignore", SCRIPT],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = templates.map((template, id) => JSON.stringify({ id, template }) + "\n").join("");
  const [, output] = await Promise.all([send(child.stdin, lines), new Response(child.stdout).text()]);
  assert.equal((await child.status).code, 0);
  const answers = output.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(answers.map(({ id }) => id), templates.map((_, id) => id));
  return answers;
}

async function send(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  await new Response(text).body?.pipeTo(stdin);
}
