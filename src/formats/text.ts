import { isUtf8 } from "node:buffer";
import { type Identity, identity } from "./identity.ts";
import type { Probe } from "./probe.ts";

const HTML_START = /^<(?:!doctype\s+html|html|head|body|script|title|meta|div|center)\b/i;
const XML_START = /^<(?:\?xml\s|svg\b|Error>)/;
const JSON_START = /^(?:\{\s*(?:"|\}|$)|\[\s*(?:["{[\]\d-]|true|false|null|$))/;
const LFS_POINTER =
  /^version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d{1,19})\n?/;
/** A pointer file is under 1024 bytes. https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const MAX_POINTER_BYTES = 1024;
const SCRIPT_START = /^#![ \t]*(\/[\w./+-]{1,100})((?:[ \t]+[\x21-\x7e]+){0,8})[ \t]*\r?\n/;
const MAX_QUOTED = 120;

/** Text of every sort, by its first 4 KiB: a web page, JSON, XML, a Git LFS pointer, a script, plain text. */
export function recogniseText(probe: Probe): Identity | null {
  const text = decodeText(probe);
  if (text === null) return null;
  const body = text.replace(/^\ufeff/, "").trimStart();
  if (body === "") return identity("text", "a text file of white space only");
  return pointer(probe, text) ?? script(text) ?? markup(body) ??
    identity("text", "a plain text file", { begins: body.slice(0, MAX_QUOTED) });
}

/** `#!` and an absolute interpreter path, ended by a line break: what a kernel would run. */
export function scriptInterpreter(text: string): string | null {
  const match = SCRIPT_START.exec(text);
  return match === null ? null : `${match[1] ?? ""}${match[2] ?? ""}`;
}

function script(text: string): Identity | null {
  const interpreter = scriptInterpreter(text);
  return interpreter === null ? null : identity("script", `a script run by ${interpreter}`, { interpreter });
}

function pointer(probe: Probe, text: string): Identity | null {
  const match = LFS_POINTER.exec(text);
  if (match === null || probe.sizeBytes > MAX_POINTER_BYTES) return null;
  return identity("git-lfs-pointer", "a Git LFS pointer, the stand-in for a file that was never downloaded", {
    sha256: match[1] ?? "",
    size_bytes: match[2] ?? "",
  });
}

function markup(body: string): Identity | null {
  const begins = body.slice(0, MAX_QUOTED);
  if (HTML_START.test(withoutComments(body))) return identity("html", "a web page (HTML)", { begins });
  if (XML_START.test(body)) return identity("xml", "an XML document", { begins });
  if (JSON_START.test(body)) return identity("json", "a JSON document", { begins });
  return null;
}

/** Markup may stand behind comments. */
function withoutComments(body: string): string {
  let rest = body;
  while (rest.startsWith("<!--")) {
    const end = rest.indexOf("-->");
    if (end < 0) return rest;
    rest = rest.slice(end + 3).trimStart();
  }
  return rest;
}

/** The head as text when it is text: UTF-8 (or UTF-16 with its mark) without control characters. */
function decodeText(probe: Probe): string | null {
  const { head } = probe;
  if (head.byteLength === 0) return null;
  if (head[0] === 0xff && head[1] === 0xfe) return printable(new TextDecoder("utf-16le").decode(head));
  if (head[0] === 0xfe && head[1] === 0xff) return printable(new TextDecoder("utf-16be").decode(head));
  const whole = probe.sizeBytes === head.byteLength ? head : withoutCutCharacter(head);
  return isUtf8(whole) ? printable(new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole)) : null;
}

/** Drops a multi-byte character that the end of the window cut in two. */
function withoutCutCharacter(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= 3 && back <= bytes.byteLength; back++) {
    if ((bytes[bytes.byteLength - back] ?? 0) >= 0xc0) return bytes.subarray(0, bytes.byteLength - back);
  }
  return bytes;
}

function printable(text: string): string | null {
  // deno-lint-ignore no-control-regex
  return /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(text) ? null : text;
}
