import { type Identity, identity } from "./identity.ts";
import { latin1, type Probe, viewOf } from "./probe.ts";

const PNG_MAGIC = "\x89PNG\r\n\x1a\n";
const PDF_VERSION = /^%PDF-[12]\.\d/;

/** Images and PDF: what a model directory may carry beside the model, and what no model file may be. */
export function recogniseMedia(probe: Probe): Identity | null {
  if (probe.has(0, PNG_MAGIC) && probe.has(12, "IHDR")) return identity("png", "a PNG image");
  if (isJpeg(probe)) return identity("jpeg", "a JPEG image");
  if (probe.has(0, "GIF87a") || probe.has(0, "GIF89a")) return identity("gif", "a GIF image");
  if (probe.has(0, "RIFF") && probe.has(8, "WEBPVP8")) return identity("webp", "a WebP image");
  if (PDF_VERSION.test(latin1(probe.at(0, 8)))) return identity("pdf", "a PDF document");
  return null;
}

/** Start of image, then a first segment whose length leads to another marker. */
function isJpeg(probe: Probe): boolean {
  if (!probe.has(0, "\xff\xd8\xff")) return false;
  const segment = probe.at(2, 4);
  if (segment.byteLength < 4) return false;
  const next = 4 + viewOf(segment).getUint16(2);
  return probe.has(next, "\xff");
}
