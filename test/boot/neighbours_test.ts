import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { PLANTS } from "../../src/tools/scanners/plants.ts";
import { gguf, str, tinyLlama } from "../make/gguf.ts";
import { F32, safetensors } from "../make/safetensors.ts";
import { REPORTER_TOKEN } from "../neighbours/incident_recorder.ts";
import { ENGINE_TOKEN } from "../neighbours/policy_engine.ts";
import { TOKENS_B } from "../neighbours/registry_b.ts";
import { PROGRAM_ROOT } from "../support/lab.ts";
import { Appliance, bootTest, type Files, INCOMING, QUARANTINE, REGISTRY } from "./appliance.ts";

const SERVICE = "secure-ai-quarantine.service";
const STATE = "/var/lib/secure-ai-quarantine";
const CONTAINED = "/var/lib/secure-ai-quarantine-registry/contained-models";
const STAGING = "/var/lib/secure-ai/promotion-staging";
const VAULT = "/var/lib/secure-ai/vault/models";
/** Files of /etc/secure-ai/keys reach the coordinator under this. */
const CREDENTIALS = `/run/credentials/${SERVICE}/keys_`;

/** Of `{model_index.json: "{}", unet/w.safetensors: "abc"}`. */
const DIRECTORY_SHA256 = "a727eabdf254ef4cd4aa3282ef2e0dea09b507c539aed3091aabec771371faec";

/** What the neighbours run from: the contract servers of the tests, as they are. */
const SERVERS: Files = Object.fromEntries(
  [
    "boot/probes/neighbour.ts",
    ...["fault_registry", "go_replies", "incident_recorder", "policy_engine", "registry_b"].map((name) =>
      `neighbours/${name}.ts`
    ),
  ].map((path) => [`/srv/test/${path}`, () => fs.readFileSync(join(PROGRAM_ROOT, "test", path))]),
);

const MODELS: Files = {
  "/srv/clean.gguf": () => tinyLlama(),
  "/srv/keyed.gguf": () =>
    gguf({
      kv: [
        ["general.architecture", str("llama")],
        ["general.description", str(new TextDecoder().decode(PLANTS.yara.bad))],
      ],
      tensors: [{ name: "w", dims: [8] }],
    }),
  "/srv/other.safetensors": () => safetensors({ w: F32(4) }),
};

type Neighbour = "policy-engine" | "incident-recorder" | "registry-b";

/** A machine on which every neighbour is of the tests, each a unit that can be started and stopped. */
class Neighbourhood implements AsyncDisposable {
  private constructor(readonly appliance: Appliance) {}

  static async boot(parts: Parameters<typeof Appliance.boot>[0]): Promise<Neighbourhood> {
    const appliance = await Appliance.boot(parts, { ...SERVERS, ...MODELS }, (disk) => {
      for (const program of ["cosign", "yara"]) disk.install(program);
      disk.installScanners(["fickling", "modelaudit", "modelscan"]);
    });
    const { machine } = appliance;
    await appliance.setPolicy({
      behavioral_test: "false",
      consult: "true",
      report: "true",
      require_yara: "true",
    });
    // Only root may read them: they come to the coordinator as its keys do.
    await machine.must(`umask 077
      echo ${ENGINE_TOKEN} > /etc/secure-ai/keys/policy-engine.token
      echo ${REPORTER_TOKEN} > /etc/secure-ai/keys/incidents.token
      echo ${TOKENS_B.promote} > /etc/secure-ai/keys/promote.token
      echo ${TOKENS_B.read} > /etc/secure-ai/keys/read.token
      cat > /etc/secure-ai/quarantine.env <<'ENV'
POLICY_ENGINE_TOKEN_PATH=${CREDENTIALS}policy-engine.token
INCIDENT_TOKEN_PATH=${CREDENTIALS}incidents.token
ENV
      systemctl stop ${SERVICE}`);
    return new Neighbourhood(appliance);
  }

  get machine() {
    return this.appliance.machine;
  }

  async start(name: Neighbour): Promise<void> {
    await this.machine.must(`systemd-run --quiet --unit=${name} --setenv=DENO_DIR=/tmp/${name} \
      /usr/lib/ai-quarantine/deno run --quiet --no-config --no-remote --no-npm --no-check --allow-net=127.0.0.1 --allow-read --allow-write \
      /srv/test/boot/probes/neighbour.ts ${name}
      until [ -e /run/${name}.jsonl ]; do sleep 0.05; done`);
  }

  async stop(name: Neighbour): Promise<void> {
    await this.machine.must(`systemctl stop ${name}; rm /run/${name}.jsonl`);
  }

  /** Status and body of every request a neighbour was sent since it was started. */
  async heard(name: Neighbour): Promise<{ status: number; body: string }[]> {
    const text = await this.machine.must(`cat /run/${name}.jsonl`);
    return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** Drops models of /srv under names and waits for how each ended. */
  async drop(drops: Readonly<Record<string, readonly [model: string, ended: string]>>): Promise<void> {
    const copies = Object.entries(drops).map(([name, [model]]) => `cp /srv/${model} ${INCOMING}/${name}`);
    await this.machine.must(copies.join("\n"));
    for (const [, ended] of Object.values(drops)) await this.appliance.says(ended, 60_000);
  }

  /** Posts to our own registry with its token; what it answered. */
  async registry(route: string, body: unknown): Promise<Readonly<Record<string, unknown>>> {
    return JSON.parse(
      await this.machine.must(`python3 -c '
import urllib.request
token = open("/var/lib/secure-ai-quarantine-registry/token").read().strip()
request = urllib.request.Request("http://127.0.0.1:8470${route}", headers={"authorization": "Bearer " + token})
print(urllib.request.urlopen(request, b"""${JSON.stringify(body)}""").read().decode())'`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.appliance[Symbol.asyncDispose]();
  }
}

bootTest("a booted appliance, the real scanners and its neighbours", async (parts, t) => {
  await using here = await Neighbourhood.boot(parts);
  const { machine, appliance } = here;
  const json = async (path: string) => JSON.parse(await machine.must(`cat ${path}`));
  const asked = async () =>
    (await here.heard("policy-engine")).map(({ status, body }) => `${status} ${JSON.parse(body).subject}`);
  const tamper = (name: string) => machine.must(`printf x >> ${REGISTRY}/${name}`);

  await t.step("P150: what the policy engine allows is promoted", async () => {
    await here.start("policy-engine");
    await here.drop({
      "allowed.gguf": ["clean.gguf", "PROMOTED: allowed "],
      "keyed.gguf": ["keyed.gguf", "FAILED: keyed.gguf \\(static_scan: yara/match\\)"],
    });
    assert.deepEqual(await asked(), ["200 allowed.gguf"]);
    const record = await json(`${REGISTRY}/allowed.gguf.provenance.json`);
    assert.equal(record.policy_decision.rule_id, "models.allowed_formats.gguf");
  });

  await t.step("P067: in the scanner's unit the real scanners looked at it, as the record says", async () => {
    const { scanners, sandbox } = await json(`${REGISTRY}/allowed.gguf.provenance.json`);
    console.log(JSON.stringify(scanners));
    for (const name of ["modelaudit", "yara"]) {
      assert.equal(scanners[name], (await machine.must(`${name} --version`)).trim().split(" ").at(-1));
    }
    assert.equal(sandbox, "systemd");
  });

  await t.step("P131: what one finds there refuses, in its words", async () => {
    const line = (await machine.journal()).find((one) => one.includes("static_scan — FAIL"));
    console.log(line);
    assert.match(line ?? "", /yara detected private_key: a private key in PEM form, with its body/);
    const report = await json(`${QUARANTINE}/rejected/keyed.gguf.report.json`);
    assert.match(report.scan_details.yara_version, /^\d+\.\d+/);
  });

  await t.step("P047-P049: there doctor tries each on a planted bad file and a clean one", async () => {
    const { code, stdout } = await machine.say("ai-quarantine doctor --json");
    const tools: { tool: string; state: string; version: string | null; advice: string | null }[] =
      JSON.parse(stdout).tools;
    for (const { tool, state, version } of tools) console.log(`${tool} ${state} ${version ?? ""}`);
    const states = tools.map(({ tool, state, advice }) =>
      `${tool} ${state}${advice === null ? "" : `: ${advice}`}`
    );
    assert.deepEqual(states, [
      "systemd found",
      "llama-server found",
      "modelscan works",
      "fickling works",
      "modelaudit works",
      "gguf-guard missing: build gguf-guard from its source and name it in GGUF_GUARD_BIN",
      "yara works",
      "garak missing: install garak and name it in GARAK_BIN",
      "gpgv missing: install gpgv: without it no GPG signature can be verified",
      "cosign works",
    ]);
    assert.equal(code, 0);
    assert.equal(await machine.must(`ls -A ${QUARANTINE}/scanning`), "");
    // From here on they would only take time. What is installed is looked up at the start.
    await machine.must(
      `rm /usr/bin/fickling /usr/bin/modelaudit /usr/bin/modelscan; systemctl stop ${SERVICE}`,
    );
  });

  await t.step(
    "P150: while it is away nothing is promoted and nothing is lost; what it denies is refused",
    async () => {
      await here.stop("policy-engine");
      await here.drop({ "waiting.gguf": ["clean.gguf", "HELD: waiting.gguf \\(engine/unreachable\\)"] });
      await machine.must(`test -e ${QUARANTINE}/held/waiting.gguf && test ! -e ${REGISTRY}/waiting.gguf`);
      await here.start("policy-engine");
      await machine.must("ai-quarantine retry waiting.gguf");
      await here.drop({
        "denied.safetensors": ["other.safetensors", "(REJECTED|FAILED): denied.safetensors .*engine/denied"],
      });
      await appliance.says("PROMOTED: waiting ");
      assert.deepEqual((await asked()).sort(), ["200 denied.safetensors", "200 waiting.gguf"]);
      assert.equal((await machine.say(`test -e ${REGISTRY}/denied.safetensors`)).code, 1);
    },
  );

  await t.step("P152: a boundary event waits on disk while the incident recorder is away", async () => {
    await tamper("allowed.gguf");
    await here.drop({ "allowed.gguf": ["clean.gguf", "HELD: allowed.gguf \\(registry/conflict\\)"] });
    await appliance.says("the incident recorder is away");
    assert.equal((await machine.must(`ls ${STATE}/incidents/*.json | wc -l`)).trim(), "1");
  });

  await t.step("P152: and reaches it before the next when it is back", async () => {
    await here.start("incident-recorder");
    await tamper("waiting.gguf");
    await here.drop({ "waiting.gguf": ["clean.gguf", "HELD: waiting.gguf \\(registry/conflict\\)"] });
    await machine.until(`[ "$(wc -l < /run/incident-recorder.jsonl)" = 2 ]`);
    const heard = (await here.heard("incident-recorder")).map(({ status, body }) => {
      const { class: kind, evidence } = JSON.parse(body);
      return `${status} ${kind} ${evidence.model_name}`;
    });
    assert.deepEqual(heard, ["201 manifest_mismatch allowed", "201 manifest_mismatch waiting"]);
    await machine.until(`! ls ${STATE}/incidents/*.json`);
  });

  await t.step("P152: what the registry is told to take out of use stands in the audit log", async () => {
    // A directory too, to which somebody has added a link.
    await machine.must(`runuser -u secure-ai-quarantine -- sh -euc '
      cd ${REGISTRY}; mkdir -p sdxl/unet; printf {} > sdxl/model_index.json; printf abc > sdxl/unet/w.safetensors'`);
    const sdxl = { name: "sdxl", filename: "sdxl", sha256: DIRECTORY_SHA256, size_bytes: 5 };
    assert.equal((await here.registry("/v1/model/promote", sdxl)).sha256, DIRECTORY_SHA256);
    await machine.must(`ln -s /etc/passwd ${REGISTRY}/sdxl/unet/later`);
    const order = { action: "quarantine", incident_id: "INC-20260308-143000-0002" };
    for (const model_name of ["waiting", "sdxl"]) {
      const said = await here.registry("/api/v1/quarantine", { ...order, model_name });
      assert.equal(said.status, "quarantined");
    }
    const contained = await machine.must(`cd ${CONTAINED}; find -type f ! -name 'incident-*' | sort`);
    assert.deepEqual(contained.replaceAll(/contained-[0-9a-f]{12}-/g, "").trim().split("\n"), [
      "./sdxl/model_index.json",
      "./sdxl/unet/w.safetensors",
      "./waiting.gguf",
      "./waiting.gguf.cdx.json",
      "./waiting.gguf.manifest.json",
      "./waiting.gguf.provenance.json",
    ]);

    await machine.must(`systemctl restart ${SERVICE}`);
    await appliance.says("sdxl was taken out of use by incident INC-20260308-143000-0002");
    await appliance.says("waiting.gguf was taken out of use by incident INC-20260308-143000-0002");
    const log = await machine.must("cat /var/lib/secure-ai/logs/quarantine-audit.jsonl");
    const entries = log.trim().split("\n").map((line) => JSON.parse(line)).filter(({ event }) =>
      event === "contained"
    );
    assert.deepEqual(
      entries.map(({ data }) => `${data.filename} ${data.incident} ${data.severity}`).sort(),
      ["sdxl", "waiting.gguf"].map((name) => `${name} ${order.incident_id} CRITICAL`),
    );
  });

  await t.step("P149: a registry of dialect B takes a model from its staging directory", async () => {
    // As its own image makes them.
    await machine.must(`systemctl stop ${SERVICE} secure-ai-quarantine-registry.service
      install -d -m 2770 -g secure-ai-promotion ${STAGING}
      install -d ${VAULT}
      cp -r /usr/share/ai-quarantine/policy/yara /etc/secure-ai/policy/
      printf 'version: 1\nmodels: []\n' > /etc/secure-ai/policy/diffusion-models.lock.yaml
      cat >> /etc/secure-ai/quarantine.env <<'ENV'
REGISTRY_TOKEN_PATH=${CREDENTIALS}promote.token
REGISTRY_READ_TOKEN_PATH=${CREDENTIALS}read.token
ENV`);
    await here.start("registry-b");
    await here.drop({ "staged.gguf": ["clean.gguf", "PROMOTED: staged "] });
    await machine.must(`cmp /srv/clean.gguf ${VAULT}/staged.gguf`);
    assert.equal(await machine.must(`ls -A ${STAGING}`), "");
    assert.equal((await appliance.audit()).valid, true);
  });
});
