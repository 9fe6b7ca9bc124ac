import fs from "node:fs";
import { dirname, join } from "node:path";
import { manifestSidecarName, readManifestBytes } from "../policy/download_manifest.ts";
import { type Claim, sealedDirectory } from "./claim.ts";
import type { Line } from "./line.ts";
import { LAYOUT_SUFFIX, SIGNATURE_SUFFIXES } from "../provenance/files.ts";
import { ATTESTATION_SUFFIX } from "../provenance/record.ts";
import { MANIFEST_SUFFIX } from "./manifest.ts";
import { sidecarName } from "./places.ts";

/** Everything that whoever fetched an artifact may have written down beside it. All stay until the verdict. */
export const sidecarNames = (name: string): readonly string[] => [
  sidecarName(name),
  manifestSidecarName(name),
  `.${name}${ATTESTATION_SUFFIX}`,
  `.${name}${MANIFEST_SUFFIX}`,
  ...[...SIGNATURE_SUFFIXES, LAYOUT_SUFFIX].map((suffix) => `.${name}${suffix}`),
  // The appliance's pages hide what has this; it says nothing to us.
  `.${name}.status.json`,
];

/**
 * Takes a copy of the download manifest to where the frozen copy will lie, so that it is beside the artifact for
 * stage 3 and nobody can change it meanwhile. A name that was refused before keeps the manifest it had then.
 */
export function takeManifest(line: Line, claim: Claim): void {
  const { name, shape, borrowed } = claim.record;
  const copy = join(sealedDirectory(claim), manifestSidecarName(name));
  fs.rmSync(copy, { force: true });
  if (shape !== "directory") return;
  const folders = borrowed === null ? [line.places.incoming, line.places.rejected] : [dirname(borrowed)];
  for (const folder of folders) {
    const bytes = readManifestBytes(join(folder, manifestSidecarName(name)));
    if (bytes === null) continue;
    fs.writeFileSync(copy, bytes, { mode: 0o600 });
    return;
  }
}
