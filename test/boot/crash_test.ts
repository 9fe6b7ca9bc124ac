import assert from "node:assert/strict";
import { Appliance, bootTest, INCOMING, QUARANTINE, REGISTRY } from "./appliance.ts";

const SERVICE = "secure-ai-quarantine.service";

/** Where the line is cut: at the first line of the journal that has this in it. */
const MOMENTS = [
  "Stage 1/7: source_policy — checking",
  "Stage 2/7: format_gate — validating",
  "Stage 3/7: integrity_check — verifying",
  "Stage 4/7: provenance_check — verifying",
  "Stage 5/7: static_scan — running",
  "Stage 7/7: diffusion_deep_scan",
  // Killed in stage 7 it may have been decided already, and then only finishes.
  "All stages passed. Promoting|whose verdict was recorded",
];
const LONG_MOMENT = "Stage 6/7: behavioral_test — running";

/** Everything is where it belongs, and the log has no gap. */
async function assertFinished(appliance: Appliance, name: string): Promise<string> {
  const { machine } = appliance;
  await appliance.says(`PROMOTED: ${name} `);
  await machine.must(`cmp /srv/good.gguf ${REGISTRY}/${name}.gguf`);
  assert.equal(
    await machine.must(
      `ls -A ${INCOMING}; ls ${QUARANTINE}/scanning; ls -A ${REGISTRY} | grep '^[.]' || true`,
    ),
    "",
  );
  const audit = await appliance.audit();
  assert.equal(audit.valid, true);
  return `promoted, nothing left over, audit valid with ${audit.entries} entries`;
}

bootTest("the line finishes after kill -9 in every stage", async (parts, t) => {
  await using appliance = await Appliance.boot(parts);
  const { machine } = appliance;

  /** Starts the service and kills it at a moment; systemd would start it again in 15 s, this does at once. */
  const killAt = async (moment: string, trigger: string) => {
    await machine.must(`mkfifo /tmp/lines
      cursor=$(journalctl -n 1 -o cat --output-fields=_X --show-cursor | sed -n 's/^-- cursor: //p')
      journalctl -f --after-cursor="$cursor" -u ${SERVICE} -o cat > /tmp/lines &
      follower=$!
      (timeout 60 grep -qm1 -E -- '${moment}' < /tmp/lines; systemctl kill -s KILL ${SERVICE}; kill $follower) > /dev/null 2>&1 &
      killer=$!
      ${trigger}
      wait $killer
      rm /tmp/lines
      while systemctl is-active --quiet ${SERVICE}; do sleep 0.05; done
      [ "$(systemctl show -P Result ${SERVICE})" = signal ]`);
    console.log(
      `kill -9 at "${moment}": ${
        (await machine.must(`ls ${QUARANTINE}/scanning | wc -l`)).trim()
      } claim waits`,
    );
  };

  await t.step("every stage but the longest", async () => {
    await appliance.setPolicy({ behavioral_test: "false" });
    let trigger = `cp /srv/good.gguf ${INCOMING}/killed.gguf`;
    for (const moment of MOMENTS) {
      await killAt(moment, trigger);
      trigger = `systemctl start ${SERVICE}`;
    }
    await machine.must(trigger);
    console.log(await assertFinished(appliance, "killed"));
  });

  await t.step("the behavioural test", async () => {
    await appliance.setPolicy({});
    await machine.must(`systemctl restart ${SERVICE}`);
    await killAt(LONG_MOMENT, `cp /srv/good.gguf ${INCOMING}/long.gguf`);
    await machine.until(
      "! systemctl list-units --no-legend 'secure-ai-quarantine-smoke@*' | grep -q running",
      5000,
    );
    await machine.must(`systemctl start ${SERVICE}`);
    console.log(await assertFinished(appliance, "long"));
  });
});

bootTest("the line finishes after a power cut in every stage", async (parts, t) => {
  await using appliance = await Appliance.boot(parts);

  const cutAt = async (moment: string) => {
    await appliance.says(moment);
    await appliance.machine.cutPower();
    await appliance.bootAgain();
    console.log(`power cut at "${moment}"`);
  };

  await t.step("every stage but the longest, finished by the sweep of the next boot", async () => {
    // Not half a minute after the boot.
    await appliance.machine.must(`mkdir -p /etc/systemd/system/secure-ai-quarantine-sweep.timer.d
      printf '[Timer]\\nOnBootSec=1s\\nAccuracySec=100ms\\n' > /etc/systemd/system/secure-ai-quarantine-sweep.timer.d/soon.conf`);
    await appliance.setPolicy({ behavioral_test: "false" });
    await appliance.machine.must(`cp /srv/good.gguf ${INCOMING}/cut.gguf`);
    for (const moment of MOMENTS) await cutAt(moment);
    console.log(await assertFinished(appliance, "cut"));
  });

  await t.step("the behavioural test", async () => {
    await appliance.setPolicy({});
    await appliance.machine.must(`systemctl restart ${SERVICE}; cp /srv/good.gguf ${INCOMING}/long.gguf`);
    await cutAt(LONG_MOMENT);
    console.log(await assertFinished(appliance, "long"));
  });
});
