import { any, command, type Danger, near, pattern } from "./matchers.ts";

/** What fetches something; each stands in the expression below. */
const FETCHES = ["requests.", "urllib", "urlopen", "httpx.", "fetch"];
/** What decodes something. */
const DECODES = [
  "b64decode",
  "a85decode",
  "fromhex",
  "atob",
  "unhexlify",
  "base64_decode",
  "codecs.decode",
  "marshal.loads",
  "zlib.decompress",
  "fromcharcode",
];
const RUNS_DECODED = new RegExp(
  "(?:exec|eval)\\s{0,2}\\(\\s{0,2}(?:compile\\(|bytes\\.)?[^\\n;]{0,40}" +
    `(?:${DECODES.map((name) => name.replace(".", "\\.")).join("|")})`,
);

/** Program text that runs what it was not written to run. */
export const CODE: readonly Danger[] = [
  {
    id: "code/run-fetched",
    description: "program code that runs what it fetched",
    anchors: ["exec", "eval", "import", "importscripts", "loads", "dofile", "execfile"],
    kind: "quotable",
    match: any(
      pattern(
        /(?:exec|eval)\s{0,2}\(\s{0,2}(?:compile\()?(?:requests\.|urllib|urlopen|httpx\.|await\s{1,3}\(?\s?(?:await\s)?fetch|fetch\(|open\(urlopen)/,
        { needs: FETCHES },
      ),
      pattern(/import(?:scripts)?\(["'`]http/),
      pattern(/loads\(\s{0,2}(?:requests\.|urllib|urlopen)/),
    ),
  },
  {
    id: "code/run-encoded",
    description: "program code that decodes something and runs it",
    anchors: ["exec", "eval", "function", "loads", "invoke"],
    kind: "quotable",
    match: any(
      pattern(RUNS_DECODED, { needs: DECODES }),
      pattern(/function\(\s{0,2}atob\(/),
      pattern(/loads\([^\n;]{0,20}(?:b64decode|fromhex)/),
    ),
  },
  {
    id: "code/pickle-payload",
    description: "a pickle that runs a command when it is loaded",
    anchors: ["__reduce__", "__reduce_ex__"],
    kind: "quotable",
    match: near(240, ["return"], ["os.system", "subprocess", "eval", "exec", "popen", "builtins"]),
  },
  {
    id: "code/sandbox-escape",
    description: "an attribute chain that climbs out of a template or a restricted interpreter",
    anchors: ["__subclasses__", "__globals__", "__builtins__", "__mro__"],
    kind: "quotable",
    match: near(120, ["__class__", "__init__", "__base__", "lipsum", "cycler"], [
      "__subclasses__(",
      "__globals__[",
      "__globals__.",
      "__mro__[",
      "__builtins__[",
      "__builtins__.",
    ]),
  },
  {
    id: "code/shell-code",
    description: "machine code in a string, and memory made executable for it",
    anchors: ["virtualalloc", "virtualprotect", "mmap", "createremotethread", "mprotect", "shellcode"],
    kind: "quotable",
    match: near(500, ["\\x90\\x90", "\\xfc\\x48", "\\x48\\x31", "\\x31\\xc0", "0x40", "prot_exec"], [
      "virtualalloc(",
      "mmap(",
      "createremotethread(",
      "virtualprotect(",
      "mprotect(",
      "shellcode =",
      "shellcode[",
    ]),
  },
  {
    id: "code/network-and-shell",
    description: "program code that takes commands from the network and runs them",
    anchors: ["recv", "child_process", "shell_exec", "passthru", "urlopen", "onmessage"],
    kind: "quotable",
    match: near(300, [
      "recv(",
      "http.get",
      "http.request",
      "$_get",
      "$_post",
      "$_request",
      "urlopen(",
      "websocket",
    ], [
      "os.system(",
      "subprocess.",
      "os.popen(",
      "shell_exec(",
      "passthru(",
      "child_process').exec",
      'child_process").exec',
      "execsync(",
      "system($_",
      "eval(",
    ]),
  },
  {
    id: "code/hidden-in-page",
    description: "a page element that runs script it should only show",
    anchors: ["onerror", "onload", "javascript", "svg"],
    kind: "quotable",
    match: any(
      pattern(
        /on(?:error|load)\s{0,2}=\s{0,2}["']?[^>\n"']{0,60}(?:fetch\(|alert\(|eval\(|document\.|import\()/,
      ),
      pattern(/javascript:[^\s"')]{0,60}(?:fetch\(|alert\(|eval\(|document\.|%)/),
    ),
  },
  {
    id: "code/delete-tree",
    description: "program code that deletes the root, the home or a system directory",
    anchors: ["rmtree", "rmsync", "removeall", "rm_rf", "deletedirectory", "rimraf"],
    kind: "quotable",
    match: pattern(
      /(?:rmtree|rmsync|removeall|rm_rf|rimraf)\s{0,2}\(?\s{0,2}(?:os\.path\.expanduser\(|path\.home\(|pathlib\.path\()?["']?(?:\/(?:etc|home|usr|var|root|bin|boot)?|~\/?|c:\\{1,2})["')]/,
    ),
  },
  {
    id: "code/delete-walk",
    description: "program code that deletes every file it meets from the root or the home on",
    anchors: ["walk", "rglob", "nftw", "walkdir"],
    kind: "quotable",
    match: near(260, [
      "walk('/')",
      'walk("/")',
      "walk('/home",
      'walk("/home',
      "walk(os.path.expanduser('~')",
      'walk(os.path.expanduser("~")',
      "walk('c:",
      'walk("c:',
      "path('/').rglob",
      'path("/").rglob',
      "path.home().rglob",
    ], ["os.remove(", "os.unlink(", ".unlink(", "rmtree(", "remove_file("]),
  },
  {
    id: "code/miner",
    description: "a coin miner joined to a pool",
    anchors: ["stratum", "xmrig"],
    kind: "quotable",
    match: any(
      pattern(/stratum\+(?:tcp|ssl):\/\/[\w.-]{4,100}/),
      command(({ args }) => args.some((a) => /^-o|^--url/.test(a))),
    ),
  },
];
