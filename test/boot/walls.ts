import assert from "node:assert/strict";

/** What `probes/kernel.py` saw. */
export interface Seen {
  readonly no_new_privs: string;
  readonly bounding: string;
  readonly ambient: string;
  readonly seccomp: string;
  readonly writable: readonly string[];
  readonly list: Readonly<Record<string, string>>;
  readonly execute: string;
  readonly execute_system: string;
  readonly clock: string;
  readonly groups: string;
  readonly hostname: string;
  readonly kernel_log: string;
  readonly module: string;
  readonly tunable: string;
  readonly sysfs: string;
  readonly process_1: string;
  readonly meminfo: string;
  readonly namespaces: Readonly<Record<string, string>>;
  readonly personality: string;
  readonly write_execute: string;
  readonly new_namespace: string;
  readonly realtime: string;
  readonly set_user_id: string;
  readonly privileged_call: string;
  readonly resource_call: string;
  readonly debug_call: string;
  readonly key_call: string;
  readonly families: Readonly<Record<string, string>>;
  readonly connect_loopback: string;
  readonly connect_other: string;
  readonly bind_other: string;
  readonly bind: Readonly<Record<string, string>>;
  readonly children: number;
  readonly credentials: string;
  readonly limits: Readonly<Record<string, number>>;
  readonly grow_file: string;
  readonly nice: number;
  readonly io_class: number;
  readonly user: number;
  readonly groups_of: readonly number[];
  readonly umask: number;
}

interface About {
  readonly unit: string;
  readonly value: string;
  /** What the same probe saw as root, outside of every unit. */
  readonly outside: Seen;
}

/** Shows that one directive is enforced, or throws; returns what was tried and what happened. */
type Check = (seen: Seen, about: About) => string;

/** Where each unit may write, of all places that were tried. */
const WRITABLE: Readonly<Record<string, readonly string[]>> = {
  "secure-ai-quarantine.service": [
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/var/lib/secure-ai/quarantine/incoming",
    "/var/lib/secure-ai/quarantine/scanning",
    "/var/lib/secure-ai/quarantine/held",
    "/var/lib/secure-ai/quarantine/rejected",
    "/var/lib/secure-ai/registry",
    "/var/lib/secure-ai/logs",
    "/var/lib/secure-ai/promotion-staging",
    "/var/lib/secure-ai-quarantine",
  ],
  "secure-ai-quarantine-registry.service": [
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/var/lib/secure-ai/registry",
    "/var/lib/secure-ai-quarantine-registry",
  ],
  "secure-ai-quarantine-scanner@.service": ["/tmp"],
  "secure-ai-quarantine-smoke@.service": ["/tmp"],
};

/** A system call or file operation that must end in one of these ways. */
const refused = (what: string, field: keyof Seen, ...ways: string[]): Check => (seen, { outside }) => {
  const happened = String(seen[field]);
  assert.ok(ways.includes(happened), `${what}: ${happened}, expected ${ways.join(" or ")}`);
  return `${what}: ${happened} (outside: ${String(outside[field])})`;
};

const writes: Check = ({ writable }, { unit }) => {
  assert.deepEqual([...writable].sort(), [...(WRITABLE[unit] ?? [])].sort());
  return `wrote to 20 places: ${
    writable.length === 0 ? "refused everywhere" : `only ${writable.join(" ")} took it`
  }`;
};

const ownNamespace = (kind: string): Check => ({ namespaces }, { outside }) => {
  assert.notEqual(namespaces[kind], outside.namespaces[kind]);
  return `${namespaces[kind]} inside, ${outside.namespaces[kind]} outside`;
};

const limited = (name: string): Check => ({ limits }, { value }) => {
  assert.equal(limits[name], Number(value));
  return `getrlimit(RLIMIT_${name}) is ${limits[name]}`;
};

const hidden = (...paths: string[]): Check => ({ list }, { outside }) => {
  for (const path of paths) assert.match(list[path] ?? "", /^(EACCES|ENOENT|EPERM|)$/, path);
  return paths.map((path) =>
    `ls ${path}: ${list[path] || "empty"} (outside: ${outside.list[path] || "empty"})`
  ).join("; ");
};

export const CHECKS: Readonly<Record<string, Check>> = {
  NoNewPrivileges: ({ no_new_privs }) => (assert.equal(no_new_privs, "1"), "NoNewPrivs: 1"),
  CapabilityBoundingSet: ({ bounding }) => (assert.match(bounding, /^0+$/), `CapBnd: ${bounding}`),
  AmbientCapabilities: ({ ambient }) => (assert.match(ambient, /^0+$/), `CapAmb: ${ambient}`),
  ProtectSystem: writes,
  ReadOnlyPaths: writes,
  ReadWritePaths: writes,
  ProtectHome: hidden("/root", "/home"),
  PrivateTmp: ({ list }, { outside }) => {
    assert.match(outside.list["/tmp"] ?? "", /marker/);
    assert.doesNotMatch(list["/tmp"] ?? "", /marker/);
    return "a file of the machine's /tmp is not there";
  },
  PrivateDevices: ({ list }, { outside }) => {
    assert.match(outside.list["/dev"] ?? "", /aiq-probe/);
    assert.doesNotMatch(list["/dev"] ?? "", /aiq-probe/);
    return "a device that was made in /dev is not there";
  },
  PrivateMounts: ownNamespace("mnt"),
  PrivateIPC: ownNamespace("ipc"),
  PrivateNetwork: ownNamespace("net"),
  PrivateUsers: ownNamespace("user"),
  NoExecPaths: refused("execve(/srv/true)", "execute", "EACCES"),
  ExecPaths: refused("execve(/usr/bin/true)", "execute_system", "allowed"),
  ProtectClock: refused("clock_settime()", "clock", "EPERM"),
  ProtectControlGroups: refused("mkdir /sys/fs/cgroup/probe", "groups", "EROFS", "EACCES", "ENOENT"),
  ProtectHostname: refused("sethostname()", "hostname", "EPERM"),
  ProtectKernelLogs: refused("syslog(2)", "kernel_log", "EPERM"),
  ProtectKernelModules: refused("init_module()", "module", "EPERM"),
  ProtectKernelTunables: (seen) => {
    assert.match(seen.tunable, /^(ENOENT|EROFS|EACCES)$/);
    assert.match(seen.sysfs, /^(ENOENT|EROFS|EACCES)$/);
    return `open /proc/sys/kernel/panic for writing: ${seen.tunable}; a file of /sys: ${seen.sysfs}`;
  },
  ProtectProc: refused("list /proc/1", "process_1", "ENOENT"),
  ProcSubset: refused("open /proc/meminfo", "meminfo", "ENOENT"),
  LockPersonality: refused("personality(PER_LINUX32)", "personality", "EPERM"),
  MemoryDenyWriteExecute: refused("mmap() writable and executable", "write_execute", "EPERM", "EACCES"),
  RestrictNamespaces: refused("unshare(CLONE_NEWUSER)", "new_namespace", "EPERM"),
  RestrictRealtime: refused("sched_setscheduler(SCHED_FIFO)", "realtime", "EPERM"),
  RestrictSUIDSGID: refused("fchmod(04755)", "set_user_id", "EPERM"),
  SystemCallFilter: (seen) => {
    assert.equal(seen.seccomp, "2");
    for (const call of [seen.privileged_call, seen.resource_call, seen.debug_call]) {
      assert.equal(call, "EPERM");
    }
    return `Seccomp: 2; pivot_root() ${seen.privileged_call}, setpriority() ${seen.resource_call}, perf_event_open() ${seen.debug_call}`;
  },
  SystemCallErrorNumber: refused("perf_event_open()", "debug_call", "EPERM"),
  RestrictAddressFamilies: ({ families }, { value, outside }) => {
    const allowed = value === "none" ? [] : value.split(" ");
    for (const [name, happened] of Object.entries(families)) {
      assert.equal(happened, allowed.includes(name) ? "allowed" : "EAFNOSUPPORT", name);
    }
    const tried = Object.entries(families).map(([name, happened]) => `${name} ${happened}`);
    return `socket(): ${tried.join(", ")} (outside: all ${outside.families["AF_UNIX"]})`;
  },
  IPAddressDeny: ({ connect_other, families }, { outside }) => {
    assert.equal(outside.connect_other, "allowed");
    assert.notEqual(connect_other, "allowed");
    return `connect to 192.0.2.1, which is this machine: ${connect_other}${
      families["AF_INET"] === "allowed" ? "" : ", as there are no such sockets at all"
    }`;
  },
  IPAddressAllow: ({ connect_loopback }, { unit }) => {
    const alone = unit.includes("smoke"); // The listener is on the machine's loopback, not on that of the sandbox.
    assert.equal(connect_loopback, alone ? "ECONNREFUSED" : "allowed");
    return `connect to 127.0.0.1:9999 of the machine: ${connect_loopback}${
      alone ? ", its loopback is its own" : ""
    }`;
  },
  SocketBindDeny: ({ bind_other }, { outside }) => {
    assert.equal(outside.bind_other, "allowed");
    assert.match(bind_other, /^(EPERM|EAFNOSUPPORT)$/);
    return `bind 127.0.0.1:9998: ${bind_other}`;
  },
  SocketBindAllow: ({ bind }, { value }) => {
    const port = value.split(":").at(-1) ?? "";
    // In use by the real one, where that runs: past the wall all the same.
    for (const [other, happened] of Object.entries(bind)) {
      assert.match(happened, other === port ? /^(allowed|EADDRINUSE)$/ : /^EPERM$/, other);
    }
    return `bind: ${Object.entries(bind).map(([at, happened]) => `${at} ${happened}`).join(", ")}`;
  },
  TasksMax: ({ children }, { value }) => {
    assert.ok(children < Number(value) && children > Number(value) - 8, `${children} children`);
    return `fork() failed after ${children} children`;
  },
  LoadCredential: ({ credentials, list }) => {
    assert.equal(credentials, "keys_other.key");
    return `ls $CREDENTIALS_DIRECTORY: ${credentials}; ls /etc/secure-ai/keys: ${
      list["/etc/secure-ai/keys"]
    }`;
  },
  LimitCORE: limited("CORE"),
  LimitMEMLOCK: limited("MEMLOCK"),
  LimitMSGQUEUE: limited("MSGQUEUE"),
  LimitNOFILE: limited("NOFILE"),
  LimitFSIZE: refused("write a byte to a new file", "grow_file", "EFBIG"),
  Nice: ({ nice }, { value }) => (assert.equal(nice, Number(value)), `nice is ${nice}`),
  IOSchedulingClass: ({ io_class }) => (assert.equal(io_class, 3), "ioprio_get(): idle"),
  UMask: ({ umask }, { value }) => (assert.equal(umask, parseInt(value, 8)), `umask is ${umask.toString(8)}`),
  User: ({ user }) => (assert.ok(user > 0 && user < 1000), `runs as ${user}`),
  Group: ({ groups_of }) => (assert.ok(!groups_of.includes(0)), `groups ${groups_of.join(" ")}`),
  DynamicUser: ({ user }) => (assert.ok(user >= 61184 && user <= 65519), `runs as ${user}`),
  SupplementaryGroups: (
    { groups_of },
  ) => (assert.ok(!groups_of.includes(0)), `groups ${groups_of.join(" ")}`),
  TemporaryFileSystem: ({ list, writable }, { value }) => {
    if (value.startsWith("/tmp")) {
      return (assert.ok(writable.includes("/tmp")), "/tmp takes a file, and is gone with the unit");
    }
    assert.match(list["/var/lib"] ?? "", /^(ENOENT|(private )?secure-ai)$/);
    assert.match(list["/var/lib/secure-ai/logs"] ?? "", /^ENOENT$/);
    return `ls /var/lib: ${list["/var/lib"]}; ls /run: ${list["/run"]}`;
  },
  BindReadOnlyPaths: ({ list }) => {
    assert.equal(list["/var/lib/secure-ai/quarantine"], "scanning");
    assert.equal(list["/var/lib/secure-ai/quarantine/scanning"], "EACCES");
    return "scanning is the only directory of the line that is there, and cannot be listed";
  },
  InaccessiblePaths: ({ list }, { value }) => {
    const paths = value.split(" ").map((path) => path.replace("-", "")).filter((path) =>
      list[path] !== undefined
    );
    for (const path of paths) assert.match(list[path] ?? "", /^(EACCES|ENOENT)$/, path);
    return paths.map((path) => `ls ${path}: ${list[path]}`).join("; ") || "none of these is on this machine";
  },
};

/** Directives that no probe can show from inside, and why; the manager's word for them must be this. */
export const PROPERTIES: Readonly<
  Record<string, { readonly name: string; readonly is: RegExp; readonly why: string }>
> = {
  DevicePolicy: {
    name: "DevicePolicy",
    is: /^closed$/,
    why: "without capabilities no device can be made to open",
  },
  RemoveIPC: { name: "RemoveIPC", is: /^yes$/, why: "its namespace of such objects goes with it" },
  KeyringMode: { name: "KeyringMode", is: /^private$/, why: "no key is in the keyring it would share" },
  SystemCallArchitectures: {
    name: "SystemCallArchitectures",
    is: /^native$/,
    why: "no program of another kind is here",
  },
  RestrictNetworkInterfaces: {
    name: "RestrictNetworkInterfaces",
    is: /^lo$/,
    why: "there is no other interface here",
  },
  MemoryMax: { name: "MemoryMax", is: /^(4294967296|536870912|67108864)$/, why: "enforced below, with less" },
  MemorySwapMax: { name: "MemorySwapMax", is: /^0$/, why: "this machine has no swap" },
  OOMPolicy: { name: "OOMPolicy", is: /^stop$/, why: "seen below" },
  CPUWeight: { name: "CPUWeight", is: /^idle$/, why: "a matter of load" },
  IOWeight: { name: "IOWeight", is: /^1$/, why: "a matter of load" },
  StateDirectory: {
    name: "StateDirectory",
    is: /^secure-ai-quarantine(-registry)?$/,
    why: "written to above",
  },
  StateDirectoryMode: { name: "StateDirectoryMode", is: /^07[05]0$/, why: "of the directory" },
  LogRateLimitIntervalSec: { name: "LogRateLimitIntervalUSec", is: /^10s$/, why: "enforced by the journal" },
  LogRateLimitBurst: { name: "LogRateLimitBurst", is: /^20$/, why: "enforced by the journal" },
  SyslogLevelPrefix: { name: "SyslogLevelPrefix", is: /^no$/, why: "enforced by the journal" },
};

/** What says what a unit is and does, not what it may not. */
export const NO_WALL: readonly string[] = [
  "After",
  "CollectMode",
  "Conflicts",
  "Description",
  "Environment",
  "EnvironmentFile",
  "ExecStart",
  "ExecStopPost",
  "NotifyAccess",
  "Requires",
  "RequiresMountsFor",
  "Restart",
  "RestartSec",
  "RuntimeMaxSec",
  "StandardError",
  "StandardInput",
  "StandardOutput",
  "StartLimitBurst",
  "StartLimitIntervalSec",
  "SyslogIdentifier",
  "TimeoutStartSec",
  "TimeoutStopSec",
  "Type",
  "WantedBy",
  "Wants",
  "WatchdogSec",
];
