import assert from "node:assert/strict";
import { join } from "node:path";
import type { Policy } from "../../src/model/mod.ts";
import { licensesInModelCard } from "../../src/formats/licenses.ts";
import { withDirectory } from "../make/directory.ts";
import { tinyLlama } from "../make/gguf.ts";
import { TRANSFORMERS } from "./models.ts";
import { policyWithoutPrograms, putBefore } from "./stages.ts";

function flagging(profile: Policy["profile"], ...flagLicenses: readonly string[]): Policy {
  const policy = policyWithoutPrograms(profile);
  return { ...policy, models: { ...policy.models, flagLicenses } };
}

const cards: readonly (readonly [what: string, text: string, licenses: readonly string[]])[] = [
  ["one license", "---\nlicense: cc-by-nc-4.0\n---\n# M\n", ["cc-by-nc-4.0"]],
  ["quotes, a comment and capitals", `---\nlicense: "CC-BY-NC-4.0" # sic\n---\n`, ["cc-by-nc-4.0"]],
  ["a list in brackets", "---\nlicense: [mit, apache-2.0]\n---\n", ["mit", "apache-2.0"]],
  ["a list below", "---\nlicense:\n- mit\n  - other\ntags:\n- cc-by-nc-4.0\n---\n", ["mit", "other"]],
  ["a name of its own", "---\nlicense: other\nlicense_name: research-only\n---\n", [
    "other",
    "research-only",
  ]],
  ["line ends of Windows", "---\r\nlicense: mit\r\n---\r\n", ["mit"]],
  ["no front matter", "# M\nlicense: cc-by-nc-4.0\n", []],
  ["a license in the text", "---\ntags: []\n---\nlicense: cc-by-nc-4.0\n", []],
  ["a key of another name", "---\nlicense_link: cc-by-nc-4.0\ndataset_license: gpl\n---\n", []],
  ["nothing", "", []],
];
for (const [what, text, licenses] of cards) {
  Deno.test(`licensesInModelCard() of ${what}`, () => assert.deepEqual(licensesInModelCard(text), licenses));
}

const card = (license: string) => ({ ...TRANSFORMERS, "README.md": `---\nlicense: ${license}\n---\n# M\n` });

Deno.test("D40: a license that the policy names is a finding in the model card: refused on an appliance, else noted", async () => {
  const examined = (policy: Policy, license: string) =>
    withDirectory(card(license), (root) => putBefore("static_scan", root, policy));
  const refused = await examined(flagging("appliance", "cc-by-nc*"), "cc-by-nc-4.0");
  assert.equal(refused.kind, "refused");
  const noted = await examined(flagging("standalone", "cc-by-nc-4.0"), "cc-by-nc-4.0");
  assert.equal(noted.kind, "cleared");
  assert.deepEqual(noted.findings.map(({ rule, path }) => [rule, path]), [["license/flagged", "README.md"]]);
  for (const license of ["cc-by-4.0", "apache-2.0", "openrail++"]) {
    assert.deepEqual((await examined(flagging("appliance", "cc-by-nc*"), license)).findings, [], license);
  }
});

Deno.test("D40: no license is a finding where the policy names none", async () => {
  const said = await withDirectory(
    card("cc-by-nc-4.0"),
    (root) => putBefore("static_scan", root, policyWithoutPrograms("appliance")),
  );
  assert.deepEqual([said.kind, said.findings], ["cleared", []]);
});

Deno.test("D40: a GGUF file declares its license in its header", async () => {
  const said = await withDirectory(
    { "m.gguf": tinyLlama() },
    (root) => putBefore("static_scan", join(root, "m.gguf"), flagging("standalone", "cc0-1.0")),
  );
  assert.deepEqual([said.summary, ...said.findings.map(({ rule }) => rule)], [
    "score=0.00, 1 note",
    "license/flagged",
  ]);
});
