import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { makeKey } from "../make/model_signing.ts";

/** Options with which cosign signs without asking anybody. */
export const OFFLINE = ["--use-signing-config=false", "--tlog-upload=false", "--yes"];

/** Runs the real cosign in a directory of its own. */
export class Cosign {
  constructor(private readonly program: string, readonly folder: string) {}

  async run(...args: string[]): Promise<{ code: number; text: string }> {
    const env = { COSIGN_PASSWORD: "open sesame", HOME: this.folder, PATH: "/usr/bin:/bin" };
    const command = new Deno.Command(this.program, { args, cwd: this.folder, clearEnv: true, env });
    const { code, stdout, stderr } = await command.output();
    return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  }

  async must(...args: string[]): Promise<void> {
    const { code, text } = await this.run(...args);
    assert.equal(code, 0, text);
  }

  read(name: string): Uint8Array {
    return fs.readFileSync(join(this.folder, name));
  }

  /** Makes `NAME.key` and `NAME.pub` out of a key of ours. */
  async importKey(name: string, curve: "P-256" | "P-384" | "P-521" | "Ed25519"): Promise<string> {
    const { privateKey } = makeKey(curve);
    fs.writeFileSync(join(this.folder, `${name}.pem`), privateKey.export({ type: "pkcs8", format: "pem" }));
    await this.must("import-key-pair", "--key", `${name}.pem`, "--output-key-prefix", name);
    return fs.readFileSync(join(this.folder, `${name}.pub`), "utf8");
  }
}
