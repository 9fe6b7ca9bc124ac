import assert from "node:assert/strict";
import fs from "node:fs";
import { basename, join } from "node:path";
import { digestInPlace, signaturesBeside } from "../../src/admission/mod.ts";
import { type Artifact, type Policy, type RuleId, UndecidedError } from "../../src/model/mod.ts";
import { provenanceJob, type Verifier } from "../../src/roles/signatures.ts";
import { runScannerSandbox } from "../support/fake_tool.ts";
import { programOnPath } from "../support/programs.ts";
import { examine, policyWith, type PublisherInput, type Said } from "./support.ts";

const MODEL = new TextEncoder().encode("weights ".repeat(1000));
const GOOD = "signed by good's release key";
/** Before these tests, so that keys and signatures of that time can have ended. */
const LONG_AGO = "20200101T000000";

/** A real GnuPG with a home of its own, whose agent ends with it. */
class Gpg implements AsyncDisposable {
  private constructor(readonly home: string) {}

  static make(): Gpg {
    return new Gpg(Deno.makeTempDirSync({ prefix: "gpg-" }));
  }

  async run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#command("gpg", [
      "--batch",
      "--no-tty",
      "--pinentry-mode",
      "loopback",
      "--passphrase",
      "",
      ...args,
    ]);
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }

  /** A key to sign with; `ends` is a time of GnuPG, such as `2020-02-01`. */
  async key(name: string, ends = "never", at: readonly string[] = []): Promise<void> {
    await this.run(...at, "--quick-generate-key", `${name} <${name}@example.org>`, "ed25519", "sign", ends);
  }

  async fingerprint(name: string): Promise<string> {
    const listed = await this.run("--with-colons", "--list-keys", name);
    return /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? "";
  }

  /** The revocation GnuPG makes with every key, less the colon that keeps it from being used by mistake. */
  async revoke(name: string): Promise<void> {
    const path = join(this.home, "openpgp-revocs.d", `${await this.fingerprint(name)}.rev`);
    fs.writeFileSync(path, fs.readFileSync(path, "utf8").replace(/^:-----/m, "-----"));
    await this.run("--import", path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#command("gpgconf", ["--kill", "all"]);
    fs.rmSync(this.home, { recursive: true, force: true });
  }

  #command(program: string, args: readonly string[]) {
    const env = { GNUPGHOME: this.home, PATH: "/usr/bin:/bin", LANG: "C.UTF-8" };
    return new Deno.Command(program, { args: [...args], clearEnv: true, env, stdin: "null" }).output();
  }
}

/** Local models must be signed with one of these keys. */
async function publisher(gpg: Gpg, names: readonly string[]): Promise<PublisherInput> {
  const signers = await Promise.all(names.map(async (name) => ({
    method: "gpg" as const,
    name: `${name}'s release key`,
    fingerprint: await gpg.fingerprint(name),
    public_key: await gpg.run("--armor", "--export", name),
  })));
  return { source: "local", signers };
}

/** gpgv as the coordinator starts it: in a sandbox of its own for each question. */
const GPGV: Verifier = {
  program: "/usr/bin/gpgv",
  open: runScannerSandbox("/usr/bin/gpgv", []),
};

/** What stage 4 says of a model and the signature `NAME.asc` beside it, as the coordinator has it examined. */
async function verdict(model: string, policy: Policy, gpgv = GPGV): Promise<Said> {
  const artifact: Artifact = {
    name: basename(model),
    path: model,
    shape: "file",
    format: "gguf",
    sizeBytes: MODEL.byteLength,
    origin: { kind: "local" },
    digest: digestInPlace(model, {}),
    digestFrom: "coordinator",
    signatures: signaturesBeside(model),
  };
  const context = {
    policy,
    now: () => new Date(),
    signal: new AbortController().signal,
    progress: () => {},
    record: () => {},
  };
  const job = await provenanceJob(artifact, context, {
    trustRoots: [],
    requiredFrom: () => false,
    cosign: { missing: "not asked here" },
    gpgv,
  });
  return await examine(artifact, { policy, gpg: job.gpg, now: context.now });
}

const missing = ["gpg", "gpgv", "bwrap"].filter((name) => programOnPath(name) === null);
const ignore = missing.length > 0 && Deno.env.get("CI") !== "true";
const title = "P111 P112 detached GPG signatures: good, bad, unknown, expired, revoked";

Deno.test({ name: ignore ? `${title} [no ${missing.join(", ")}]` : title, ignore, fn: detachedSignatures });

async function detachedSignatures(): Promise<void> {
  await using gpg = Gpg.make();
  const root = gpg.home;
  const longAgo = ["--faked-system-time", LONG_AGO];
  await gpg.key("good");
  await gpg.key("unknown");
  await gpg.key("old", "2020-02-01", longAgo);
  await gpg.key("early", "never", longAgo);
  await gpg.key("revoked");
  const model = join(root, "m.gguf");
  fs.writeFileSync(model, MODEL);
  const sign = async (name: string, file: string, ...more: string[]) => {
    fs.rmSync(`${model}.asc`, { force: true });
    await gpg.run(
      ...more,
      "--local-user",
      name,
      "--armor",
      "--output",
      `${model}.asc`,
      "--detach-sign",
      file,
    );
  };
  const other = join(root, "other");
  fs.writeFileSync(other, "other bytes");

  await sign("revoked", model);
  const byRevoked = fs.readFileSync(`${model}.asc`);
  await gpg.revoke("revoked");
  const policy = policyWith([await publisher(gpg, ["good", "old", "early", "revoked"])]);

  const rows: [why: string, make: () => unknown, rule: RuleId | null][] = [
    ["good", () => sign("good", model), null],
    ["bad", () => sign("good", other), "signature/false"],
    ["unknown", () => sign("unknown", model), "signer/unknown"],
    ["by an expired key", () => sign("old", model, ...longAgo), "signer/expired"],
    [
      "expired itself",
      () => sign("early", model, ...longAgo, "--default-sig-expire", "1d"),
      "signature/expired",
    ],
    ["by a revoked key", () => fs.writeFileSync(`${model}.asc`, byRevoked), "signer/revoked"],
    ["over text, not bytes", () => sign("good", model, "--textmode"), "signature/algorithm"],
    [
      "with a hash that can be forged",
      () => sign("good", model, "--digest-algo", "SHA1"),
      "signature/algorithm",
    ],
    ["cut", () => fs.truncateSync(`${model}.asc`, 60), "signature/malformed"],
  ];
  for (const [why, make, rule] of rows) {
    await make();
    const said = await verdict(model, policy);
    assert.deepEqual(said.rules, rule === null ? [] : [rule], why);
    assert.equal(said.summary, rule === null ? GOOD : "signature verification failed", why);
  }
  await sign("good", model, "--no-armor");
  fs.renameSync(`${model}.asc`, `${model}.sig`);
  assert.equal((await verdict(model, policy)).summary, GOOD, "binary, as .sig");

  const none = { missing: "gpgv not installed" };
  await assert.rejects(
    verdict(model, policy, none),
    (error) => error instanceof UndecidedError && error.rule === "line/missing-program",
  );
  const optional = { ...await publisher(gpg, ["good"]), required: false };
  const relaxed = policyWith([optional], { quarantine: { scanner_missing: "warn-and-skip" } });
  const skipped = await verdict(model, relaxed, none);
  assert.deepEqual([skipped.summary, skipped.rules], ["signature not verified", ["provenance/unverified"]]);
}
