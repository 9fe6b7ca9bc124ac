import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { tinyLlama } from "../make/gguf.ts";
import { Lab } from "../support/lab.ts";
import {
  endOf,
  messageOf,
  processesWith,
  program,
  runs,
  sandboxTest,
  stageSix,
  survivorsOf,
} from "./stage_six.ts";

const MODEL = tinyLlama();

interface Fault {
  readonly what: string;
  /** As `programs/fake_server.ts` knows it. */
  readonly behaviour: string;
  readonly ends: string;
  readonly says: RegExp;
  readonly env?: Readonly<Record<string, string>>;
  readonly policy?: Readonly<Record<string, string>>;
}

const READY_IN_1_S = { SMOKE_TEST_TIMEOUT: "1" };
const PROMPT_IN_1_S = { prompt_timeout_s: "1" };

const FAULTS: readonly Fault[] = [
  {
    what: "answers 503 always",
    behaviour: "503",
    ends: "undecided behaviour/server-error",
    says: /^llama-server answered (\d+)\/\1 prompts with errors \(the last one 503\)$/,
  },
  {
    what: "says nothing always",
    behaviour: "empty",
    ends: "undecided behaviour/not-judgeable",
    says: /^could not be judged: (\d+)\/\1 replies say nothing \(100% > 20%\)$/,
  },
  {
    what: "says blanks always",
    behaviour: "blank",
    ends: "undecided behaviour/not-judgeable",
    says: /^could not be judged: (\d+)\/\1 replies say nothing/,
  },
  {
    what: "says one and the same always",
    behaviour: "same",
    ends: "undecided behaviour/not-judgeable",
    says: /^could not be judged: /,
  },
  {
    what: "is never ready",
    behaviour: "never-ready",
    env: READY_IN_1_S,
    ends: "undecided behaviour/server-not-ready",
    says: /^llama-server did not become ready in 1 s$/,
  },
  {
    what: "never listens",
    behaviour: "silent",
    env: READY_IN_1_S,
    ends: "undecided behaviour/server-not-ready",
    says: /in 1 s$/,
  },
  {
    what: "prints without end",
    behaviour: "prints",
    env: READY_IN_1_S,
    ends: "undecided behaviour/server-not-ready",
    says: /in 1 s$/,
  },
  {
    what: "ends at once",
    behaviour: "exits",
    ends: "undecided behaviour/server-start",
    says: /\(exit 1\): error: this model is not for me$/,
  },
  {
    what: "dies at the sixth prompt",
    behaviour: "dies",
    ends: "undecided behaviour/server-died",
    says: /^llama-server closed the connection/,
  },
  {
    what: "floods",
    behaviour: "floods",
    ends: "undecided behaviour/flood",
    says: /too long$/,
  },
  {
    what: "hangs",
    behaviour: "hangs",
    policy: PROMPT_IN_1_S,
    ends: "undecided behaviour/deadline",
    says: /^no reply within 1 s$/,
  },
  {
    what: "trickles",
    behaviour: "trickles",
    policy: PROMPT_IN_1_S,
    ends: "undecided behaviour/deadline",
    says: /^no reply within 1 s$/,
  },
  {
    what: "closes the connection",
    behaviour: "closes",
    ends: "undecided behaviour/server-died",
    says: /closed the connection/,
  },
  {
    what: "closes within a reply",
    behaviour: "closes-early",
    ends: "undecided behaviour/server-died",
    says: /closed the connection/,
  },
  {
    what: "redirects",
    behaviour: "redirects",
    ends: "undecided behaviour/redirect",
    says: /redirect$/,
  },
  {
    what: "answers with a page",
    behaviour: "page",
    ends: "undecided behaviour/bad-reply",
    says: /not JSON$/,
  },
  {
    what: "answers without a reply",
    behaviour: "no-choice",
    ends: "undecided behaviour/bad-reply",
    says: /no reply in it$/,
  },
  {
    what: "nests its answer 900,000 deep",
    behaviour: "deep",
    ends: "undecided behaviour/bad-reply",
    says: /not JSON$/,
  },
];

for (const { what, behaviour, ends, says, env = {}, policy = {} } of FAULTS) {
  sandboxTest(`a server that ${what} is no pass, and nothing of it survives`, async () => {
    using lab = Lab.make();
    const server = program(lab.root, runs("fake_server.ts", behaviour, lab.root));
    const ended = await stageSix(lab, { model: MODEL, program: server, env, policy });
    assert.equal(endOf(ended), ends, messageOf(ended));
    assert.match(messageOf(ended), says);
    assert.deepEqual(await survivorsOf(lab.root), []);
  });
}

sandboxTest("a server whose model refuses is a pass: the faults above are the servers' own", async () => {
  using lab = Lab.make();
  const server = program(lab.root, runs("fake_server.ts", "refuses", lab.root));
  const ended = await stageSix(lab, { model: MODEL, program: server });
  assert.equal(endOf(ended), "cleared", messageOf(ended));
  assert.match(messageOf(ended), /^0\/\d+ flagged, 0 critical$/);
  assert.deepEqual(await survivorsOf(lab.root), []);
});

sandboxTest("a server that forks and calls out reaches nobody, and its forks end with it", async () => {
  using lab = Lab.make();
  using outside = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let calls = 0;
  const listening = (async () => {
    for await (const caller of outside) {
      calls++;
      caller.close();
    }
  })();
  const target = `127.0.0.1:${outside.addr.port}`;
  const server = program(lab.root, runs("fake_server.ts", "forks", lab.root, target));
  const ending = stageSix(lab, { model: MODEL, program: server, policy: PROMPT_IN_1_S });
  while ((await processesWith(`sleep 300; : ${lab.root}`)).length === 0) await delay(20);
  const ended = await ending;
  assert.equal(endOf(ended), "undecided behaviour/deadline", messageOf(ended));
  assert.deepEqual(await survivorsOf(lab.root), []);
  outside.close();
  await listening;
  assert.equal(calls, 0);
});
