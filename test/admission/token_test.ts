import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { type TokenReader, tokenReader } from "../../src/registry/mod.ts";
import { tokenPlaces } from "../../src/roles/registry_access.ts";
import type { Environment } from "../../src/roles/environment.ts";
import { tinyLlama } from "../make/gguf.ts";
import { clientOf, TOKEN } from "../registry/fixture.ts";
import { Lab, outcomeOf } from "../support/lab.ts";
import { LabRegistry } from "../support/registries.ts";

const MODEL = tinyLlama();

/** Reads the token as the coordinator does with these variables. */
function tokenOf(lab: Lab, variables: Readonly<Record<string, string>>): TokenReader {
  const env: Environment = (name) => variables[name];
  return tokenReader(tokenPlaces(lab.world({ env })));
}

function tokenFile(lab: Lab, name: string, token: string, mode = 0o640): string {
  const path = join(lab.root, name);
  fs.writeFileSync(path, token + "\n", { mode });
  fs.chmodSync(path, mode);
  return path;
}

async function admitWith(token: (lab: Lab) => TokenReader): Promise<string> {
  using lab = Lab.make();
  await using registry = new LabRegistry(lab);
  lab.drop("m.gguf", MODEL);
  const [ended] = await lab.watch({ registry: clientOf(registry.url, { token: token(lab) }) });
  assert.deepEqual(Object.keys(await registry.models()), outcomeOf(ended) === "passed" ? ["m"] : []);
  return outcomeOf(ended);
}

const rows: readonly (readonly [why: string, outcome: string, token: (lab: Lab) => TokenReader])[] = [
  ["P043: in a file", "passed", (lab) => tokenOf(lab, { SERVICE_TOKEN_PATH: tokenFile(lab, "t", TOKEN) })],
  [
    "P045: in SERVICE_TOKEN, over a file with another",
    "passed",
    (lab) => tokenOf(lab, { SERVICE_TOKEN: TOKEN, SERVICE_TOKEN_PATH: tokenFile(lab, "t", "wrong") }),
  ],
  [
    "P045: wrong in SERVICE_TOKEN, over a file with the right one",
    "error registry/forbidden",
    (lab) => tokenOf(lab, { SERVICE_TOKEN: "wrong", SERVICE_TOKEN_PATH: tokenFile(lab, "t", TOKEN) }),
  ],
  [
    "in REGISTRY_TOKEN_PATH, over SERVICE_TOKEN_PATH",
    "passed",
    (lab) =>
      tokenOf(lab, {
        REGISTRY_TOKEN_PATH: tokenFile(lab, "r", TOKEN),
        SERVICE_TOKEN_PATH: tokenFile(lab, "s", "wrong"),
      }),
  ],
  ["nowhere", "error registry/forbidden", (lab) => tokenOf(lab, {})],
  [
    "in a file that is missing",
    "error registry/token",
    (lab) => tokenOf(lab, { SERVICE_TOKEN_PATH: join(lab.root, "missing") }),
  ],
  [
    "in a file that everybody may read",
    "error registry/token",
    (lab) => tokenOf(lab, { SERVICE_TOKEN_PATH: tokenFile(lab, "t", TOKEN, 0o644) }),
  ],
  [
    "of another registry",
    "error registry/forbidden",
    (lab) => tokenOf(lab, { SERVICE_TOKEN_PATH: tokenFile(lab, "t", "wrong") }),
  ],
];

for (const [why, outcome, token] of rows) {
  Deno.test(`a token ${why}: ${outcome}`, async () => assert.equal(await admitWith(token), outcome));
}

Deno.test("P044: a token rotated between two promotions is used without a restart", async () => {
  using lab = Lab.make();
  let current = TOKEN;
  await using registry = new LabRegistry(lab, () => Promise.resolve(current));
  const path = tokenFile(lab, "t", TOKEN);
  const client = clientOf(registry.url, { token: tokenOf(lab, { SERVICE_TOKEN_PATH: path }) });
  const rotated = "next".repeat(16);
  const step = (name: string) => {
    if (name !== "promote:closed") return;
    current = rotated;
    tokenFile(lab, "t", rotated);
  };
  lab.drop("a.gguf", MODEL);
  lab.drop("b.gguf", MODEL);
  assert.deepEqual((await lab.watch({ registry: client, step })).map(outcomeOf), ["passed", "passed"]);
});
