import { TrustedRoot } from "@sigstore/protobuf-specs";
import { readTrustRootText } from "./trust_root_text.ts";

/** Who certifies signers, which logs and clocks count. Throws `FormatError` for what is no trusted_root.json. */
export function readTrustRoot(name: string, text: string): TrustedRoot {
  return TrustedRoot.fromJSON(readTrustRootText(name, text));
}
