// Started with the flags of a unit in place of the program: tries what the runtime's own wall forbids.
const tries = {
  "read outside": () => Deno.readTextFileSync("/etc/passwd"),
  "write outside": () => Deno.writeTextFileSync("/usr/probe", ""),
  "unlisted program": () => new Deno.Command("/usr/bin/id").outputSync(),
  "other address": () => Deno.connect({ hostname: "127.0.0.1", port: 1 }),
  "other socket": () => Deno.connect({ transport: "unix", path: "/run/systemd/private" }),
  "variable": () => Deno.env.get("PATH"),
  "system": () => Deno.networkInterfaces(),
  "native library": () => Deno.dlopen("/usr/lib/x86_64-linux-gnu/libc.so.6", {}),
  "remote module": () => import("http://127.0.0.1:1/x.js"),
};
const said = {};
for (const [name, act] of Object.entries(tries)) {
  try {
    await act();
    said[name] = "allowed";
  } catch (error) {
    said[name] = `${error.constructor.name}: ${error.message.split("\n")[0]}`;
  }
}
console.log(JSON.stringify(said));
