import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateKeyPairSync, verify } from "node:crypto";
import { Appliance, bootTest, INCOMING, REGISTRY } from "./appliance.ts";

const SERVICE = "secure-ai-quarantine.service";

bootTest("a booted appliance takes models through the line", async (parts, t) => {
  await using appliance = await Appliance.boot(parts);
  const { machine } = appliance;

  await t.step(
    "P086-P099: a file that is copied into incoming is promoted, in sandboxes of systemd",
    async () => {
      const closed = Number(await machine.must(`cp /srv/good.gguf ${INCOMING}/my-model.gguf; date +%s.%N`));
      await appliance.says("PROMOTED: my-model ");
      const text = await machine.must(`journalctl -b -u ${SERVICE} -o short-unix --no-pager`);
      console.log(text);
      const [begun] = text.split("\n").filter((line) =>
        line.includes("[quarantine] Processing: my-model.gguf")
      );
      const seconds = Number(begun?.split(" ")[0]) - closed;
      console.log(`close to Processing: ${seconds.toFixed(2)} s`);
      assert.ok(seconds < 3, `${seconds} s from close to Processing`);
      const journal = await machine.journal();
      const lines = journal.slice(journal.indexOf("[quarantine] Processing: my-model.gguf") + 1);
      assert.deepEqual(lines.map((line) => line.replace(/sha256=[0-9a-f]{64}/, "sha256=<64 hex>")), [
        "[quarantine] Stage 1/7: source_policy — checking origin...",
        "[quarantine] Stage 1/7: source_policy — PASS",
        "[quarantine] Stage 2/7: format_gate — validating format...",
        "[quarantine] Stage 2/7: format_gate — PASS (gguf)",
        "[quarantine] Stage 3/7: integrity_check — verifying hash...",
        "[quarantine] Stage 3/7: integrity_check — PASS (sha256=<64 hex>)",
        "[quarantine] Stage 4/7: provenance_check — verifying signature...",
        "[quarantine] Stage 4/7: provenance_check — PASS (unsigned)",
        "[quarantine] Stage 5/7: static_scan — running native analysis...",
        "[quarantine] Stage 5/7: static_scan — PASS (score=0.00, no anomalies)",
        "[quarantine] Stage 6/7: behavioral_test — running adversarial prompts...",
        lines[11],
        "[quarantine] Stage 7/7: diffusion_deep_scan — SKIP (not a diffusion model)",
        "[quarantine] All stages passed. Promoting my-model.gguf...",
        "[quarantine] PROMOTED: my-model (my-model.gguf) sha256=<64 hex>",
      ]);
      assert.match(lines[11] ?? "", /behavioral_test — PASS \(0\/\d+ flagged, 0 critical\)$/);
      await machine.must(`cmp /srv/good.gguf ${REGISTRY}/my-model.gguf`);
      assert.equal(await machine.must(`ls -A ${INCOMING}`), "");
      assert.equal((await appliance.audit()).valid, true);
      await machine.until(`systemctl show -P StatusText ${SERVICE} | grep -q 'PROMOTED: my-model '`, 5000);
    },
  );

  await t.step("the record says that systemd's sandboxes examined it, and the registry has it", async () => {
    const record = JSON.parse(await machine.must(`cat ${REGISTRY}/my-model.gguf.provenance.json`));
    assert.equal(record.sandbox, "systemd");
    assert.match(await machine.must("ai-quarantine list"), /my-model/);
    assert.match(await machine.must("ai-quarantine verify my-model"), /^VERIFIED: my-model\.gguf /);
    await machine.must("runuser -u nobody -- cmp /srv/good.gguf /var/lib/secure-ai/registry/my-model.gguf");
  });

  await t.step("the health role sees what the coordinator says of itself", async () => {
    const ask = (path: string) =>
      machine.must(
        `python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:8472${path}").read().decode())'`,
      );
    await machine.must("ai-quarantine health --probe ready");
    assert.match(await ask("/v1/status"), /my-model\.gguf/);
  });

  await t.step("every unit of a timer does its work", async () => {
    await machine.must(
      "systemctl start secure-ai-quarantine-audit-verify.service secure-ai-quarantine-reverify.service",
    );
    const text = await machine.must("journalctl -b -t ai-quarantine -o cat --no-pager");
    assert.match(text, /"valid":true/);
    assert.match(text, /VERIFIED: my-model\.gguf/);
    await machine.must(
      `chmod u+w ${REGISTRY}/my-model.gguf; printf x | dd of=${REGISTRY}/my-model.gguf bs=1 seek=5000000 conv=notrunc status=none`,
    );
    assert.equal((await machine.say("systemctl start secure-ai-quarantine-reverify.service")).code, 1);
    assert.match(
      await machine.must("journalctl -b -u secure-ai-quarantine-reverify.service -o cat --no-pager"),
      /FAILED: my-model\.gguf expected/,
    );
  });

  await t.step("P138: a changed policy takes effect after a restart", async () => {
    await appliance.setPolicy({ behavioral_test: "false" });
    await machine.must("systemctl restart secure-ai-quarantine.service");
    await machine.must(`cp /srv/good.gguf ${INCOMING}/other.gguf`);
    await appliance.says("PROMOTED: other ");
    assert.ok(
      (await machine.journal()).includes("[quarantine] WARNING: stage behavioral_test is disabled by policy"),
    );
  });

  await t.step(
    "P175: a graceful stop in the middle of a stage parks the claim, which the next start finishes",
    async () => {
      await appliance.setPolicy({});
      await machine.must("systemctl restart secure-ai-quarantine.service");
      await machine.must(`cp /srv/good.gguf ${INCOMING}/parked.gguf`);
      await machine.until(
        "systemctl list-units --no-legend 'secure-ai-quarantine-smoke@*' | grep -q running",
      );
      const started = performance.now();
      await machine.must(`systemctl stop ${SERVICE}`);
      const seconds = (performance.now() - started) / 1000;
      console.log(`stopped in ${seconds.toFixed(1)} s`);
      assert.equal((await machine.must(`systemctl show -P Result ${SERVICE}`)).trim(), "success");
      assert.match(await machine.must("ls /var/lib/secure-ai/quarantine/scanning"), /^[0-9a-f]{32}\n$/);
      await machine.until(
        "! systemctl list-units --no-legend 'secure-ai-quarantine-smoke@*' | grep -q running",
        3000,
      );
      await machine.must(`systemctl start ${SERVICE}`);
      await appliance.says("PROMOTED: parked ");
    },
  );

  await t.step("P072: a key that only root may read signs records, by way of a credential", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" });
    await machine.must(`umask 077; cat > /etc/secure-ai/keys/cosign.key <<'PEM'\n${pem}PEM`);
    await machine.must(`systemctl restart ${SERVICE}; cp /srv/good.gguf ${INCOMING}/signed.gguf`);
    await appliance.says("PROMOTED: signed ");
    const record = await machine.must(`cat ${REGISTRY}/signed.gguf.provenance.json`);
    const signature = await machine.must(`cat ${REGISTRY}/signed.gguf.provenance.json.sig`);
    assert.ok(verify("sha256", Buffer.from(record), publicKey, Buffer.from(signature, "base64")));
    assert.equal(
      (await machine.say(`runuser -u secure-ai-quarantine -- cat /etc/secure-ai/keys/cosign.key`)).code,
      1,
    );
  });

  await t.step("P165: tripwires in the watched directories are left alone", async () => {
    const wires = [
      `${INCOMING}/.canary`,
      "/var/lib/secure-ai/quarantine/scanning/canary",
      `${REGISTRY}/.canary`,
    ];
    await machine.must(`for wire in ${wires.join(" ")}; do echo tripwire > $wire; chmod 0400 $wire; done`);
    await machine.must(`systemctl restart ${SERVICE}; cp /srv/good.gguf ${INCOMING}/beside.gguf`);
    await appliance.says("PROMOTED: beside ");
    assert.equal(await machine.must(`cat ${wires.join(" ")}`), "tripwire\n".repeat(3));
  });

  await t.step("P176: a logrotate pattern over all logs leaves the audit chain alone", async () => {
    const log = "/var/lib/secure-ai/logs/quarantine-audit.jsonl";
    const wide = "/var/lib/secure-ai/logs/*.jsonl {\n su root root\n size 1\n rotate 3\n copytruncate\n}\n";
    await machine.must(
      `printf '${wide}' > /etc/logrotate.d/secure-ai; echo x > /var/lib/secure-ai/logs/other.jsonl`,
    );
    const before = await machine.must(`stat -c '%i %s' ${log}`);
    console.log((await machine.say("logrotate --force /etc/logrotate.conf")).stdout);
    assert.equal(await machine.must(`stat -c '%i %s' ${log}`), before);
    await machine.must("test -e /var/lib/secure-ai/logs/other.jsonl.1");
    assert.equal((await appliance.audit()).valid, true);
  });
});
