import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AuditChain, type AuditOptions, type Verification } from "../../src/audit/mod.ts";

/** A chain in a directory of its own, as the program has it: the log in one place, its anchor in another. */
export class AuditLab implements AsyncDisposable {
  readonly logs: string;
  readonly log: string;
  readonly anchor: string;

  private constructor(readonly directory: string) {
    this.logs = join(directory, "logs");
    this.log = join(this.logs, "quarantine-audit.jsonl");
    this.anchor = join(directory, "state", "audit-anchor.json");
  }

  static async make(): Promise<AuditLab> {
    return new AuditLab(await Deno.makeTempDir({ prefix: "audit-" }));
  }

  async open(more: Partial<AuditOptions> = {}): Promise<AuditChain> {
    return await AuditChain.open({
      path: this.log,
      anchorPath: this.anchor,
      maxSizeBytes: 50 * 1024 * 1024,
      now: () => new Date("2026-03-08T14:30:00Z"),
      ...more,
    });
  }

  /** Opens, records `count` events and closes. */
  async write(count: number, more: Partial<AuditOptions> = {}): Promise<void> {
    await using chain = await this.open(more);
    for (let i = 0; i < count; i++) await chain.append("stage", { filename: `m${i}.gguf`, n: i });
  }

  async verify(hmacKey?: Uint8Array): Promise<Verification> {
    return await AuditChain.verify(this.log, { anchorPath: this.anchor, ...(hmacKey && { hmacKey }) });
  }

  /** The entries of the current log, as JSON. */
  async entries(): Promise<{ event: string; data: Record<string, unknown>; [name: string]: unknown }[]> {
    return (await readFile(this.log, "utf8")).split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }

  /** Names in the log's directory. */
  async names(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.logs))).map((entry) => entry.name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** A clock that moves one second at each look. */
export function ticking(start = "2026-03-08T14:30:00Z"): () => Date {
  let time = Date.parse(start);
  return () => new Date(time += 1000);
}
