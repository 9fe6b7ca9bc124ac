import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { cli } from "../support/cli.ts";
import { PROGRAM_ROOT } from "../support/lab.ts";
import { programTest } from "../support/programs.ts";
import { realTest } from "../support/real_parts.ts";

interface Row {
  readonly tool: string;
  readonly required: boolean;
  readonly version: string | null;
  readonly state: string;
  readonly advice: string | null;
}

/** What doctor says of the programs that check signatures. */
async function verifiers(
  cosign: string,
  more: readonly string[] = [],
): Promise<{ code: number; gpgv: Row; cosign: Row }> {
  const { code, stdout, stderr } = await cli(["doctor", "--json", ...more], { COSIGN_BIN: cosign });
  assert.notEqual(stdout, "", stderr);
  const tools: Row[] = JSON.parse(stdout).tools;
  const [first, second] = tools.filter(({ tool }) => tool === "gpgv" || tool === "cosign");
  assert.ok(first && second);
  return { code, gpgv: first, cosign: second };
}

/** Runs with a folder, which is gone afterwards. */
async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "doctor-" });
  try {
    await run(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

realTest(
  "doctor proves the real gpgv and cosign on a signature that fits and one that does not",
  ["COSIGN_BIN"],
  async ({ COSIGN_BIN }) => {
    const { code, gpgv, cosign } = await verifiers(COSIGN_BIN);
    assert.deepEqual([gpgv.state, gpgv.advice, gpgv.required], ["works", null, false]);
    assert.deepEqual([cosign.state, cosign.advice, cosign.required], ["works", null, false]);
    assert.match(gpgv.version ?? "", /^\d+\.\d+/);
    assert.notEqual(cosign.version, null);
    assert.equal(code, 0);
  },
);

const FALSE = "error: invalid signature when validating ASN.1 encoded signature";
const FAKES: readonly [what: string, verify: string, advice: RegExp][] = [
  [
    "finds everything good",
    "echo 'Verified OK' >&2",
    /^it passed a planted false signature; install it anew$/,
  ],
  [
    "finds nothing good",
    `echo '${FALSE}' >&2; exit 1`,
    /^it refused a planted good signature; install it anew$/,
  ],
  ["crashes", "exit 7", /ended with the unknown exit code 7$/],
];

for (const [what, verify, advice] of FAKES) {
  programTest(`doctor calls a cosign broken that ${what}`, ["bwrap"], () =>
    inFolder(async (folder) => {
      const program = join(folder, "bin", "cosign");
      fs.mkdirSync(join(folder, "bin"));
      const script = `#!/bin/sh\n[ "$1" != version ] || { echo 'GitVersion:    v3.1.1'; exit; }\n${verify}\n`;
      fs.writeFileSync(program, script, { mode: 0o755 });
      const { code, cosign } = await verifiers(program);
      assert.equal(cosign.state, "broken");
      assert.match(cosign.advice ?? "", advice);
      assert.equal(code, 1);
    }));
}

programTest(
  "doctor requires the programs that the policy's signers need, and says what to do",
  ["bwrap"],
  () =>
    inFolder(async (folder) => {
      const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const signer = {
        method: "key",
        name: "release key",
        public_key: publicKey.export({ type: "spki", format: "pem" }),
        second_opinion: "cosign",
      };
      const standalone = fs.readFileSync(join(PROGRAM_ROOT, "policy", "standalone.yaml"), "utf8");
      const publishers = JSON.stringify([{ source: "local", signers: [signer] }]);
      const policy = join(folder, "policy.yaml");
      fs.writeFileSync(policy, standalone.replace("publishers: []", `publishers: ${publishers}`));
      const { code, gpgv, cosign } = await verifiers("/nowhere/cosign", ["--policy", policy]);
      assert.equal(gpgv.required, false);
      assert.deepEqual([cosign.required, cosign.state, code], [true, "missing", 1]);
      assert.match(cosign.advice ?? "", /^install cosign and name it in COSIGN_BIN: /);
    }),
);
