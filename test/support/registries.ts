import { join } from "node:path";
import { containedPath } from "../../src/admission/mod.ts";
import type { RegistryClient, TokenReader } from "../../src/registry/mod.ts";
import { type RunningRegistry, startRegistry } from "../../src/roles/registry.ts";
import { clientOf, TOKEN } from "../registry/fixture.ts";
import type { Lab } from "./lab.ts";
import { freePort } from "./real_parts.ts";

/** The real embedded registry over a lab's registry directory, in this process, with the real client. */
export class LabRegistry implements AsyncDisposable {
  readonly running: RunningRegistry;
  readonly client: RegistryClient;

  constructor(lab: Lab, token: TokenReader = () => Promise.resolve(TOKEN)) {
    this.running = startRegistry({
      registryDir: lab.places.registry,
      stateDir: join(lab.root, "registry-state"),
      containedDir: containedPath(lab.places.state),
      port: 0,
      token,
      reading: "guarded",
      now: () => new Date(),
      report: (error) => {
        throw error;
      },
      drainMs: 300,
    });
    this.client = clientOf(this.url);
  }

  get url(): string {
    return `http://127.0.0.1:${this.running.port}`;
  }

  /** What it lists: registry name to SHA-256. */
  async models(): Promise<Record<string, string>> {
    return Object.fromEntries((await this.client.list()).map(({ name, sha256 }) => [name, sha256]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.stop();
  }
}

/** An address where nobody listens. */
export const unreachableUrl = (): string => `http://127.0.0.1:${freePort()}`;

export const unreachableRegistry = (): RegistryClient => clientOf(unreachableUrl());
