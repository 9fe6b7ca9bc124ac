import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { PROGRAM_ROOT } from "../support/lab.ts";

const HELLO = String.raw`{\"t\":\"hello\",\"v\":1}\n`;
const DONE = String
  .raw`{\"t\":\"done\",\"kind\":\"cleared\",\"summary\":\"fine\",\"evidence\":{},\"findings\":[]}\n`;
const PROGRAM = join(PROGRAM_ROOT, "test", "tools", "programs", "ask_socket.ts");

interface Asked {
  readonly ended: string;
  readonly connections: number;
  readonly jobPath: string | null;
  readonly endOfInput: boolean;
}

/** What becomes of a job when the connections say this, one after the other. */
async function ask(...scripts: string[]): Promise<Asked> {
  const root = Deno.makeTempDirSync({ prefix: "socket-" });
  const socket = join(root, "s");
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        `--allow-net=unix:${socket}`,
        `--allow-read=${root}`,
        `--allow-write=${root}`,
        "--allow-env",
        PROGRAM,
        socket,
        ...scripts,
      ],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

const PATH = "/var/lib/secure-ai/quarantine/scanning/0/sealed";

Deno.test("a socket's worker gets the job with its own path, and its input ends once its answer is there", async () => {
  const asked = await ask(`${HELLO}${DONE}stay`);
  assert.deepEqual(asked, { ended: "cleared fine", connections: 1, jobPath: PATH, endOfInput: true });
});

Deno.test("a connection that ends before a word means busy: it is asked again, and is never a verdict", async () => {
  const { ended, connections } = await ask("busy", "busy", `${HELLO}${DONE}`);
  assert.deepEqual([ended, connections], ["cleared fine", 3]);
});

const ends: readonly (readonly [why: string, script: string, ended: string])[] = [
  [
    "says how its unit ended",
    String.raw`${HELLO}\u0000oom-kill killed KILL`,
    "worker/died: the sandbox ended without an answer (oom-kill killed KILL)",
  ],
  [
    "could not start",
    String.raw`\u0000exit-code exited 226`,
    "worker/start: the sandbox ended before it greeted (exit-code exited 226)",
  ],
  ["is closed", HELLO, "worker/died: the sandbox ended without an answer (its connection was closed)"],
  ["does not greet", DONE, "worker/protocol: the sandbox did not greet first"],
  ["answers after its epitaph", String.raw`${HELLO}\u0000${DONE}`, "worker/died: "],
  ["says nothing more", `${HELLO}stay`, "worker/deadline: format_gate did not finish in 1 s and was killed"],
];

for (const [why, script, ended] of ends) {
  Deno.test(`a socket's worker that ${why} is undecided`, async () => {
    const asked = await ask(script);
    assert.ok(asked.ended.startsWith(ended), asked.ended);
  });
}
