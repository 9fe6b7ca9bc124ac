/** Front matter of published model cards has a few kilobytes. */
const MAX_FRONT_MATTER = 65_536;
const MAX_LICENSES = 16;
const KEY = /^(?:license|license_name)[ \t]*:[ \t]*(.*)$/;
const ITEM = /^[ \t]*-[ \t]+(.*)$/;

/**
 * The licenses that a model card declares in its front matter (`license`, `license_name`), in lower case. They are
 * read line by line, as `a: b`, `a: [b, c]` or a list below the key; what is written in any other way declares none.
 * https://huggingface.co/docs/hub/model-cards
 */
export function licensesInModelCard(text: string): readonly string[] {
  const [first, ...lines] = text.slice(0, MAX_FRONT_MATTER).split(/\r?\n/);
  if (first?.replace(/^\ufeff/, "").trimEnd() !== "---") return [];
  const found: string[] = [];
  let isListed = false;
  for (const line of lines) {
    if (line.trimEnd() === "---" || found.length >= MAX_LICENSES) break;
    const value = KEY.exec(line)?.[1];
    const item = isListed ? ITEM.exec(line)?.[1] : undefined;
    if (value !== undefined) {
      isListed = value.trim() === "";
      found.push(...value.replace(/^\[|\][ \t]*$/g, "").split(","));
    } else if (item !== undefined) found.push(item);
    else isListed = false;
  }
  return [...new Set(found.map(normalLicense).filter((name) => name !== ""))];
}

/** A license's name as it is compared: without quotes, comment and case. */
export function normalLicense(text: string): string {
  return text.replace(/[ \t]#.*$/, "").replaceAll(/["']/g, "").trim().toLowerCase();
}

/** Those of the declared licenses that a list names. An entry that ends with `*` names all that begin like it. */
export function flaggedLicenses(declared: readonly string[], list: readonly string[]): readonly string[] {
  return declared.filter((license) =>
    list.some((entry) => entry.endsWith("*") ? license.startsWith(entry.slice(0, -1)) : license === entry)
  );
}
