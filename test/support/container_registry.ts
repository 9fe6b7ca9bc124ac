import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";

/** Debian's docker-registry over an empty directory, on a free port. */
export async function containerRegistry(
  program: string,
  root: string,
): Promise<AsyncDisposable & { readonly port: number }> {
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr;
  probe.close();
  const config = join(root, "registry.yml");
  const storage = `storage: { filesystem: { rootdirectory: ${join(root, "blobs")} } }`;
  fs.writeFileSync(
    config,
    `version: 0.1\nlog: { level: error }\n${storage}\nhttp: { addr: "127.0.0.1:${port}" }\n`,
  );
  const child = new Deno.Command(program, {
    args: ["serve", config],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  for (let tries = 0; tries < 100; tries++) {
    const reply = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => null);
    await reply?.body?.cancel();
    if (reply?.ok) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** Pushes an image of these layers; returns its name with its digest, as other programs take it. */
export async function pushImage(port: number, name: string, layers: readonly Uint8Array[]): Promise<string> {
  const repository = `http://127.0.0.1:${port}/v2/${name}`;
  const config = new TextEncoder().encode("{}");
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...await pushBlob(repository, config) },
    layers: await Promise.all(layers.map(async (bytes) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      ...await pushBlob(repository, bytes),
    }))),
  });
  const digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
  await put(`${repository}/manifests/${digest}`, manifest, MANIFEST);
  return `127.0.0.1:${port}/${name}@${digest}`;
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-monolithically */
async function pushBlob(repository: string, bytes: Uint8Array): Promise<{ digest: string; size: number }> {
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const begun = await fetch(`${repository}/blobs/uploads/`, { method: "POST" });
  await begun.body?.cancel();
  const location = new URL(begun.headers.get("location") ?? "", repository);
  location.searchParams.set("digest", digest);
  await put(location.href, new Uint8Array(bytes), "application/octet-stream");
  return { digest, size: bytes.byteLength };
}

async function put(url: string, body: string | Uint8Array<ArrayBuffer>, type: string): Promise<void> {
  const reply = await fetch(url, { method: "PUT", body, headers: { "content-type": type } });
  await reply.body?.cancel();
  assert.equal(reply.status, 201, url);
}
