import fs from "node:fs";
import { join } from "node:path";
import { containedPath, type Places, RECORD_SUFFIXES } from "../admission/mod.ts";
import { type FileIdentity, identityOf, sameIdentity, unlessMissing } from "../files/mod.ts";
import type { ArtifactDigest } from "../model/mod.ts";
import {
  createRegistryApp,
  type Exchange,
  ManifestStore,
  measureArtifact,
  type Measured,
  measuredAs,
  type Message,
  mintToken,
  type RegistryAddress,
  registryAddress,
  type TokenReader,
  tokenReader,
} from "../registry/mod.ts";
import { makePlace } from "./line.ts";
import type { World } from "./world.ts";

/**
 * The embedded registry for one `admit`, in this process: nobody else is served, so nothing listens. A promoted copy that
 * this program has just hashed is not hashed again, as long as it is the same file, unchanged.
 */
export class OwnRegistry implements Disposable {
  readonly address: RegistryAddress = registryAddress("http://127.0.0.1");
  readonly token: TokenReader;
  readonly #store: ManifestStore;
  readonly #app: ReturnType<typeof createRegistryApp>;
  #hashed: { readonly identity: FileIdentity; readonly digest: ArtifactDigest } | null = null;

  /** Over the registry directory of `places`, which is made where it is missing; its token is minted the first time. */
  constructor(world: World, places: Places) {
    makePlace(places.registry, 0o755);
    makePlace(places.state, 0o750);
    const tokenPath = join(places.state, "registry.token");
    mintToken(tokenPath);
    this.token = tokenReader({ serviceToken: null, paths: [tokenPath] });
    this.#store = ManifestStore.open({
      registryDir: places.registry,
      pinPath: join(places.state, "registry-manifest.json"),
    });
    this.#app = createRegistryApp({
      store: this.#store,
      registryDir: places.registry,
      containedDir: containedPath(places.state),
      recordSuffixes: RECORD_SUFFIXES,
      measure: (path, signal) => this.#measure(path, signal),
      token: this.token,
      reading: "guarded",
      now: world.now,
      signal: new AbortController().signal,
      report: (error) =>
        world.stderr.write(`registry: ${error instanceof Error ? error.message : String(error)}\n`),
    });
  }

  /** Remembers the digest of a copy that was just written into the registry directory, under whatever name. */
  readonly hashed = (path: string, digest: ArtifactDigest): void => {
    const stat = fs.lstatSync(path, { bigint: true });
    this.#hashed = stat.isFile() ? { identity: identityOf(stat), digest } : null;
  };

  async #measure(path: string, signal: AbortSignal): Promise<Measured> {
    const known = this.#hashed;
    const stat = unlessMissing(() => fs.lstatSync(path, { bigint: true }));
    if (known !== null && stat?.isFile() && sameIdentity(known.identity, identityOf(stat))) {
      return measuredAs(path, known.digest);
    }
    return await measureArtifact(path, signal);
  }

  readonly exchange = async ({ method, address, target, token, json }: Message): Promise<Exchange> => {
    const url = new URL(target, address);
    const headers = {
      host: url.host,
      ...(json === undefined ? {} : { "content-type": "application/json" }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    };
    const body = json === undefined ? {} : { body: json };
    const reply = await this.#app.fetch(new Request(url, { method, headers, ...body }));
    return { kind: "reply", status: reply.status, body: await reply.text() };
  };

  [Symbol.dispose](): void {
    this.#store.close();
  }
}
