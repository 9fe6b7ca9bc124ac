/**
 * Makes a name from outside safe to print: control, direction and other invisible characters become `\xNN` or
 * `\u{…}`, so that no name can forge a line or hide what it is. Escaping twice changes nothing more.
 */
export function escapeName(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0xfffd;
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** True for a name that prints as it is. */
export function isPlainName(text: string): boolean {
  return escapeName(text) === text;
}

/** C0, C1, DEL, line separators, zero-width and bidirectional controls, the replacement character, lone surrogates. */
const UNPRINTABLE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

const encoder = new TextEncoder();

export function byteLength(name: string): number {
  return encoder.encode(name).byteLength;
}

/** Shortens a name to at most `limit` bytes of UTF-8 without cutting a character. */
export function clipBytes(name: string, limit: number): string {
  let clipped = "";
  let size = 0;
  for (const character of name) {
    size += byteLength(character);
    if (size > limit) break;
    clipped += character;
  }
  return clipped;
}
