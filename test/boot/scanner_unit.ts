import { Buffer } from "node:buffer";
import { basename, dirname } from "node:path";
import { askTool } from "../../src/tools/ask_tool.ts";
import { PLANTS } from "../../src/tools/scanners/plants.ts";
import type { StaticScanner } from "../../src/tools/scanners.ts";
import { COSIGN_PLANT } from "../../src/tools/signature_plants.ts";
import type { OpenSandbox } from "../../src/tools/worker.ts";
import type { Machine } from "./machine.ts";

const SOCKET = "/run/secure-ai-quarantine/scanner.sock";
/** The units see nothing but what lies in here, as the coordinator lays it there. */
const PLACE = "/var/lib/secure-ai/quarantine/scanning/planted";

/** Passes on what the coordinator's user says to the socket, and what comes back. */
const RELAY = `
import os, socket, threading
unit = socket.socket(socket.AF_UNIX)
unit.connect("${SOCKET}")
def ask():
    for said in iter(lambda: os.read(0, 65536), b""):
        unit.sendall(said)
threading.Thread(target=ask, daemon=True).start()
for said in iter(lambda: unit.recv(65536), b""):
    os.write(1, said)
`;

/** Sandboxes of a booted machine's scanner socket. */
export interface ScannerUnits {
  readonly open: OpenSandbox;
  /** Lays an artifact where they see it; its path. Each asker has a folder of its own. */
  lay(asker: string, name: string, bytes: Uint8Array): Promise<string>;
}

export async function scannerUnits(machine: Machine): Promise<ScannerUnits> {
  await machine.must(`install -d -m 2750 -g secure-ai-scanning ${PLACE}
    cat > /srv/relay.py <<'PY'\n${RELAY}PY`);
  return {
    open: ({ artifact: { path: artifactPath } }) => {
      const child = machine.talk("exec runuser -u secure-ai-quarantine -- python3 /srv/relay.py");
      const { stdin: input, stdout: output } = child;
      const ended = child.status.then(({ code }) => `exit ${code}`);
      return Promise.resolve({ artifactPath, input, output, ended, kill: () => end(child) });
    },
    async lay(asker, name, bytes) {
      const path = `${PLACE}/${asker}/${name}`;
      const base64 = Buffer.from(bytes).toString("base64");
      await machine.must(`install -d -m 2750 -g secure-ai-scanning ${dirname(path)}
        base64 -d > ${path} <<'END'\n${base64}\nEND
chmod 0440 ${path}`);
      return path;
    },
  };
}

function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // It has ended.
  }
}

const question = (program: string, path: string) => ({
  program,
  version: null,
  artifact: { path, name: basename(path) },
  timeoutMs: 60_000,
  signal: new AbortController().signal,
});

/** A scanner's version, and what it objects to in a planted file. */
export async function askScanner(
  units: ScannerUnits,
  tool: StaticScanner,
  which: "bad" | "clean",
): Promise<string> {
  const path = await units.lay(tool, PLANTS[tool].name, PLANTS[tool][which]);
  const asked = question(`/usr/bin/${tool}`, path);
  const { version, report } = await askTool(units.open, { tool, inputs: {}, ...asked });
  const objections = report.findings.filter(({ severity }) => severity !== "info");
  const [first] = objections;
  return first === undefined ? `${version} has no objection` : `${version} objects: ${first.words}`;
}

/** Whether the real cosign finds the planted signature good over these bytes. */
export async function signatureHolds(units: ScannerUnits, bytes: Uint8Array): Promise<boolean> {
  const path = await units.lay("cosign", "plant", bytes);
  const { report } = await askTool(units.open, { ...COSIGN_PLANT, ...question("/usr/bin/cosign", path) });
  return report.agrees;
}
