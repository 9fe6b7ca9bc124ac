import assert from "node:assert/strict";
import { EMPTY_ALLOWLIST, loadAllowlist, matchOrigin } from "../../src/policy/sources.ts";
import { startupMessage } from "./support.ts";

const allowlist = loadAllowlist({
  path: "sources.allowlist.yaml",
  text: `
version: 1
models:
  - name: "Hugging Face"
    url_prefix: "https://huggingface.co/"
    require_signature: false
    allowed_formats: ["safetensors", "gguf"]
    notes: "pin commits"
  - name: "One organisation"
    url_prefix: "https://models.example/trusted/org"
  - name: "Signed corner"
    url_prefix: "https://huggingface.co/signed/"
    require_signature: true
  - name: "Bücher"
    url_prefix: "https://xn--bcher-kva.example/"
containers:
  - registry: "ghcr.io/example/os"
    require_cosign: true
`,
});

const allowed: [origin: string, source: string][] = [
  ["https://huggingface.co/org/repo/resolve/main/m.gguf", "Hugging Face"],
  ["https://huggingface.co/org/repo/resolve/main/m.gguf?download=true", "Hugging Face"],
  ["https://huggingface.co/", "Hugging Face"],
  ["https://huggingface.co", "Hugging Face"],
  ["https://huggingface.co:443/org/m.gguf", "Hugging Face"],
  ["HTTPS://HuggingFace.co/Org/M.gguf", "Hugging Face"],
  ["https://huggingface.co/org/repo/a%20b%C3%A9.gguf", "Hugging Face"],
  ["https://huggingface.co/org/repo-1.0_x~y/m..v2.gguf", "Hugging Face"],
  ["https://huggingface.co/org/repo/(a)+b,c;d=e@f!$&'*.gguf", "Hugging Face"],
  ["https://huggingface.co/org/m.gguf?", "Hugging Face"],
  ["https://huggingface.co/org/...gguf", "Hugging Face"],
  ["https://huggingface.co/signed/m.gguf", "Signed corner"],
  ["https://huggingface.co/signed-by-me/m.gguf", "Hugging Face"],
  ["https://models.example/trusted/org", "One organisation"],
  ["https://models.example/trusted/org/", "One organisation"],
  ["https://models.example/trusted/org/m.gguf", "One organisation"],
  ["https://xn--bcher-kva.example/m.gguf", "Bücher"],
];

for (const [origin, source] of allowed) {
  Deno.test(`P037 matchOrigin() allows ${origin}`, () => {
    const match = matchOrigin(origin, allowlist);
    assert.ok(match.allowed);
    assert.equal(match.source, source);
  });
}

const notAllowed = [
  "https://sketchy-site.com/model.gguf",
  "https://huggingface.co.evil.example/org/m.gguf",
  "https://huggingface.com/org/m.gguf",
  "https://cdn.huggingface.co/org/m.gguf",
  "https://evil.example/huggingface.co/m.gguf",
  "https://models.example/trusted/org%20/m.gguf",
  "https://models.example/trusted/organisation/m.gguf",
  "https://models.example/trusted/org.evil/m.gguf",
  "https://models.example/trusted/ORG/m.gguf",
  "https://models.example/trusted/%6Frg/m.gguf",
  "https://models.example/trusted",
  "https://models.example/",
  "https://xn--mnchen-3ya.example/m.gguf",
  "https://xn--huggngface-2bb.co/m.gguf",
];

for (const origin of notAllowed) {
  Deno.test(`P103 matchOrigin() does not find ${origin}`, () => {
    assert.deepEqual(matchOrigin(origin, allowlist), {
      allowed: false,
      rule: "origin/not-allowed",
      message: `origin "${origin}" not in sources.allowlist.yaml`,
    });
  });
}

const malformed: [why: string, origin: string, fault: string][] = [
  ["plain http", "http://huggingface.co/m.gguf", "not an https URL"],
  ["another scheme", "ftp://huggingface.co/m.gguf", "not an https URL"],
  ["a file", "file:///etc/passwd", "not an https URL"],
  ["no scheme", "huggingface.co/m.gguf", "not an https URL"],
  ["no slashes", "https:huggingface.co/m.gguf", "not an https URL"],
  ["one slash", "https:/huggingface.co/m.gguf", "not an https URL"],
  ["nothing", "", "not an https URL"],
  ["no host", "https:///m.gguf", "not a plain host name"],
  ["userinfo", "https://huggingface.co@evil.example/m.gguf", "a user name before the host"],
  ["a password", "https://huggingface.co:x@evil.example/m.gguf", "a user name before the host"],
  ["empty userinfo", "https://@huggingface.co/m.gguf", "a user name before the host"],
  ["a fragment", "https://huggingface.co/m.gguf#x", "a fragment (#)"],
  ["an empty fragment", "https://huggingface.co/m.gguf#", "a fragment (#)"],
  ["a fragment for a host", "https://evil.example#.huggingface.co/m.gguf", "a fragment (#)"],
  ["a backslash", "https://huggingface.co\\@evil.example/m.gguf", "a backslash"],
  ["a backslash for a slash", "https:\\\\huggingface.co\\m.gguf", "a backslash"],
  ["another port", "https://huggingface.co:8443/m.gguf", "a port other than 443"],
  ["an empty port", "https://huggingface.co:/m.gguf", "a port other than 443"],
  ["a padded port", "https://huggingface.co:0443/m.gguf", "a port other than 443"],
  ["a trailing dot", "https://huggingface.co./m.gguf", "not a plain host name"],
  ["an empty label", "https://huggingface..co/m.gguf", "not a plain host name"],
  ["an encoded host", "https://hugging%66ace.co/m.gguf", "not a plain host name"],
  ["an IPv6 address", "https://[::1]/m.gguf", "not a plain host name"],
  ["a decimal address", "https://2130706433/m.gguf", "URL parsers disagree about it"],
  ["a hexadecimal address", "https://0x7f.1/m.gguf", "URL parsers disagree about it"],
  [
    "a letter that looks like another",
    "https://huggingfаce.co/m.gguf",
    "a character that cannot stand in a URL",
  ],
  ["a full-width dot", "https://huggingface。co/m.gguf", "a character that cannot stand in a URL"],
  ["a soft hyphen", "https://hugging\u00adface.co/m.gguf", "a character that cannot stand in a URL"],
  ["a name that is no punycode", "https://xn--a.co/m.gguf", "URL parsers disagree about it"],
  ["a newline", "https://huggingface.co/m.gguf\n", "a character that cannot stand in a URL"],
  ["a tab in the host", "https://hugging\tface.co/m.gguf", "a character that cannot stand in a URL"],
  ["a NUL", "https://huggingface.co/\0", "a character that cannot stand in a URL"],
  ["a leading space", " https://huggingface.co/m.gguf", "a character that cannot stand in a URL"],
  ["..", "https://models.example/trusted/org/../evil/m.gguf", "a . or .. in the path"],
  ["a trailing ..", "https://models.example/trusted/org/..", "a . or .. in the path"],
  [".. with a parameter", "https://models.example/trusted/org/..;x/m.gguf", "a . or .. in the path"],
  [".", "https://models.example/./trusted/org/m.gguf", "a . or .. in the path"],
  [
    "an encoded dot",
    "https://models.example/trusted/org/%2e%2e/evil/m.gguf",
    "an encoded dot, separator, percent sign or control character in the path",
  ],
  [
    "an encoded capital dot",
    "https://models.example/trusted/org/.%2E/m.gguf",
    "an encoded dot, separator, percent sign or control character in the path",
  ],
  [
    "an encoded slash",
    "https://models.example/trusted%2forg/m.gguf",
    "an encoded dot, separator, percent sign or control character in the path",
  ],
  [
    "an encoded backslash",
    "https://models.example/trusted/org/..%5cevil",
    "an encoded dot, separator, percent sign or control character in the path",
  ],
  [
    "an encoded NUL",
    "https://huggingface.co/m.gguf%00.txt",
    "an encoded dot, separator, percent sign or control character in the path",
  ],
  [
    "text encoded twice",
    "https://huggingface.co/%252e%252e/m.gguf",
    "an encoded dot, separator, percent sign or control character in the path",
  ],
  ["a stray %", "https://huggingface.co/100%.gguf", "a % that encodes nothing"],
  ["an empty segment", "https://models.example//trusted/org/m.gguf", "an empty segment (//) in the path"],
];

for (const [why, origin, fault] of malformed) {
  Deno.test(`matchOrigin() refuses ${why}`, () => {
    const match = matchOrigin(origin, allowlist);
    assert.ok(!match.allowed);
    assert.equal(match.rule, "origin/malformed-url");
    assert.ok(match.message.endsWith(`not in sources.allowlist.yaml: ${fault}`), match.message);
    // deno-lint-ignore no-control-regex
    assert.ok(!/[\0-\x1f]/.test(match.message));
  });
}

Deno.test("matchOrigin() reads at most 4096 bytes", () => {
  const ofLength = (sizeBytes: number) => "https://huggingface.co/".padEnd(sizeBytes, "a");
  assert.ok(matchOrigin(ofLength(4096), allowlist).allowed);
  const match = matchOrigin(ofLength(4097), allowlist);
  assert.ok(!match.allowed && match.rule === "origin/malformed-url");
  assert.ok(match.message.length < 500);
});

Deno.test("matchOrigin() names the origin without its query, which can be a credential", () => {
  const match = matchOrigin("https://HUGGINGFACE.co:443/m.gguf?X-Amz-Signature=secret", allowlist);
  assert.ok(match.allowed);
  assert.equal(match.url, "https://huggingface.co/m.gguf");
});

Deno.test("matchOrigin() lets the most particular source speak", () => {
  const match = matchOrigin("https://huggingface.co/signed/m.gguf", allowlist);
  assert.ok(match.allowed && match.entry.requireSignature);
  assert.deepEqual([match.entry.allowedFormats, allowlist[0]?.allowedFormats], [null, [
    "safetensors",
    "gguf",
  ]]);
});

Deno.test("P004 an allowlist that is empty or absent allows nothing remote", () => {
  const empty = ["", "# nothing\n", "models: []", "models:\n", "version: 1\n"];
  for (const text of empty) {
    assert.deepEqual(loadAllowlist({ text, path: "sources.allowlist.yaml" }), []);
  }
  assert.equal(matchOrigin("https://huggingface.co/m.gguf", EMPTY_ALLOWLIST).allowed, false);
});

const badLists: [why: string, text: string, line: string][] = [
  [
    "P100 a misspelt key",
    "models:\n  - name: a\n    url_prefx: https://a.example/\n",
    "a:2:5: models[0].url_prefix: missing\na:3:5: models[0].url_prefx: unknown key; did you mean url_prefix?",
  ],
  [
    "a prefix that is not https",
    "models:\n  - {name: a, url_prefix: 'http://a.example/'}\n",
    "a:2:27: models[0].url_prefix: not an https URL",
  ],
  [
    "a prefix with a query",
    "models: [{name: a, url_prefix: 'https://a.example/?x'}]",
    "a:1:32: models[0].url_prefix: a prefix has no query",
  ],
  [
    "a prefix with a port",
    "models: [{name: a, url_prefix: 'https://a.example:8443/'}]",
    "a:1:32: models[0].url_prefix: a port other than 443",
  ],
  [
    "a prefix that is all the web",
    "models: [{name: a, url_prefix: 'https://'}]",
    "a:1:32: models[0].url_prefix: not a plain host name",
  ],
  [
    "a source without a name",
    "models: [{url_prefix: 'https://a.example/'}]",
    "a:1:10: models[0].name: missing",
  ],
  ["a list at the top", "- name: a", "a:1:1: expected a section of keys, found a list"],
];
for (const [why, text, line] of badLists) {
  Deno.test(`loadAllowlist() refuses ${why}`, () => {
    assert.equal(startupMessage("allowlist/schema", () => loadAllowlist({ text, path: "a" })), line);
  });
}
