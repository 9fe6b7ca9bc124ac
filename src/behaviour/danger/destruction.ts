import { command, type Danger, near, pattern } from "./matchers.ts";
import { hasFlag, isDisk, isWholeTree } from "./places.ts";

/** Commands that destroy data or take away what protects a machine. */
export const DESTRUCTION: readonly Danger[] = [
  {
    id: "destroy/delete-tree",
    description: "rm with recursion on the root, the home or a system directory",
    anchors: ["rm"],
    kind: "quotable",
    match: command((rm) =>
      rm.name === "rm" && (hasFlag(rm, "r", "--recursive") || rm.args.includes("--no-preserve-root")) &&
      rm.args.some(isWholeTree)
    ),
  },
  {
    id: "destroy/find-delete",
    description: "find that deletes from the root or the home down",
    anchors: ["find"],
    kind: "quotable",
    match: command(({ name, args }) =>
      name === "find" && isWholeTree(args[0] ?? "") &&
      (args.includes("-delete") || (args.includes("-exec") && args.includes("rm")))
    ),
  },
  {
    id: "destroy/write-disk",
    description: "dd onto a disk",
    anchors: ["dd"],
    kind: "quotable",
    match: command(({ name, args }) => name === "dd" && args.some((a) => a.startsWith("of=") && isDisk(a))),
  },
  {
    id: "destroy/format-disk",
    description: "a new file system or an erasure on a disk",
    anchors: ["mkfs", "wipefs", "shred", "blkdiscard", "mke2fs", "sgdisk", "cryptsetup"],
    kind: "quotable",
    match: command(({ args }) => args.some(isDisk)),
  },
  {
    id: "destroy/redirect-to-disk",
    description: "output of a command sent onto a disk",
    anchors: ["cat", "echo", "yes", "printf"],
    kind: "quotable",
    match: command(({ redirects }) => redirects.some((r) => isDisk(r.replace(/^>+/, "")))),
  },
  {
    id: "destroy/fork-bomb",
    description: "a function that calls itself twice through a pipe in the background",
    anchors: ["()"],
    kind: "quotable",
    match: pattern(/\(\)\s{0,3}\{\s{0,3}(\S{1,20})\s{0,3}\|\s{0,3}\1\s{0,3}&\s{0,3}\}/, { needs: ["|"] }),
  },
  {
    id: "destroy/open-permissions",
    description: "permissions or ownership changed on a whole system tree",
    anchors: ["chmod", "chown", "chattr", "setfacl"],
    kind: "quotable",
    match: command((change) => hasFlag(change, "r", "--recursive") && change.args.slice(1).some(isWholeTree)),
  },
  {
    id: "destroy/windows-tree",
    description: "a Windows drive or user folder deleted without a question",
    anchors: ["del", "rd", "rmdir", "erase", "remove", "format"],
    kind: "quotable",
    match: pattern(
      /(?:del|erase|rd|rmdir|format|remove-item)\s(?:[^\n|]{0,80}\s)?["']?(?:c:(?:\\(?:\*|users|windows)?)?|%systemdrive%|%userprofile%|\$env:userprofile)(?![\w])(?=[^\n]{0,80}(?:\/[sqyf]\b|-recurse|-force))|(?:del|erase|rd|rmdir|format|remove-item)\s[^\n|]{0,40}(?:\/[sqyf]\b|-recurse)[^\n|]{0,40}(?:c:\\?|%systemdrive%|%userprofile%)(?![\w])/,
    ),
  },
  {
    id: "destroy/backups",
    description: "backups or shadow copies deleted",
    anchors: ["vssadmin", "wbadmin", "bcdedit", "tmutil"],
    kind: "quotable",
    match: pattern(
      /(?:vssadmin(?:\.exe)?\s{1,4}delete\s{1,4}shadows|wbadmin\s{1,4}delete|bcdedit\s[^\n]{0,60}recoveryenabled\s{1,4}no|tmutil\s{1,4}delete)/,
    ),
  },
  {
    id: "destroy/drop-database",
    description: "an SQL injection that drops or opens a table",
    anchors: ["drop", "or", "union"],
    kind: "quotable",
    match: near(40, ["';", "' or", "'); ", "' union"], [
      "drop table",
      "drop database",
      "'1'='1",
      "1=1",
      "union select",
      "'a'='a",
    ], ["--", "'1'='1", "'a'='a", "#"]),
  },
  {
    id: "destroy/erase-traces",
    description: "logs or shell history erased",
    anchors: ["history", "wevtutil", "unset", "truncate", "journalctl", "auditctl"],
    kind: "quotable",
    match: command(({ name, args }) =>
      (name === "history" && args.includes("-c")) || (name === "wevtutil" && args[0] === "cl") ||
      (name === "unset" && args.includes("histfile")) || (name === "auditctl" && args.includes("-d")) ||
      (name === "truncate" && args.some((a) => a.startsWith("/var/log"))) ||
      (name === "journalctl" && args.some((a) => /^--vacuum-(?:time|size)=(?:0|1s|1b)/.test(a)))
    ),
  },
  {
    id: "destroy/switch-off-defence",
    description: "firewall, access control or malware protection switched off",
    anchors: ["setenforce", "ufw", "systemctl", "service", "iptables", "netsh", "set", "spctl", "csrutil"],
    kind: "quotable",
    match: pattern(
      /(?:setenforce\s{1,4}0\b|ufw\s{1,4}disable|(?:systemctl|service)\s[^\n]{0,30}(?:stop|disable|mask)\s[^\n]{0,30}(?:firewalld|auditd|apparmor|clamav|falcon|ufw|rsyslog)|(?:firewalld|auditd)\s{1,4}stop|iptables\s{1,4}(?:-f|--flush)\b|netsh\s{1,4}advfirewall\s{1,4}set\s{1,4}\w{1,20}\s{1,4}state\s{1,4}off|set-mppreference\s{1,4}-disable|spctl\s{1,4}--master-disable|csrutil\s{1,4}disable)/,
    ),
  },
];
