/**
 * Stands where llama-server is expected and tries to do what nothing in the sandbox can: `probe.ts WHAT OPTION ...`.
 * What came of it is its last words.
 */
import { spawnSync } from "node:child_process";
import { lookup } from "node:dns/promises";
import fs from "node:fs";
import { connect } from "node:net";
import process from "node:process";

const [what = "", ...options] = process.argv.slice(2);

function attempt(act: () => unknown): string {
  try {
    return `done ${JSON.stringify(act() ?? null)}`;
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

function call(host: string, port: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.setTimeout(2000, () => resolve("timeout"));
    socket.on("connect", () => resolve("connected"));
    socket.on("error", (error) => resolve(codeOf(error)));
  });
}

/** Looks for a text in the environment of every process that can be seen. Not by itself: the runtime forbids that. */
function seekInEnvironments(text: string): string {
  const script = 'cat /proc/[0-9]*/environ 2>/dev/null | grep -a -c -- "$0"';
  const { stdout } = spawnSync("/bin/sh", ["-c", script, text], { encoding: "utf8" });
  return stdout.trim() === "0" ? "not seen" : "seen";
}

async function probe(): Promise<string> {
  const [first = "", second = ""] = options;
  switch (what) {
    case "call":
      return await call(first, second);
    case "resolve":
      return await lookup(first).then(({ address }) => address, codeOf);
    case "see":
      return attempt(() => fs.lstatSync(first).isDirectory() ? fs.readdirSync(first) : "a file");
    case "environment":
      return seekInEnvironments(first);
    case "append":
      return attempt(() => fs.appendFileSync(first, "x"));
    case "remove":
      return attempt(() => fs.rmSync(first));
    case "open-up":
      return attempt(() => fs.chmodSync(first, 0o777));
    default:
      return `cannot try ${what}`;
  }
}

console.error(`error: ${what} ${await probe()}`);
process.exit(1);
