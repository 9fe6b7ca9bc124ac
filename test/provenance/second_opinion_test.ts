import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { digestInPlace, signaturesBeside } from "../../src/admission/mod.ts";
import { type Artifact, type Judgement, UndecidedError } from "../../src/model/mod.ts";
import { withSecondOpinion } from "../../src/roles/second_opinion.ts";
import type { Verifier } from "../../src/roles/signatures.ts";
import { runScannerSandbox } from "../support/fake_tool.ts";
import { withDirectory } from "../make/directory.ts";
import { now } from "../policy/support.ts";
import { Cosign, OFFLINE } from "../support/cosign.ts";
import { realTest } from "../support/real_parts.ts";
import { policyWith } from "./support.ts";

const MODEL = new TextEncoder().encode("weights ".repeat(500));

/** cosign as the coordinator starts it. */
const cosignIn = (program: string): Verifier => ({
  program,
  open: runScannerSandbox(program, [dirname(dirname(program))]),
});

/** What the examiner would say of a signature that holds. */
const holds = (file: string, form: string): Judgement => ({
  kind: "cleared",
  summary: "signed by release key",
  notes: [],
  evidence: {
    status: "signed",
    signatures: [{ file, form, verified: { signer: "release key", method: "key" } }],
  },
});

realTest(
  "P111 the real cosign gives a second opinion about signatures of one file",
  ["COSIGN_BIN"],
  async ({ COSIGN_BIN }) => {
    await withDirectory({ "m.gguf": MODEL, "other": "other bytes" }, async (root) => {
      const cosign = new Cosign(COSIGN_BIN, root);
      const pem = await cosign.importKey("own", "P-256");
      const signer = {
        method: "key" as const,
        name: "release key",
        public_key: pem,
        second_opinion: "cosign" as const,
      };
      const path = join(root, "m.gguf");
      const ask = (judgement: Judgement, verifier = cosignIn(COSIGN_BIN)) => {
        const artifact: Artifact = {
          name: "m.gguf",
          path,
          shape: "file",
          format: "gguf",
          sizeBytes: MODEL.byteLength,
          origin: { kind: "local" },
          digest: digestInPlace(path, {}),
          digestFrom: "coordinator",
          signatures: signaturesBeside(path),
        };
        const used: string[] = [];
        const context = {
          policy: policyWith([{ source: "local", signers: [signer] }]),
          now,
          signal: new AbortController().signal,
          progress: () => {},
          record: () => {},
          used: (program: string) => void used.push(program),
        };
        return withSecondOpinion(judgement, artifact, context, verifier).then((said) => ({ said, used }));
      };
      const bundle = holds("m.gguf.sigstore.json", "bundle");
      await cosign.must(
        "sign-blob",
        "--key",
        "own.key",
        ...OFFLINE,
        "--bundle",
        "m.gguf.sigstore.json",
        "m.gguf",
      );
      assert.deepEqual(await ask(bundle), { said: bundle, used: ["cosign"] });

      const bare = ["--new-bundle-format=false", "--output-signature", "m.gguf.sig", "--bundle", "old.json"];
      await cosign.must("sign-blob", "--key", "own.key", ...OFFLINE, ...bare, "m.gguf");
      const ofBare = holds("m.gguf.sig", "base64");
      assert.deepEqual((await ask(ofBare)).said, ofBare);

      fs.rmSync(join(root, "m.gguf.sigstore.json"));
      await cosign.must(
        "sign-blob",
        "--key",
        "own.key",
        ...OFFLINE,
        "--bundle",
        "m.gguf.sigstore.json",
        "other",
      );
      const { said } = await ask(bundle);
      assert.ok(said.kind === "refused" && said.findings[0].rule === "signature/disputed");
      assert.equal(said.summary, "signature verification failed");

      await assert.rejects(
        ask(bundle, { missing: "cosign not installed" }),
        (error) => error instanceof UndecidedError && error.rule === "line/missing-program",
      );
      fs.writeFileSync(join(root, "m.gguf.sigstore.json"), '{"messageSignature"');
      await assert.rejects(
        ask(bundle),
        (error) => error instanceof UndecidedError && error.rule === "scanner/crashed",
      );
    });
  },
);
