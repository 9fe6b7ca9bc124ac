import assert from "node:assert/strict";
import { safetensors } from "../make/safetensors.ts";
import { Random } from "../make/random.ts";
import { Appliance, bootTest, INCOMING, QUARANTINE, REGISTRY } from "./appliance.ts";
import type { Machine } from "./machine.ts";

const SERVICE = "secure-ai-quarantine.service";
const RESERVE = { free_space_reserve_mib: "16" };
/** Everything here is about what happens around the stages; the slowest of them says nothing about that. */
const QUICK = { behavioral_test: "false", ...RESERVE };

/** 60 MB of weights. */
function largeModel(): Uint8Array {
  const data = new Uint8Array(new Random(7).gaussians(15_000_000, 0.02).buffer);
  return safetensors({ w: { dtype: "F32", shape: [15_000, 1000], data } });
}

/** Neither the path unit nor the timer may ever have given up. */
async function assertWatched(machine: Machine): Promise<void> {
  const state = await machine.must(
    "systemctl show -P ActiveState -P Result secure-ai-quarantine.path secure-ai-quarantine-sweep.timer",
  );
  assert.deepEqual(state.split("\n").filter((line) => line !== "").sort(), [
    "active",
    "active",
    "success",
    "success",
  ]);
}

const visible = (machine: Machine) => machine.must(`ls ${INCOMING}`);

bootTest("path activation cannot wedge", async (parts, t) => {
  await using appliance = await Appliance.boot(parts, { "/srv/large.safetensors": largeModel });
  const { machine } = appliance;
  await appliance.setPolicy(QUICK);

  const scenario = (title: string, run: () => Promise<string>) =>
    t.step(title, async () => {
      const end = await run();
      await assertWatched(machine);
      assert.equal((await appliance.audit()).valid, true);
      console.log(`${title} | ${end} | path unit active, audit valid`);
    });

  await scenario("200 files in a burst", async () => {
    await machine.must(`cd ${INCOMING}
      for i in $(seq 196); do
        echo https://sketchy.example/m$i.gguf > .m$i.gguf.source
        head -c 4096 /srv/good.gguf > m$i.gguf
      done
      for i in 1 2 3 4; do cp /srv/good.gguf good$i.gguf; done`);
    await machine.until(`[ -z "$(ls ${INCOMING})" ] && [ -e ${REGISTRY}/good4.gguf ]`, 90_000);
    await machine.until(`[ $(ls ${QUARANTINE}/rejected/*.report.json | wc -l) = 196 ]`);
    assert.equal((await machine.must(`ls ${REGISTRY}/good?.gguf | wc -l`)).trim(), "4");
    return "196 refused with reports, 4 promoted, incoming empty";
  });

  await scenario("hidden files alone", async () => {
    await machine.must(
      `systemctl stop ${SERVICE}; echo https://example.org/x > ${INCOMING}/.x.gguf.source; cp /srv/good.gguf ${INCOMING}/.y.part; sleep 1`,
    );
    assert.equal((await machine.must(`systemctl show -P ActiveState ${SERVICE}`)).trim(), "inactive");
    await machine.must(`rm ${INCOMING}/.x.gguf.source ${INCOMING}/.y.part`);
    return "service not started";
  });

  await scenario("a copy at 20 MB/s", async () => {
    const path = "/srv/large.safetensors";
    await machine.must(`python3 - <<'PY'
import time
with open("${path}", "rb") as source, open("${INCOMING}/large.safetensors", "wb", 0) as target:
    while chunk := source.read(1_000_000):
        target.write(chunk)
        time.sleep(0.05)
PY`);
    await appliance.says("PROMOTED: large ");
    await machine.must(`cmp ${path} ${REGISTRY}/large.safetensors`);
    assert.equal(
      (await machine.journal()).filter((line) => line.includes("large.safetensors changed")).length,
      0,
    );
    return "promoted once, whole";
  });

  await scenario("a copy that stalls for 3 s before its first byte and in the middle", async () => {
    await machine.must(`python3 - <<'PY'
import time
with open("/srv/good.gguf", "rb") as source, open("${INCOMING}/stalls.gguf", "wb", 0) as target:
    time.sleep(3)
    target.write(source.read(2_000_000))
    time.sleep(3)
    target.write(source.read())
PY`);
    await appliance.says("PROMOTED: stalls ");
    await machine.must(
      `cmp /srv/good.gguf ${REGISTRY}/stalls.gguf; [ ! -e ${QUARANTINE}/rejected/stalls.gguf ]`,
    );
    return "promoted, whole; nothing refused meanwhile";
  });

  await scenario("a file that does not settle", async () => {
    await machine.must(`cp /srv/good.gguf ${INCOMING}/restless.gguf
      (for i in $(seq 60); do printf x >> ${INCOMING}/restless.gguf; sleep 0.2; done) > /dev/null 2>&1 &`);
    await machine.must(`sleep 1; cp /srv/good.gguf ${INCOMING}/patient.gguf`);
    await appliance.says("PROMOTED: patient ");
    assert.equal((await visible(machine)).trim(), "restless.gguf");
    await appliance.says("(REJECTED|FAILED): restless.gguf ");
    return "others promoted meanwhile; examined once it had settled (refused: trailing bytes)";
  });

  await scenario("a directory that the coordinator may not move", async () => {
    await machine.must(`mkdir -m 0755 ${INCOMING}/folder; cp /srv/good.gguf ${INCOMING}/folder/`);
    await appliance.says("folder could not be taken through the line");
    await machine.must(`sleep 2; [ -d ${INCOMING}/folder ]; chmod -R g+rwX ${INCOMING}/folder`);
    await machine.must(`touch ${INCOMING}/folder/good.gguf`);
    await appliance.says("PROMOTED: folder ");
    return "stays where it is, with a warning; taken once its group may write to it";
  });

  await scenario("a policy that cannot be read", async () => {
    await machine.must("echo 'nonsense: [' > /etc/secure-ai/policy/policy.yaml");
    await machine.say(`systemctl restart ${SERVICE}`);
    await machine.must(`cp /srv/good.gguf ${INCOMING}/later.gguf; sleep 3`);
    const state = await machine.must(`systemctl show -P SubState ${SERVICE}`);
    assert.match(state, /auto-restart/);
    await assertWatched(machine);
    await appliance.setPolicy(QUICK);
    await machine.must(`systemctl restart ${SERVICE}`);
    await appliance.says("PROMOTED: later ");
    return "started again every 15 s; promoted after the policy was mended";
  });

  await scenario("a service killed in the middle of a claim", async () => {
    await machine.must(`cp /srv/large.safetensors ${INCOMING}/killed.safetensors`);
    await appliance.says("Processing: killed.safetensors");
    await machine.must(`systemctl kill -s KILL ${SERVICE}`);
    const killed = performance.now();
    await appliance.says("PROMOTED: killed ");
    return `started again by systemd and promoted ${Math.round((performance.now() - killed) / 1000)} s later`;
  });

  await scenario("no registry", async () => {
    await machine.must("systemctl stop secure-ai-quarantine-registry.service");
    await machine.must(`cp /srv/good.gguf ${INCOMING}/alone.gguf`);
    await appliance.says("HELD: alone.gguf");
    const held = (await machine.journal()).find((line) => line.includes("HELD: alone.gguf"));
    await machine.must(
      `systemctl start secure-ai-quarantine-registry.service; [ ! -e ${REGISTRY}/alone.gguf ]`,
    );
    await machine.must("sleep 2; ai-quarantine retry alone.gguf");
    await appliance.says("PROMOTED: alone ");
    return `${held?.replace("[quarantine] ", "")}; promoted after retry`;
  });

  await scenario("a registry directory that is read-only", async () => {
    await machine.must(`systemctl stop secure-ai-quarantine-registry.service ${SERVICE}
      mount -t tmpfs -o mode=2775,uid=secure-ai-quarantine,gid=secure-ai-registry,size=64m tmpfs ${REGISTRY}
      mount -o remount,ro ${REGISTRY}
      cp /srv/good.gguf ${INCOMING}/sealed.gguf`);
    await appliance.says("HELD: sealed.gguf|sealed.gguf could not be taken");
    const held = (await machine.journal()).findLast((line) => line.includes("sealed.gguf"));
    await machine.must(
      `systemctl stop ${SERVICE}; umount ${REGISTRY}; systemctl start secure-ai-quarantine-registry.service`,
    );
    await machine.must("sleep 2; ai-quarantine retry sealed.gguf");
    await appliance.says("PROMOTED: sealed ");
    return `${held?.replace("[quarantine] ", "")}; promoted after retry`;
  });

  await scenario("a full disk", async () => {
    await machine.must(`systemctl stop secure-ai-quarantine.path ${SERVICE}
      mount -t tmpfs -o mode=0711,size=24m tmpfs ${QUARANTINE}
      systemd-tmpfiles --create --prefix=${QUARANTINE}
      systemctl start secure-ai-quarantine.path
      cp /srv/good.gguf ${INCOMING}/squeezed.gguf`);
    await appliance.says("squeezed.gguf waits in scanning: needs");
    await machine.must(`mount -o remount,size=256m ${QUARANTINE}; systemctl restart ${SERVICE}`);
    await appliance.says("PROMOTED: squeezed ");
    await machine.must(`systemctl stop secure-ai-quarantine.path ${SERVICE}; umount ${QUARANTINE}
      systemctl start secure-ai-quarantine.path`);
    return "waits in scanning and says so; promoted when there was room";
  });
});
