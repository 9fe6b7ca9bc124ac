import { FormatError } from "../../model/errors.ts";
import type { ByteSource } from "../source.ts";
import { arrayTexts } from "./arrays.ts";
import { CHAT_TEMPLATE_PREFIX } from "./keys.ts";
import { MAX_TEMPLATE_BYTES } from "./limits.ts";
import { decodeUtf8 } from "./metadata.ts";
import type { ChatTemplate, GgufArray, Metadata } from "./value.ts";

const MAX_LISTED_TEMPLATES = 1024;

/** Every text that an engine could take as a chat template, under whatever name. */
export function chatTemplatesOf(source: ByteSource, metadata: Metadata): readonly ChatTemplate[] {
  const templates: ChatTemplate[] = [];
  for (const [key, value] of metadata) {
    if (!key.startsWith(CHAT_TEMPLATE_PREFIX)) continue;
    if (value.type === "STRING") templates.push({ key, text: value.value, offset: value.offset });
    else if (value.type === "ARRAY") templates.push(...listedTemplates(source, key, value));
  }
  return templates;
}

function listedTemplates(source: ByteSource, key: string, array: GgufArray): readonly ChatTemplate[] {
  const { offset, count, sizeBytes } = array;
  const place = { offset, field: key };
  if (count > MAX_LISTED_TEMPLATES) {
    throw new FormatError("gguf/count", `"${key}" lists ${count} chat templates`, place);
  }
  if (sizeBytes > MAX_TEMPLATE_BYTES) {
    const message =
      `"${key}" lists ${sizeBytes} bytes of chat templates, above the limit of ${MAX_TEMPLATE_BYTES}`;
    throw new FormatError("gguf/template-size", message, place);
  }
  return Array.from(arrayTexts(source, array), (bytes, i) => {
    const text = decodeUtf8(bytes);
    if (text !== null && !text.includes("\0")) return { key: `${key}[${i}]`, text, offset };
    const rule = text === null ? "gguf/template-encoding" : "gguf/text-nul";
    throw new FormatError(rule, `"${key}"[${i}] is not plain UTF-8 text`, place);
  });
}
