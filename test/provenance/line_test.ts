import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { MAX_SIGNATURE_BYTES } from "../../src/provenance/files.ts";
import { withDirectory } from "../make/directory.ts";
import { tinyLlama } from "../make/gguf.ts";
import { envelopeBundle, keyIdOf, makeKey, sha256, statementAbout, textOf } from "../make/model_signing.ts";
import { cli } from "../support/cli.ts";
import { Lab, moveBack, outcomeOf, settle } from "../support/lab.ts";
import { LabRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();
const key = makeKey();
const signature = (bytes: Uint8Array): Uint8Array =>
  textOf(envelopeBundle(statementAbout({ ".": bytes }), { key }));
const STAGE = "[quarantine] Stage 4/7: provenance_check — ";

function labTrusting(required: boolean, source = "local"): Lab {
  const signers = [{ method: "key", name: "release key", public_key: key.pem }];
  return Lab.make({ publishers: JSON.stringify([{ source, required, signers }]) });
}

/** Puts a hidden signature into incoming, then the model. */
function drop(lab: Lab, bundle: Uint8Array | null, source?: string): void {
  if (bundle !== null) fs.writeFileSync(join(lab.places.incoming, ".m.gguf.sig"), bundle);
  lab.drop("m.gguf", MODEL, source);
}

const said = (lab: Lab): string[] =>
  lab.journal.filter((line) => line.includes(STAGE)).map((line) => line.slice(3));

Deno.test("P007 a signed drop is promoted, and record, journal and audit log say by whom", async () => {
  using lab = labTrusting(true);
  await using registry = new LabRegistry(lab);
  const bundle = signature(MODEL);
  drop(lab, bundle);
  const [ended] = await lab.watch({ registry: registry.client });
  assert.equal(outcomeOf(ended), "passed");
  assert.deepEqual(said(lab), [`${STAGE}verifying signature...`, `${STAGE}PASS (signed by release key)`]);
  const record = JSON.parse(fs.readFileSync(join(lab.places.registry, "m.gguf.provenance.json"), "utf8"));
  const by = {
    identity: null,
    issuer: null,
    time: null,
    signer: "release key",
    method: "key",
    key: keyIdOf(key),
  };
  assert.deepEqual(record.signature, {
    status: "signed",
    required: true,
    signatures: [{ file: ".m.gguf.sig", sha256: sha256(bundle), form: "bundle", verified: by }],
  });
  const audited = lab.events("stage").find(({ stage }) => stage === "provenance_check");
  assert.equal(audited?.summary, "signed by release key");
  assert.deepEqual(lab.names("incoming"), [], "the signature goes with the model");
});

Deno.test("P112 a bad signature fails stage 4, in every output, and again when the bytes come back", async () => {
  using lab = labTrusting(false);
  await using registry = new LabRegistry(lab);
  drop(lab, signature(MODEL.slice(1)));
  const [ended] = await lab.watch({ registry: registry.client });
  assert.equal(outcomeOf(ended), "failed signature/other-bytes");
  assert.equal(said(lab)[1], `${STAGE}FAIL: signature verification failed`);
  assert.equal(
    lab.journal.at(-1),
    "<2>[quarantine] FAILED: m.gguf (provenance_check: signature/other-bytes)",
  );
  const report = lab.report("rejected", "m.gguf");
  assert.deepEqual([report.failed_stage, report.reason, report.rule], [
    "provenance_check",
    "signature verification failed",
    "signature/other-bytes",
  ]);
  assert.match(
    report.scan_details.findings[0].message,
    /^\.m\.gguf\.sig: m\.gguf: signed: [0-9a-f]{64} actual: [0-9a-f]{64}$/,
  );
  assert.deepEqual(lab.names("rejected"), [".m.gguf.sig", "m.gguf", "m.gguf.report.json"]);
  moveBack(lab, "rejected", "m.gguf");
  settle(join(lab.places.incoming, "m.gguf"));
  const [again] = await lab.watch({ registry: registry.client });
  assert.equal(outcomeOf(again), "failed signature/other-bytes");
});

Deno.test("no signature: refused where the policy requires one, else `unsigned` in every output", async () => {
  using strict = labTrusting(true);
  await using first = new LabRegistry(strict);
  drop(strict, null);
  const [refused] = await strict.watch({ registry: first.client });
  assert.equal(outcomeOf(refused), "failed signature/absent");
  assert.equal(said(strict)[1], `${STAGE}FAIL: no signature, and the policy requires one for this source`);

  using relaxed = labTrusting(false);
  await using second = new LabRegistry(relaxed);
  drop(relaxed, null);
  const [passed] = await relaxed.watch({ registry: second.client });
  assert.equal(outcomeOf(passed), "passed");
  assert.equal(said(relaxed)[1], `${STAGE}PASS (unsigned)`);
  const record = fs.readFileSync(join(relaxed.places.registry, "m.gguf.provenance.json"), "utf8");
  assert.deepEqual(JSON.parse(record).signature, { status: "unsigned", required: false, signatures: [] });
  const audited = relaxed.events("stage").find(({ stage }) => stage === "provenance_check");
  assert.equal(audited?.summary, "unsigned");
  for (const text of [record, ...relaxed.journal]) assert.doesNotMatch(text, /verified|signed by/);
});

Deno.test("a source whose allowlist entry requires a signature gets none in without one", async () => {
  using lab = labTrusting(false, "https://huggingface.co/team");
  await using registry = new LabRegistry(lab);
  const source = "https://huggingface.co/team/m/resolve/main/m.gguf";
  lab.pin("m.gguf", sha256(MODEL));
  fs.writeFileSync(
    join(lab.root, "policy", "sources.allowlist.yaml"),
    'models: [{ name: hub, url_prefix: "https://huggingface.co/", require_signature: true }]\n',
  );
  drop(lab, null, source);
  assert.equal(outcomeOf((await lab.watch({ registry: registry.client }))[0]), "failed signature/absent");
  moveBack(lab, "rejected", "m.gguf");
  settle(join(lab.places.incoming, "m.gguf"));
  fs.writeFileSync(join(lab.places.incoming, ".m.gguf.sig"), signature(MODEL));
  assert.equal(outcomeOf((await lab.watch({ registry: registry.client }))[0]), "passed");
});

const hostile: [what: string, put: (path: string) => void][] = [
  ["a link", (path) => fs.symlinkSync("/etc/hostname", path)],
  ["a directory", (path) => fs.mkdirSync(path)],
  ["a huge file", (path) => fs.writeFileSync(path, new Uint8Array(MAX_SIGNATURE_BYTES + 1))],
  ["a pipe", (path) => new Deno.Command("mkfifo", { args: [path] }).outputSync()],
];
for (const [what, put] of hostile) {
  Deno.test(`${what} in the signature's place is refused unread`, async () => {
    using lab = labTrusting(false);
    await using registry = new LabRegistry(lab);
    put(join(lab.places.incoming, ".m.gguf.sig"));
    drop(lab, null);
    assert.equal(
      outcomeOf((await lab.watch({ registry: registry.client }))[0]),
      "failed signature/unreadable",
    );
  });
}

Deno.test("without a named signer a signature adds no trust, and only one about other bytes refuses", async () => {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  drop(lab, signature(MODEL));
  assert.equal(outcomeOf((await lab.watch({ registry: registry.client }))[0]), "passed");
  assert.equal(said(lab)[1], `${STAGE}PASS (signature not verified)`);
  const record = JSON.parse(fs.readFileSync(join(lab.places.registry, "m.gguf.provenance.json"), "utf8"));
  assert.equal(record.signature.status, "unverified");
  fs.writeFileSync(join(lab.places.incoming, ".n.gguf.sig"), signature(MODEL.slice(1)));
  lab.drop("n.gguf", MODEL);
  assert.equal(
    outcomeOf((await lab.watch({ registry: registry.client }))[0]),
    "failed signature/other-bytes",
  );
});

Deno.test("check takes the signature beside a file or inside a directory, in the examiner", async () => {
  using lab = labTrusting(true);
  await withDirectory({ "m.gguf": MODEL, "dir/m.gguf": MODEL, "n.gguf": MODEL }, async (root) => {
    fs.writeFileSync(join(root, "m.gguf.sig"), signature(MODEL));
    const whole = envelopeBundle(statementAbout({ "m.gguf": MODEL }), { key });
    fs.writeFileSync(join(root, "dir", "model.sig"), textOf(whole));
    const paths = ["m.gguf", "dir", "n.gguf"].map((name) => join(root, name));
    const ran = await cli(["check", "--json", "--policy", lab.policyPath, ...paths], {
      XDG_STATE_HOME: lab.places.state,
    });
    const stages = ran.stdout.trim().split("\n").map((line) => JSON.parse(line).stages[3]);
    assert.deepEqual(stages.map(({ outcome, summary }) => [outcome, summary]), [
      ["PASS", "signed by release key"],
      ["PASS", "signed by release key"],
      ["FAIL", "no signature, and the policy requires one for this source"],
    ]);
  });
});
