/** What a signature file is, by its first bytes. Nothing of it is believed yet. */
export type SignatureForm = "bundle" | "base64" | "pgp" | "other-tool" | "unknown";

const ARMOUR = "-----BEGIN PGP SIGNATURE-----";
/** Signatures that are real, and not checked by this program. */
const OTHER_TOOLS = ["-----BEGIN SSH SIGNATURE-----", "untrusted comment:"];

/** One signature in base64, as cosign writes it: an ECDSA one is at most 139 bytes long. */
const BARE = /^[A-Za-z0-9+/]{64,}={0,2}$/;
const MAX_BARE_BYTES = 512;

export function formOf(bytes: Uint8Array): SignatureForm {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, MAX_BARE_BYTES)).replace(/^\s+/, "");
  if (text.startsWith("{")) return "bundle";
  if (text.startsWith(ARMOUR) || isSignaturePacket(bytes)) return "pgp";
  if (bytes.byteLength <= MAX_BARE_BYTES && BARE.test(text.trimEnd())) return "base64";
  return OTHER_TOOLS.some((start) => text.startsWith(start)) ? "other-tool" : "unknown";
}

/** RFC 9580 section 4.2: a packet with tag 2, in the old or the new header format. */
function isSignaturePacket([first = 0]: Uint8Array): boolean {
  return (first & 0xc0) === 0x80 ? ((first >> 2) & 0x0f) === 2 : first === 0xc2;
}
