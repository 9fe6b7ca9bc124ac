import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { tinyLlama } from "../make/gguf.ts";
import { surroundings } from "../support/cli.ts";
import { Lab, LAUNCHER } from "../support/lab.ts";
import { programTest } from "../support/programs.ts";

/** Where a traced call went: what stands in its socket address. */
function destinationOf(call: string): string {
  const family = /sa_family=(AF_[A-Z0-9]+)/.exec(call)?.[1] ?? "none";
  const address = /inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"/.exec(call);
  return address === null ? family : `${family} ${address[1] ?? address[2]}`;
}

const LOCAL = /^(none|AF_UNIX|AF_INET 127\.0\.0\.1|AF_INET6 ::1)$/;

programTest(
  "P148, P157: a whole admission, in a network of nothing but loopback, contacts nothing but loopback and unix sockets",
  ["bwrap", "strace"],
  async () => {
    using lab = Lab.make();
    const model = join(lab.root, "m.gguf");
    const trace = join(lab.root, "trace");
    fs.writeFileSync(model, tinyLlama());
    const alone = ["--dev-bind", "/", "/", "--unshare-net", "--"];
    const traced = [
      "strace",
      "-f",
      "-qq",
      "--seccomp-bpf",
      "-e",
      "trace=connect,sendto,sendmsg",
      "-o",
      trace,
    ];
    const admit = [LAUNCHER, "admit", model];
    const llama = Deno.env.get("LLAMA_SERVER_BIN");
    const { success, stdout, stderr } = await new Deno.Command("bwrap", {
      ...surroundings({
        XDG_STATE_HOME: join(lab.root, "xdg"),
        ...(llama === undefined ? {} : { LLAMA_SERVER_BIN: llama }),
      }),
      args: [...alone, ...traced, ...admit],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /^ +PASSED$/m);
    const calls = fs.readFileSync(trace, "utf8").split("\n").filter((line) =>
      /\b(connect|sendto|sendmsg)\(/.test(line)
    );
    const destinations = [...new Set(calls.map(destinationOf))].sort();
    assert.deepEqual(destinations.filter((one) => !LOCAL.test(one)), []);
    // The registry was asked, so the trace saw something.
    assert.ok(destinations.includes("AF_INET 127.0.0.1"), destinations.join());
  },
);
