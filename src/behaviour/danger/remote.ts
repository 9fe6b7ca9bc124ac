import { any, command, type Danger, near, pattern } from "./matchers.ts";
import { FETCHERS, isWholeTree, SENDERS, SHELLS } from "./places.ts";

const isAddress = (text: string) => /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\w-]+(?:\.[\w-]+)+|[\w-]+)$/.test(text);
const isPort = (text: string) => /^\d{2,5}$/.test(text);
const isShell = (text: string) => SHELLS.has(text.replace(/^.*[/\\]/, "")) || /cmd(?:\.exe)?$/.test(text);

/** Shells handed to somebody else, programs fetched and run unseen, footholds, raised rights. */
export const REMOTE: readonly Danger[] = [
  {
    id: "remote/netcat-shell",
    description: "netcat that runs a program for whoever connects",
    anchors: ["nc", "ncat", "netcat"],
    kind: "quotable",
    match: command(({ args }) =>
      args.some((a) => /^-[a-z]*[ec]$|^--(?:exec|sh-exec)(?:=|$)/.test(a)) &&
      args.some((a) => isShell(a) || a.startsWith("--"))
    ),
  },
  {
    id: "remote/netcat-pipe",
    description: "a shell joined to netcat by a pipe",
    anchors: ["nc", "ncat", "netcat", "telnet", "mkfifo", "mknod"],
    kind: "quotable",
    match: command((first, rest) => {
      const line = [first, ...rest];
      const connects = line.some((c) => SENDERS.has(c.name) && c.args.some(isAddress) && c.args.some(isPort));
      return connects && line.some((c) => isShell(c.name));
    }),
  },
  {
    id: "remote/dev-tcp",
    description: "a shell or a file joined to /dev/tcp",
    anchors: ["tcp", "udp"],
    kind: "quotable",
    match: any(
      pattern(/tcp\/[\w.-]{1,80}\/(?:\d{1,5}|\$\w{1,20})/, { before: "/dev/" }),
      pattern(/udp\/[\w.-]{1,80}\/(?:\d{1,5}|\$\w{1,20})/, { before: "/dev/" }),
    ),
  },
  {
    id: "remote/socat-shell",
    description: "socat that runs a program for whoever connects",
    anchors: ["socat"],
    kind: "quotable",
    match: pattern(/socat\s[^\n]{0,120}(?:exec|system):[^\n]{0,40}(?:sh|cmd)/),
  },
  {
    id: "remote/script-shell",
    description: "a script that joins a shell to a network connection",
    anchors: ["socket", "fsockopen", "tcpclient", "tcpsocket", "createconnection"],
    kind: "quotable",
    match: near(
      400,
      ["connect(", "fsockopen(", "io::socket", "tcpclient(", "tcpsocket", "net.socket", "connect "],
      ["dup2(", "pty.spawn", "/bin/sh", "/bin/bash", "cmd.exe", "powershell"],
      ["subprocess", "exec", "spawn", "dup2", "proc_open", "system(", "process", "popen"],
    ),
  },
  {
    id: "remote/tunnel",
    description: "a reverse tunnel that opens this machine from outside",
    anchors: ["ssh", "autossh"],
    kind: "quotable",
    match: command(({ args }) =>
      args.some((a) => /^-[a-z]*r$/.test(a)) && args.some((a) => /^(?:[\w.*]*:)?\d+:[\w.]+:\d+$/.test(a)) &&
      args.some((a) => /@/.test(a))
    ),
  },
  {
    id: "run/pipe-to-shell",
    description: "something fetched and piped into an interpreter",
    anchors: [...FETCHERS, "iwr", "base64", "xxd"],
    kind: "quotable",
    match: command((first, rest) => {
      const source = FETCHERS.has(first.name)
        ? [first, ...rest].some((c) => c.args.some((a) => /:\/\/|^[\w-]+(?:\.[\w-]+)+|^\$/.test(a)))
        : first.args.some((a) => /^-[a-z]*[dr]$|^--decode$/.test(a));
      const shell = rest.find((c) => c.joint === "|" && isShell(c.name));
      return source && shell !== undefined && !shell.args.some((a) => a === "-m" || a === "-c");
    }),
  },
  {
    id: "run/substitution",
    description: "something fetched inside a command that is then run",
    anchors: ["sh", "bash", "zsh", "eval", "source", "python", "python3", "iex", "perl"],
    kind: "quotable",
    match: command((first, rest) =>
      (isShell(first.name) || first.name === "eval" || first.name === "source") &&
      rest.some((c) => (c.joint === "$(" || c.joint === "<(") && FETCHERS.has(c.name))
    ),
  },
  {
    id: "run/fetch-and-execute",
    description: "a file fetched, made executable and run in one line",
    anchors: ["curl", "wget"],
    kind: "quotable",
    match: command((fetch, rest) => {
      if (!fetch.args.some((a) => a.includes("://"))) return false;
      const fetched = (name: string) => fetch.args.some((a) => a.endsWith(name.replace(/^\.\//, "")));
      return rest.some((c) => c.name === "chmod" && c.args.some((a) => /^\+x$|^[0-7]*7[0-7]*$/.test(a))) ||
        rest.some((c) => c.joint !== "|" && isShell(c.name) && c.args.some(fetched));
    }),
  },
  {
    id: "run/powershell-download",
    description: "PowerShell that fetches and runs a script",
    anchors: ["iex", "invoke", "downloadstring", "downloadfile", "iwr", "irm", "start"],
    kind: "quotable",
    match: near(160, ["iex", "invoke-expression", "downloadfile", "start-process", "& {"], [
      "downloadstring",
      "downloadfile(",
      "iwr ",
      "irm ",
      "invoke-webrequest",
      "invoke-restmethod",
      "webclient",
    ], ["http://", "https://", "$url"]),
  },
  {
    id: "run/powershell-encoded",
    description: "PowerShell given an encoded command",
    anchors: ["powershell", "pwsh"],
    kind: "quotable",
    match: pattern(
      /(?:powershell|pwsh)(?:\.exe)?\s[^\n]{0,80}-e(?:nc|ncodedcommand|c)?\s{1,4}[a-z0-9+/]{20}/,
    ),
  },
  {
    id: "run/system-helper",
    description: "a Windows helper program used to fetch or run something",
    anchors: ["certutil", "bitsadmin", "mshta", "regsvr32", "rundll32", "msiexec", "wmic"],
    kind: "quotable",
    match: pattern(
      /(?:certutil(?:\.exe)?\s[^\n]{0,60}(?:-urlcache|-decode)|bitsadmin\s[^\n]{0,60}\/transfer|mshta(?:\.exe)?\s{1,4}["']?(?:https?:|javascript:|vbscript:)|regsvr32\s[^\n]{0,60}\/i:http|rundll32(?:\.exe)?\s{1,4}["']?(?:javascript:|\\\\)|msiexec\s[^\n]{0,40}http|wmic\s[^\n]{0,60}process\s{1,4}call\s{1,4}create)/,
    ),
  },
  {
    id: "run/foreign-index",
    description: "a package installed from an address that is not the usual index",
    anchors: ["pip", "pip3", "npm", "yarn", "gem"],
    kind: "quotable",
    match: command(({ args }) =>
      args.some((a) => /^(?:install|add|i)$/.test(a)) &&
      args.some((a) =>
        /^(?:--(?:extra-)?index-url=?|--registry=?)?http:\/\//.test(a) ||
        (/^https:\/\//.test(a) &&
          !/^https:\/\/(?:[a-z]+\.)?(?:pypi|npmjs|github|rubygems|pytorch)\.(?:org|com)\//
            .test(a))
      )
    ),
  },
  {
    id: "persist/cron",
    description: "a scheduled job that fetches, connects or is installed from a pipe",
    anchors: ["crontab", "schtasks", "at"],
    kind: "quotable",
    match: any(
      pattern(/crontab\s{1,4}-(?![elru])/),
      pattern(/schtasks\s[^\n]{0,40}\/create[^\n]{0,120}\/tr/),
      near(120, ["crontab -l"], ["curl", "wget", "nc ", "/dev/tcp"]),
    ),
  },
  {
    id: "persist/authorized-key",
    description: "a key added to those that may log in",
    anchors: ["authorized_keys"],
    kind: "quotable",
    match: near(200, [">>", "tee -a", "> ~", "> /root"], ["ssh-rsa", "ssh-ed25519", "http", "echo", "cat "]),
  },
  {
    id: "persist/start-up",
    description: "a command added to what runs at log-in or start",
    anchors: ["bashrc", "profile", "zshrc", "rc", "reg"],
    kind: "quotable",
    match: any(
      near(160, [">> ~/.bashrc", ">> ~/.profile", ">> ~/.zshrc", ">> /etc/profile", ">> /etc/rc.local"], [
        "curl",
        "wget",
        "nc ",
        "/dev/tcp",
        "base64",
      ]),
      pattern(/reg\s{1,4}add\s[^\n]{0,80}currentversion\\run/),
    ),
  },
  {
    id: "privilege/sudo-without-password",
    description: "a line that lets an account run everything without a password",
    anchors: ["nopasswd"],
    kind: "quotable",
    match: near(100, ["all=(all", "all = (all"], ["sudoers", "echo", ">>", "tee"]),
  },
  {
    id: "privilege/set-uid",
    description: "a shell given the rights of its owner",
    anchors: ["chmod", "setcap"],
    kind: "quotable",
    match: command(({ name, args }) =>
      (name === "chmod" && args.some((a) => /^(?:[ugo]*\+[rwx]*s|[4267]7[57][57]|[46]755)$/.test(a)) &&
        args.some((a) => isShell(a))) ||
      (name === "setcap" && args.some((a) => a.includes("cap_setuid")))
    ),
  },
  {
    id: "privilege/new-administrator",
    description: "an account with all rights created",
    anchors: ["useradd", "usermod", "net", "adduser"],
    kind: "quotable",
    match: any(
      pattern(/useradd\s[^\n]{0,40}(?:-ou?\s{1,4}(?:-u\s{1,4})?0\b|-u\s{1,4}0\b)/),
      pattern(
        /net\s{1,4}(?:user\s{1,4}\S{1,40}\s{1,4}\S{1,40}\s{1,4}\/add|localgroup\s{1,4}administrators\s{1,4}\S{1,40}\s{1,4}\/add)/,
      ),
    ),
  },
  {
    id: "privilege/container-escape",
    description: "a container given the whole host",
    anchors: ["docker", "podman", "nsenter"],
    kind: "quotable",
    match: command(({ name, args }) =>
      name === "nsenter"
        ? args.some((a) => a === "1") && args.some((a) => a === "-t" || a === "--target")
        : args.includes("run") && args.some((a) =>
          /^(?:-v|--volume=)?\/:\//.test(a) || (isWholeTree(a.split(":")[0] ?? "") && a.includes(":"))
        )
    ),
  },
];
