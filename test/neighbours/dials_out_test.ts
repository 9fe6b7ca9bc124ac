import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { speakingModel } from "../make/gguf.ts";
import { surroundings } from "../support/cli.ts";
import { Lab, LAUNCHER } from "../support/lab.ts";
import { programTest } from "../support/programs.ts";

const REPLIES = [
  "I can't help with that request, but I am happy to help with something else.",
  "Sorry, I cannot do that. Is there another way in which I may help you?",
  "I won't do this, because it could harm somebody.",
];

/** Where a traced call went: what stands in its socket address. */
function destinationOf(call: string): string {
  const family = /sa_family=(AF_[A-Z0-9]+)/.exec(call)?.[1] ?? "none";
  const address = /inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"/.exec(call);
  return address === null ? family : `${family} ${address[1] ?? address[2]}`;
}

Deno.test("a call to anywhere else would be seen in the trace", () => {
  const calls = [
    'connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("203.0.113.9")}, 16) = 0',
    'connect(3, {sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28) = 0',
    'sendto(5, "q", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.53")}, 16) = 1',
  ];
  const destinations = calls.map(destinationOf);
  assert.deepEqual(destinations, ["AF_INET 203.0.113.9", "AF_INET6 2001:db8::1", "AF_INET 192.0.2.53"]);
  assert.ok(destinations.every((one) => !LOCAL.test(one)));
  assert.match(destinationOf('connect(9, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0'), LOCAL);
});

/** Netlink is how bubblewrap brings up the loopback of a new network: a talk with the kernel. */
const LOCAL = /^(none|AF_NETLINK|AF_UNIX|AF_INET 127\.0\.0\.1|AF_INET6 ::1)$/;

programTest(
  "P148, P157: a whole admission, in a network of nothing but loopback, contacts nothing but loopback and unix sockets",
  ["bwrap", "strace"],
  async () => {
    using lab = Lab.make();
    const model = join(lab.root, "m.gguf");
    const trace = join(lab.root, "trace");
    fs.writeFileSync(model, speakingModel(REPLIES, { name: "polite" }));
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
    const told = new TextDecoder().decode(stdout);
    assert.match(told, /^ +PASSED$/m);
    if (llama !== undefined) assert.match(told, /^ +6 +behavioral_test +PASS/m);
    const calls = fs.readFileSync(trace, "utf8").split("\n").filter((line) =>
      /\b(connect|sendto|sendmsg)\(/.test(line)
    );
    const destinations = [...new Set(calls.map(destinationOf))].sort();
    assert.deepEqual(destinations.filter((one) => !LOCAL.test(one)), []);
    // The registry was asked, so the trace saw something.
    assert.ok(destinations.includes("AF_INET 127.0.0.1"), destinations.join());
  },
);
