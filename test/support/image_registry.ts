import { createHash } from "node:crypto";

/**
 * A container registry in memory, on 127.0.0.1: enough of the OCI distribution protocol for real programs to push,
 * sign and save an image. https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class ImageRegistry implements AsyncDisposable {
  readonly #blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #manifests = new Map<string, { readonly bytes: Uint8Array<ArrayBuffer>; readonly type: string }>();
  #uploads = 0;
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => this.#answer(request),
  );

  get host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const bytes = new Uint8Array(await request.arrayBuffer());
    const [, name = "", kind = "", rest = ""] =
      /^\/v2\/(.+?)\/(blobs|manifests|referrers)\/(.*)$/.exec(pathname) ?? [];
    switch (kind) {
      case "blobs":
        return rest.startsWith("uploads/")
          ? this.#upload(request, name, rest.slice("uploads/".length), searchParams.get("digest"), bytes)
          : this.#blob(rest);
      case "manifests":
        return this.#manifest(request, rest, bytes);
      case "referrers":
        return Response.json({ schemaVersion: 2, mediaType: INDEX, manifests: this.#referrers(rest) }, {
          headers: { "content-type": INDEX },
        });
      default:
        return new Response(null, { status: pathname === "/v2/" ? 200 : 404 });
    }
  }

  /** Several at a time: each has a number, and its bytes lie under that until their digest is known. */
  #upload(
    request: Request,
    name: string,
    given: string,
    digest: string | null,
    bytes: Uint8Array<ArrayBuffer>,
  ): Response {
    const id = given === "" ? `${++this.#uploads}` : given;
    const location = `/v2/${name}/blobs/uploads/${id}`;
    if (request.method === "POST" && digest === null) {
      return new Response(null, { status: 202, headers: { location } });
    }
    if (request.method === "PATCH") {
      this.#blobs.set(id, bytes);
      return new Response(null, { status: 202, headers: { location } });
    }
    const whole = bytes.byteLength > 0 ? bytes : this.#blobs.get(id) ?? bytes;
    this.#blobs.set(digest ?? "", whole);
    return new Response(null, { status: 201, headers: { location: `/v2/${name}/blobs/${digest}` } });
  }

  #blob(digest: string): Response {
    const bytes = this.#blobs.get(digest);
    return bytes === undefined
      ? new Response(null, { status: 404 })
      : sent(bytes, "application/octet-stream", digest);
  }

  #manifest(request: Request, reference: string, bytes: Uint8Array<ArrayBuffer>): Response {
    if (request.method === "PUT") {
      const digest = digestOf(bytes);
      const manifest = { bytes, type: request.headers.get("content-type") ?? "" };
      this.#manifests.set(reference, manifest).set(digest, manifest);
      return new Response(null, {
        status: 201,
        headers: { location: reference, "docker-content-digest": digest },
      });
    }
    const found = this.#manifests.get(reference);
    if (found === undefined) return new Response(null, { status: 404 });
    return sent(found.bytes, found.type, digestOf(found.bytes));
  }

  #referrers(subject: string): unknown[] {
    return [...this.#manifests].filter(([reference]) => reference.startsWith("sha256:")).flatMap(
      ([digest, { bytes, type }]) => {
        const manifest = JSON.parse(new TextDecoder().decode(bytes));
        if (manifest.subject?.digest !== subject) return [];
        const { artifactType, annotations } = manifest;
        return [{ mediaType: type, digest, size: bytes.byteLength, artifactType, annotations }];
      },
    );
  }

  /** Pushes an image of these layers; returns its name with its digest. */
  push(name: string, layers: readonly Uint8Array[]): string {
    const config = this.#store(new TextEncoder().encode("{}"));
    const manifest = new TextEncoder().encode(JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: "application/vnd.oci.empty.v1+json", ...config },
      layers: layers.map((bytes) => ({ mediaType: "application/vnd.gguf", ...this.#store(bytes) })),
    }));
    const digest = digestOf(manifest);
    this.#manifests.set(digest, { bytes: manifest, type: MANIFEST });
    return `${this.host}/${name}@${digest}`;
  }

  #store(bytes: Uint8Array): { digest: string; size: number } {
    const digest = digestOf(bytes);
    this.#blobs.set(digest, new Uint8Array(bytes));
    return { digest, size: bytes.byteLength };
  }
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

function sent(bytes: Uint8Array<ArrayBuffer>, type: string, digest: string): Response {
  return new Response(bytes, {
    headers: {
      "content-type": type,
      "content-length": `${bytes.byteLength}`,
      "docker-content-digest": digest,
    },
  });
}
