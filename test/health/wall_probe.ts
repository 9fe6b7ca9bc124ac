/** Started in place of the program with the health role's permissions: tries what the role must not be able to do. */
const [state = "", incoming = ""] = Deno.args;

const attempts: Record<string, () => unknown> = {
  "read its state": () => Deno.readDirSync(state).toArray(),
  "write its state": () => Deno.writeTextFileSync(`${state}/written`, ""),
  "read a model": () => Deno.readTextFileSync(`${incoming}/m.gguf`),
  "read the machine's files": () => Deno.readTextFileSync("/etc/passwd"),
  "run a program": () => new Deno.Command("/usr/bin/true").outputSync(),
  "connect elsewhere": () => Deno.connect({ hostname: "127.0.0.1", port: 8470 }),
  "listen on every address": () => Deno.listen({ hostname: "0.0.0.0", port: 8472 }),
  "read a variable that is not ours": () => Deno.env.get("LD_LIBRARY_PATH"),
  "ask for the host's name": () => Deno.hostname(),
};

for (const [what, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    console.log(`${what}: allowed`);
  } catch (error) {
    console.log(`${what}: ${error instanceof Error ? error.name : error}`);
  }
}
