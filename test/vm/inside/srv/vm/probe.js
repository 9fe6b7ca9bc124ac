// Tries, from inside a domain, what a hostile model would like to do, and prints what came of it: one JSON line each.
// Every permission of the runtime is granted and every file it tries is open to all: what says no is SELinux.

const BEGIN = "/srv/probe";
const TYPES = [
  "incoming",
  "scanning",
  "held",
  "rejected",
  "model",
  "manifest",
  "registry_state",
  "audit",
  "state",
  "secret",
]; // deno-fmt-ignore
const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17, alg: 38, vsock: 40 };
const SOCK = { stream: 1, dgram: 2, raw: 3 };

const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  ptrace: { parameters: ["i64", "i64", "i64", "i64"], result: "i64" },
}).symbols;

function socket(domain, type, protocol = 0) {
  const descriptor = libc.socket(domain, type, protocol);
  if (descriptor < 0) throw new Error("denied");
  libc.close(descriptor);
}

function must(result) {
  if (Number(result) < 0) throw new Error("denied");
}

const acts = {
  "socket tcp": () => socket(AF.inet, SOCK.stream),
  "socket tcp6": () => socket(AF.inet6, SOCK.stream),
  "socket udp": () => socket(AF.inet, SOCK.dgram),
  "socket raw": () => socket(AF.inet, SOCK.raw, 1),
  "socket packet": () => socket(AF.packet, SOCK.dgram),
  "socket netlink": () => socket(AF.netlink, SOCK.raw),
  "socket alg": () => socket(AF.alg, 5),
  "socket vsock": () => socket(AF.vsock, SOCK.stream),
  "socket unix dgram": () => socket(AF.unix, SOCK.dgram),
  "connect bus": () => Deno.connect({ transport: "unix", path: "/run/dbus/system_bus_socket" }),
  "connect sandbox": () =>
    Deno.connect({ transport: "unix", path: "/run/secure-ai-quarantine/examine.sock" }),
  "listen unix": () => Deno.listen({ transport: "unix", path: "/tmp/probe.sock" }).close(),
  "read shadow": () => Deno.readFileSync("/etc/shadow"),
  "write etc": () => Deno.writeTextFileSync("/etc/probe", ""),
  "write tmp": () => Deno.writeTextFileSync(`/tmp/probe-${Deno.pid}`, ""),
  "read process 1": () => Deno.readFileSync("/proc/1/environ"),
  "kill process 1": () => must(libc.kill(1, 18)),
  "trace process 1": () => must(libc.ptrace(16n, 1n, 0n, 0n)),
  "run program": () => must(new Deno.Command("/usr/bin/true", { clearEnv: true }).outputSync().code),
  "write selinux": () => Deno.writeTextFileSync("/sys/fs/selinux/enforce", "0"),
};
for (const type of TYPES) {
  const path = `${BEGIN}/${type}`;
  acts[`read ${type}`] = () => Deno.readFileSync(`${path}/file`);
  acts[`append ${type}`] = () => Deno.openSync(`${path}/file`, { append: true }).close();
  acts[`write ${type}`] = () => Deno.openSync(`${path}/file`, { write: true }).close();
  acts[`create ${type}`] = () => {
    Deno.writeTextFileSync(`${path}/new`, "");
    Deno.removeSync(`${path}/new`);
  };
  acts[`rename ${type}`] = () => {
    Deno.renameSync(`${path}/file`, `${path}/other`);
    Deno.renameSync(`${path}/other`, `${path}/file`);
  };
}

for (const [act, attempt] of Object.entries(acts)) {
  let outcome = "allowed";
  try {
    const made = await attempt();
    made?.close?.();
  } catch (error) {
    outcome = error.code ?? error.message;
  }
  console.log(JSON.stringify({ act, outcome }));
}
