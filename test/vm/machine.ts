import fs from "node:fs";
import { join } from "node:path";
import { PROGRAM_ROOT } from "../support/lab.ts";

export interface Parts {
  /** A Debian with an SELinux policy. */
  readonly root: string;
  /** Folder of `vmlinuz` and `initrd.gz`. */
  readonly kernel: string;
  /** The tree of an image, with our module in it. */
  readonly overlay: string;
  /** Where `scripts/provision` installed llama-server. */
  readonly prefix: string;
  /** What is added to the disk: the scenario and its models. */
  readonly extra: string;
  /** Where the disk and the logs are made. */
  readonly work: string;
}

const KERNEL_ARGUMENTS = [
  "console=ttyS0 quiet panic=-1 selinux=1 security=selinux enforcing=1 apparmor=0 audit=1 audit_backlog_limit=8192",
  "systemd.journald.forward_to_console=1 systemd.getty_auto=no systemd.mask=serial-getty@ttyS0.service systemd.mask=getty@tty1.service",
].join(" ");

/**
 * An emulated machine: any host can run it. Its clock counts instructions (`-icount`), not seconds of the host, so that
 * a busy host makes it slower without anything in it running into its time limit. `-cx16`: with that instruction the
 * emulator makes some kernels panic now and then.
 */
const MACHINE = [
  ...["-accel", "tcg,thread=single", "-M", "q35", "-cpu", "max,-cx16", "-smp", "1", "-m", "2048"],
  ...["-icount", "shift=0", "-rtc", "clock=vm"],
  ...["-display", "none", "-no-reboot", "-nic", "none"],
];

const WITHIN_MS = 60 * 60_000;

/** Boots the machine, and returns what its scenario said: the text of each section by its name. */
export async function runScenario(parts: Parts): Promise<ReadonlyMap<string, string>> {
  const disk = join(parts.work, "disk");
  const said = join(parts.work, "said");
  const make = new Deno.Command("unshare", {
    args: [
      ...["--mount", join(PROGRAM_ROOT, "test", "vm", "make-disk"), disk],
      ...[parts.root, parts.overlay, parts.prefix, parts.extra],
    ],
    stdin: "null",
    stdout: "null",
  }).outputSync();
  if (!make.success) throw new Error(`make-disk: ${new TextDecoder().decode(make.stderr)}`);
  const machine = new Deno.Command("qemu-system-x86_64", {
    args: [
      ...MACHINE,
      ...["-kernel", join(parts.kernel, "vmlinuz"), "-initrd", join(parts.kernel, "initrd.gz")],
      ...["-drive", `file=${disk},if=virtio,format=raw,cache=unsafe`, "-append", KERNEL_ARGUMENTS],
      ...["-serial", `file:${join(parts.work, "console")}`, "-serial", `file:${said}`],
    ],
    stdin: "null",
    signal: AbortSignal.timeout(WITHIN_MS),
  }).spawn();
  await machine.status;
  const sections = sectionsOf(fs.readFileSync(said, "utf8"));
  if (sections.has("end")) return sections;
  const console = fs.readFileSync(join(parts.work, "console"), "utf8");
  throw new Error(
    `The machine ended early: ${console.slice(-2000)}\n${[...sections].join("\n").slice(-20_000)}`,
  );
}

function sectionsOf(text: string): Map<string, string> {
  const sections = text.replaceAll("\r", "").split(/^=== /m).slice(1);
  return new Map(sections.map((section) => {
    const end = section.indexOf("\n");
    return [section.slice(0, end), section.slice(end + 1)];
  }));
}
