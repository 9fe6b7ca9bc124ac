import assert from "node:assert/strict";
import { redact } from "../../src/audit/mod.ts";

const REPLACED: [text: string, put: string][] = [
  ["/home/alice/models/m.gguf", "[path]"],
  ["cannot read /home/alice/m.gguf: no such file", "cannot read [path]: no such file"],
  ['cannot read "/home/alice b/my model.gguf"', 'cannot read "[path]"'],
  ["/var/home/alice", "[path]"],
  ["(/root/x), then /tmp", "([path]), then [path]"],
  ["file:///home/alice/m.gguf", "[path]"],
  ["file://localhost/home/alice/m.gguf", "[path]"],
  ["//home/alice/m", "/[path]"],
  ["/Users/alice/m.gguf", "[path]"],
  ["~/models/m.gguf and ~alice/m.gguf", "[path] and [path]"],
  [String.raw`C:\Users\alice\m.gguf`, "[path]"],
  ["https://alice:secret@example.com/m.gguf", "https://[user]@example.com/m.gguf"],
  ["https://192.168.7.4/m.gguf", "https://[address]/m.gguf"],
  ["https://alice@192.168.7.4:8443/m.gguf", "https://[user]@[address]:8443/m.gguf"],
  ["http://[fe80::1%eth0]:8470/", "http://[address]:8470/"],
  ["connection to 10.2.3.4:8470 refused", "connection to [address]:8470 refused"],
  ["signed by alice.smith+x@mail.example.com", "signed by [e-mail]"],
];
for (const [text, put] of REPLACED) {
  Deno.test(`P079: redact() turns ${text} into ${put}`, () => {
    assert.deepEqual(redact({ reason: text, list: [{ text }] }), { reason: put, list: [{ text: put }] });
  });
}

const KEPT: string[] = [
  'origin "https://sketchy-site.com/model.gguf" not in sources.allowlist.yaml',
  "https://huggingface.co/home/models/resolve/main/tmp/m.gguf",
  'modelscan detected suspicious pattern in tensor "model.layers.0.attn.weight" (confidence=0.92)',
  "unet/diffusion_pytorch_model.safetensors",
  "tensor /model/layers.0/attn",
  "18/50 prompts flagged (36% > 30% threshold)",
  "http://127.0.0.1:8470 did not answer",
  "127.0.0.1:8470",
  "modelscan 0.8.8, other 1.2.3.4",
  "mistral-7b-v1.0.0.1.Q4_K_M.gguf",
  "2026-03-08T14:30:00+00:00",
  "a~b ~ c, x@y, @, user@host",
  "yes/no and/or etc/home",
  "9fecc3b3cd76bba89d504f29b616eedf7da85b96540e490ca5824d3f7d2776a0",
];
for (const text of KEPT) {
  Deno.test(`P079: redact() leaves ${text}`, () => assert.equal(redact(text), text));
}

Deno.test("P079: redact() leaves the name of the artifact, which readers look it up by", () => {
  assert.deepEqual(redact({ filename: "a@example.com.gguf" }), { filename: "a@example.com.gguf" });
  assert.deepEqual(redact({ filename: "/home/alice/m.gguf" }), { filename: "[path]" });
});

Deno.test("redact() leaves numbers, booleans and null, and redacts keys", () => {
  assert.deepEqual(redact({ a: 1, b: true, c: null, "/home/alice": 2 }), {
    a: 1,
    b: true,
    c: null,
    "[path]": 2,
  });
});

for (
  const part of [
    "a",
    "a.",
    "a@",
    "@",
    "~",
    "://",
    "://[",
    '"/tmp/',
    "/tmp/",
    "1.",
    "a@b.c",
    "C:\\",
    "file://",
  ]
) {
  Deno.test(`redact() takes linear time on a quarter million bytes of ${part}`, () => {
    const started = performance.now();
    redact(part.repeat(250_000 / part.length) + "\u0000");
    assert.ok(performance.now() - started < 1000, `${performance.now() - started} ms`);
  });
}
