import assert from "node:assert/strict";
import { dirname } from "node:path";
import { goodModel, INCOMING, REGISTRY } from "../boot/appliance.ts";
import { Disk, Machine } from "../boot/machine.ts";
import { run } from "../support/programs.ts";
import { missingTest, type Paths, realTest } from "../support/real_parts.ts";
import { imageScript, missingOn, Workshop } from "./image.ts";

/** /usr and /etc are read-only before the first service starts. */
const FSTAB = "/usr /usr none rbind,ro 0 0\n/etc /etc none bind,ro 0 0\n";

type Parts = "AIQ_ROOTFS" | "LLAMA_SERVER_BIN";

function bakedTest(title: string, test: (paths: Paths<Parts>) => Promise<void>): void {
  const missing = missingOn({ programs: ["systemd-sysusers"], user: "root" });
  if (missing.length > 0) missingTest(title, missing);
  else realTest(title, ["AIQ_ROOTFS", "LLAMA_SERVER_BIN"], test);
}

bakedTest(
  "P146: a baked root file system boots with /usr and /etc read-only and admits a model with no other step",
  async (paths) => {
    using here = new Workshop();
    run("cp", "-a", "--reflink=auto", paths.AIQ_ROOTFS, here.path("rootfs"));
    const overlay = here.overlay("standalone", { more: ["--registry", "ours"] });
    run(imageScript("bake"), here.path("rootfs"), overlay);

    const prefix = dirname(dirname(paths.LLAMA_SERVER_BIN));
    using disk = new Disk({ layer: here.path("rootfs"), rootfs: paths.AIQ_ROOTFS, prefix });
    disk.write("/etc/fstab", FSTAB);
    disk.write("/srv/good.gguf", goodModel());
    await using machine = await Machine.boot(disk);

    const writable = await machine.must(
      "for place in /usr /etc; do touch $place/probe 2>/dev/null && echo $place; done; true",
    );
    assert.equal(writable, "");
    await machine.must(`cp /srv/good.gguf ${INCOMING}/my-model.gguf`);
    await machine.until(
      "journalctl -b -u secure-ai-quarantine.service -o cat | grep -q 'PROMOTED: my-model '",
      60_000,
    );
    await machine.must(`cmp /srv/good.gguf ${REGISTRY}/my-model.gguf`);
    assert.equal(await machine.must("systemctl list-units --failed --no-legend 'secure-ai*'"), "");
    assert.match(
      await machine.must("cd / && sha256sum --quiet -c /usr/share/ai-quarantine/files.sha256 && echo same"),
      /^same$/m,
    );
  },
);
