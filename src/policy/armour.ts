import { Buffer } from "node:buffer";

const BLOCK =
  /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n(?:[^\n]+\n)*\n([A-Za-z0-9+/=\n]+?)(?:=[A-Za-z0-9+/]{4}\n)?-----END PGP PUBLIC KEY BLOCK-----$/m;

/** The packets in an ASCII-armoured public key (RFC 9580 section 6), or null where there are none. */
export function publicKeyPackets(armoured: string): Uint8Array | null {
  const [, base64 = ""] = BLOCK.exec(armoured.replaceAll("\r\n", "\n").replace(/[ \t]+$/gm, "")) ?? [];
  const bytes = Buffer.from(base64, "base64");
  // A transferable public key begins with a public-key packet: tag 6, in the old or the new header format.
  const first = bytes[0] ?? 0;
  const isKey = (first & 0xc0) === 0x80 ? ((first >> 2) & 0x0f) === 6 : first === 0xc6;
  return isKey ? new Uint8Array(bytes) : null;
}
