import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { PROGRAM_ROOT } from "../support/lab.ts";
import { realTest } from "../support/real_parts.ts";
import { BuiltModule, type Query, SOURCE } from "./policy.ts";

const READ = ["open", "read"];
const WRITE = ["append", "write", "create", "unlink"];
const ROLES = ["coordinator", "examiner", "scanner", "smoke", "health", "registry", "verifier"];
const SANDBOXES = ["examiner", "scanner", "smoke"];
const WORKERS = ROLES.filter((role) => role !== "coordinator");

type Row = readonly [who: string, what: string, ofClass: string, perms: readonly string[]];

/** What each role needs; every permission must be there. */
const ALLOWED: readonly Row[] = [
  ...ROLES.flatMap((role): Row[] => [
    [role, "self", "process", ["execmem"]],
    [role, "init_t", "unix_stream_socket", ["read", "write"]],
    [role, "exec", "file", ["entrypoint", "execute", "map", "read"]],
  ]),
  ...SANDBOXES.flatMap((role): Row[] => [
    [role, "scanning", "file", [...READ, "map"]],
    [role, "shell_exec_t", "file", ["entrypoint"]],
  ]),
  ["scanner", "scanner_tmp", "file", [...READ, ...WRITE]],
  ["smoke", "smoke_tmp", "file", [...READ, ...WRITE]],
  ["smoke", "self", "tcp_socket", ["create", "bind", "listen", "accept", "connect"]],
  ["smoke", "unreserved_port_t", "tcp_socket", ["name_bind", "name_connect"]],
  ["scanner", "bin_t", "file", ["execute", "execute_no_trans"]],
  ["smoke", "bin_t", "file", ["execute", "execute_no_trans"]],
  ["coordinator", "incoming", "file", [...READ, "rename", "unlink"]],
  ["coordinator", "scanning", "file", [...READ, ...WRITE, "rename"]],
  ["coordinator", "model", "file", [...READ, "create", "write", "link", "rename", "unlink"]],
  ["coordinator", "audit", "file", [...READ, "append", "create", "rename"]],
  ["coordinator", "state", "file", [...READ, ...WRITE]],
  ["coordinator", "secret", "file", READ],
  ["coordinator", "registry_state", "file", READ],
  ["coordinator", "registry_state", "dir", ["read", "search"]],
  ["coordinator", "runtime", "sock_file", ["write"]],
  ["coordinator", "init_t", "unix_stream_socket", ["connectto"]],
  ["registry", "manifest", "file", [...READ, ...WRITE, "rename"]],
  ["registry", "model", "file", [...READ, "rename", "unlink"]],
  ["registry", "model", "lnk_file", ["unlink"]],
  ["registry", "registry_state", "file", [...READ, ...WRITE]],
  ["registry", "unreserved_port_t", "tcp_socket", ["name_bind"]],
  ["health", "unreserved_port_t", "tcp_socket", ["name_bind"]],
  ["health", "audit", "file", READ],
  ["health", "rejected", "file", READ],
  ["verifier", "model", "file", READ],
  ["verifier", "audit", "file", READ],
  ["init_t", "coordinator_t", "process", ["transition"]],
  ["init_t", "examiner_t", "process2", ["nnp_transition"]],
];

/** What no rule may give; not one of the permissions may be there. */
const ABSENT: readonly Row[] = [
  ...["examiner", "scanner"].flatMap((role): Row[] => [
    [role, "self", "tcp_socket", ["create"]],
    [role, "unreserved_port_t", "tcp_socket", ["name_bind", "name_connect"]],
  ]),
  ...SANDBOXES.flatMap((role): Row[] => [
    [role, "self", "udp_socket", ["create"]],
    [role, "self", "unix_dgram_socket", ["create"]],
    [role, "self", "rawip_socket", ["create"]],
    [role, "self", "packet_socket", ["create"]],
    [role, "self", "netlink_route_socket", ["create"]],
    [role, "self", "alg_socket", ["create"]],
    [role, "self", "vsock_socket", ["create"]],
    [role, "init_t", "unix_stream_socket", ["connectto"]],
    [role, "coordinator_t", "unix_stream_socket", ["connectto"]],
    [role, "runtime", "sock_file", ["write"]],
    [role, "self", "capability", ["sys_admin", "sys_ptrace", "dac_override", "net_admin", "net_raw"]],
    [role, "init_t", "process", ["ptrace"]],
    [role, "shadow_t", "file", READ],
    [role, "etc_t", "file", WRITE],
    [role, "scanning", "file", [...WRITE, "rename", "setattr"]],
    [role, "scanning", "dir", ["add_name", "remove_name", "write"]],
    ...["incoming", "held", "rejected", "model", "manifest", "registry_state", "audit", "state", "secret"]
      .map(
        (type): Row => [role, type, "file", [...READ, ...WRITE, "map"]],
      ),
    ...["scanning", "scanner_tmp", "smoke_tmp", "incoming"].map(
      (type): Row => [role, type, "file", ["execute", "execute_no_trans", "entrypoint"]],
    ),
  ]),
  ["examiner", "bin_t", "file", ["execute_no_trans"]],
  ["examiner", "shell_exec_t", "file", ["execute_no_trans"]],
  ["smoke", "http_port_t", "tcp_socket", ["name_connect"]],
  ...WORKERS.flatMap((role): Row[] => [
    [role, "audit", "file", WRITE],
    [role, "incoming", "file", [...READ, ...WRITE]],
    [role, "model", "file", ["append", "create", "write"]],
  ]),
  ...["coordinator", ...WORKERS].filter((role) => role !== "registry").flatMap((role): Row[] => [
    [role, "manifest", "file", ["append", "create", "write", "unlink"]],
    [role, "registry_state", "file", WRITE],
  ]),
  ...ROLES.map((role): Row => [role, "secret", "file", WRITE]),
  ["coordinator", "self", "tcp_socket", ["create"]],
  ["coordinator", "self", "udp_socket", ["create"]],
  ["health", "secret", "file", READ],
  ["health", "model", "file", ["read", "map"]],
  ["registry", "audit", "file", READ],
  ["registry", "state", "file", READ],
  // Programs of the policy we come into, by example: a web server reads neither models nor what becomes of them.
  ...["incoming", "scanning", "model", "secret", "audit", "state"].map(
    (type): Row => ["httpd_t", type, "file", [...READ, ...WRITE]],
  ),
];

/** One rule against each assertion of our source, in its order. */
const PLANTED: readonly string[] = [
  "(allow aiq_examiner_t self (udp_socket (create)))",
  "(allow aiq_scanner_t self (tcp_socket (create)))",
  "(allow aiq_smoke_t aiq_coordinator_t (unix_stream_socket (connectto)))",
  "(allow aiq_examiner_t init_t (unix_dgram_socket (sendto)))",
  "(allow aiq_scanner_t aiq_scanner_tmp_t (sock_file (create)))",
  "(allow aiq_smoke_t aiq_runtime_t (sock_file (write)))",
  "(allow aiq_smoke_t aiq_scanning_t (file (append)))",
  "(allow aiq_examiner_t aiq_model_t (dir (remove_name)))",
  "(allow aiq_examiner_t aiq_model_t (file (read)))",
  "(allow aiq_scanner_t aiq_secret_t (file (read)))",
  "(allow aiq_smoke_t aiq_state_t (dir (search)))",
  "(allow aiq_scanner_t ramfs_t (file (read)))",
  "(allow aiq_examiner_t aiq_coordinator_t (process (ptrace)))",
  "(allow aiq_scanner_t aiq_scanner_tmp_t (file (execute)))",
  "(allow aiq_examiner_t bin_t (file (execute_no_trans)))",
  "(allow aiq_health_t aiq_audit_t (file (append)))",
  "(allow aiq_verifier_t aiq_audit_t (dir (remove_name)))",
  "(allow aiq_registry_t aiq_model_t (file (write)))",
  "(allow aiq_coordinator_t aiq_manifest_t (file (write)))",
  "(allow aiq_verifier_t aiq_model_t (dir (add_name)))",
  "(allow aiq_health_t aiq_incoming_t (file (read)))",
  "(allow aiq_coordinator_t aiq_secret_t (file (write)))",
  "(allow aiq_coordinator_t security_t (security (setenforce)))",
  "(allow aiq_registry_t kernel_t (system (module_load)))",
  "(allow aiq_smoke_t self (capability (sys_admin)))",
];

realTest("the SELinux module gives each role what it needs and no more", ["AIQ_SELINUX_ROOT"], (paths) => {
  using module = new BuiltModule(paths.AIQ_SELINUX_ROOT);
  const linked = module.link("");
  assert.ok(linked.success, linked.says);
  const rows = [...ALLOWED, ...ABSENT];
  const answers = module.ask(rows.map(queryOf));
  assert.equal(answers.length, rows.length);
  for (const [index, { always, sometimes }] of answers.entries()) {
    const row = rows[index];
    if (index < ALLOWED.length) assert.deepEqual(always, [...row?.[3] ?? []].sort(), JSON.stringify(row));
    else assert.deepEqual([...always, ...sometimes], [], JSON.stringify(row));
  }
  return Promise.resolve();
});

realTest("a rule against any of its assertions fails the build", ["AIQ_SELINUX_ROOT"], (paths) => {
  const source = fs.readFileSync(SOURCE, "utf8").split("\n");
  const assertions = source.flatMap((line, index) => line.startsWith("neverallow ") ? [index + 1] : []);
  assert.equal(PLANTED.length, assertions.length, "one planted rule for each assertion");
  using module = new BuiltModule(paths.AIQ_SELINUX_ROOT);
  const { success, says } = module.link(PLANTED.join("\n"));
  assert.equal(success, false);
  for (const [index, line] of assertions.entries()) {
    const rule = PLANTED[index] ?? "";
    const said = says.split("neverallow check failed at ")
      .filter((text) => text.includes(` from ai_quarantine.te:${line}\n`));
    assert.ok(said.some((text) => text.includes(rule)), `${source[line - 1]}\nlets pass ${rule}\n${says}`);
  }
  return Promise.resolve();
});

Deno.test("every unit that runs our program names a domain of the module", () => {
  const source = fs.readFileSync(SOURCE, "utf8");
  const systemd = join(PROGRAM_ROOT, "systemd");
  const units = fs.readdirSync(systemd).filter((name) =>
    fs.lstatSync(join(systemd, name)).isFile() &&
    fs.readFileSync(join(systemd, name), "utf8").includes("ExecStart=/usr/lib/ai-quarantine/deno")
  );
  const dropIns = join(PROGRAM_ROOT, "selinux", "dropins");
  assert.deepEqual(fs.readdirSync(dropIns).sort(), units.map((unit) => `${unit}.d`).sort());
  const domains = units.map((unit) => {
    const text = fs.readFileSync(join(dropIns, `${unit}.d`, "10-selinux.conf"), "utf8");
    return /^SELinuxContext=system_u:system_r:aiq_(\w+)_t:s0$/m.exec(text)?.[1] ?? unit;
  });
  assert.deepEqual([...new Set(domains)].sort(), [...ROLES].sort());
  for (const domain of domains) assert.match(source, new RegExp(`^aiq_role\\(${domain}\\)$`, "m"));
});

/** Names of ours are written short; types of the policy are written out. */
function queryOf([who, what, ofClass, perms]: Row): Query {
  const type = (name: string) =>
    name.endsWith("_t") && !isOurs(name) ? name : `aiq_${name.replace(/_t$/, "")}_t`;
  return { source: type(who), target: what === "self" ? type(who) : type(what), class: ofClass, perms };
}

const isOurs = (name: string): boolean => ROLES.includes(name.replace(/_t$/, ""));
