import assert from "node:assert/strict";
import { decodedParts } from "../../src/behaviour/encoding.ts";

const SECRET = "hide here";
const bytes = [...SECRET].map((c) => c.charCodeAt(0).toString(16));
const percent = (text: string) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");

/** Each no longer than it has to be, as a run is looked for at every so many characters. */
const encoded: [how: string, text: string, says: string][] = [
  ["base64", "aGlkZSBoZXJlIG", "hide here "],
  [
    "base64 of addresses",
    btoa("hide > here ?~~~?").replaceAll("+", "-").replaceAll("/", "_").replace("=", ""),
    "hide > here ?~~~?",
  ],
  ["hexadecimal", bytes.slice(0, 8).join(""), "hide her"],
  ["hexadecimal in capitals", bytes.slice(0, 8).join("").toUpperCase(), "hide her"],
  ["hexadecimal numbers", bytes.map((b) => `0x${b}`).join(", "), SECRET],
  ["hexadecimal escapes", bytes.map((b) => `\\x${b}`).join(""), SECRET],
  ["hexadecimal with colons", bytes.join(":"), SECRET],
  ["percent signs", percent("hide it here"), "hide it here"],
  ["few percent signs", "hide%20it%21now-or", "hide it!now-or"],
];
for (const [how, text, says] of encoded) {
  Deno.test(`decodedParts() reads ${how} wherever it stands`, () => {
    for (let before = 0; before < 40; before++) {
      const reply = `${"?".repeat(before)}${text}?`;
      const part = decodedParts(reply).find((decoded) => decoded.text === says);
      assert(part !== undefined, `${before} characters before`);
      assert.equal(reply.slice(part.start, part.end), text);
    }
  });
}

Deno.test("decodedParts() finds nothing in what only looks encoded", () => {
  for (
    const text of [
      "6869 6869 686",
      "50 % of 12 %, or 100%",
      "0x0x0x0x0x0x0x0x0x0x",
      "dead beef cafe",
      "%zz%zz%zz%zz%zz",
    ]
  ) {
    assert.deepEqual(decodedParts(text), [], text);
  }
});
