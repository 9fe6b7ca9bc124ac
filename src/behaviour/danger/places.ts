import type { Command } from "./command_line.ts";

/** Programs that run what they are given on their standard input. */
export const SHELLS: ReadonlySet<string> = new Set(
  ["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "python", "python3", "perl", "ruby", "node", "php"],
);
export const FETCHERS: ReadonlySet<string> = new Set(["curl", "wget", "fetch", "lynx", "aria2c"]);
export const SENDERS: ReadonlySet<string> = new Set([...FETCHERS, "nc", "ncat", "netcat", "socat", "telnet"]);

/** The root, the home, a directory of the system, or a whole drive, with nothing below it named. */
const WHOLE =
  /^(?:\/|~\/?|\$\{?home\}?\/?|\/(?:bin|boot|dev|etc|home|lib|opt|root|sbin|srv|sys|usr|var|users)\/?|[a-z]:\\?|%(?:userprofile|systemdrive|systemroot)%\\?)\*?(?:$|[^\w./~*$\\-])/;

export function isWholeTree(argument: string): boolean {
  return /^[/~$%]|^[a-z]:/.test(argument) && WHOLE.test(argument.replace(/["'.]+$/, ""));
}

const DISK =
  /^(?:of=)?(?:\/dev\/(?:sd[a-z]|nvme\d|hd[a-z]|vd[a-z]|xvd[a-z]|mmcblk\d|disk\d|rdisk\d)|\\\\\.\\physicaldrive\d)/;

export function isDisk(argument: string): boolean {
  return DISK.test(argument);
}

const SECRETS = [
  "/etc/shadow",
  "/etc/gshadow",
  "/etc/sudoers",
  "/.ssh",
  "id_rsa",
  "id_ed25519",
  "id_ecdsa",
  "/.aws",
  "/.gnupg",
  "/.kube",
  "/.docker/config",
  "/.netrc",
  "/.pgpass",
  "/.git-credentials",
  "/.config/gcloud",
  "/.mozilla/firefox",
  "/.password-store",
  "/.bash_history",
  "/proc/self/environ",
  "/run/secrets",
  "login data",
  "wallet.dat",
  ".kdbx",
  "config\\sam",
  "ntds.dit",
];

/** A file or directory that holds keys or passwords. Public keys and help pages do not. */
export function isSecretPath(argument: string): boolean {
  return SECRETS.some((place) => argument.includes(place)) &&
    !/\.pub\b|known_hosts|authorized_keys/.test(argument);
}

/** The same, or what many accounts are read from; for commands that only make sense on another's data. */
export function isPrivatePath(argument: string): boolean {
  return isSecretPath(argument) || argument.includes("/etc/passwd");
}

export function namesSecret(command: Command): boolean {
  return command.args.some(isSecretPath) || command.redirects.some(isSecretPath);
}

export function namesPrivate(command: Command): boolean {
  return command.args.some(isPrivatePath) || command.redirects.some(isPrivatePath);
}

/** True for an address by number, such as nobody uses for a service of their own. */
export function hasNumericHost(address: string): boolean {
  return /(?:^|\/\/|@)\d{1,3}(?:\.\d{1,3}){3}(?:[:/]|$)/.test(address) &&
    !/\/\/(?:127|10|192\.168)\./.test(address);
}

/** A home, what people keep in it, or a whole tree. */
export function isPersonalTree(argument: string): boolean {
  return isWholeTree(argument) ||
    /^(?:(?:~|\$\{?home\}?|\/home\/[\w.*-]{1,32}|\/users\/[\w.*-]{1,32})\/?(?:\.?\/?(?:documents|desktop|pictures|downloads|dokumente|bilder|documentos|images|documenti|\*)\/?)?|c:\\users(?:\\.*)?)$/
      .test(argument.replace(/["']/g, ""));
}

/** True for `user@203.0.113.9:/in` or `drop@host.example`: a machine that is neither here nor next door. */
export function isStranger(argument: string): boolean {
  const host = /^(?:(?:sftp|ssh|ftp|rsync|https?):\/\/)?(?:[\w.+-]{1,64}@)?([\w-]+(?:\.[\w-]+)+)(?:[:/].*)?$/
    .exec(argument)?.[1];
  if (host === undefined || !/[@:]/.test(argument)) return false;
  return !/^(?:127|10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.|\.(?:local|lan|home|internal|arpa|localdomain)$/
    .test(host);
}

/** Short options joined (`-rf`) or apart (`-r -f`). */
export function hasFlag(command: Command, letter: string, long: string): boolean {
  return command.args.some((a) => a === long || (/^-[a-z]+$/.test(a) && a.includes(letter)));
}
