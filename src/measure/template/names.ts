/**
 * Attributes that lead from a value to the frames, code or classes of the Python program, without an underscore in
 * front. The same names that the sandbox of Jinja refuses.
 * https://github.com/pallets/jinja/blob/main/src/jinja2/sandbox.py
 */
const INTERNAL_NAMES: ReadonlySet<string> = new Set([
  ...["ag_code", "ag_frame", "cr_code", "cr_frame", "gi_code", "gi_frame", "gi_yieldfrom", "cr_await"],
  ...["f_back", "f_builtins", "f_code", "f_globals", "f_locals", "f_trace", "tb_frame", "tb_next"],
  ...[
    "func_closure",
    "func_code",
    "func_defaults",
    "func_dict",
    "func_globals",
    "im_class",
    "im_func",
    "im_self",
  ],
  ...["co_code", "co_consts", "mro"],
]);

/** Objects that engines or Jinja put into every template and from which the Python program is one step away. */
const ALWAYS_GADGETS: ReadonlySet<string> = new Set(["cycler", "joiner", "lipsum", "self"]);
const WEB_GADGETS: ReadonlySet<string> = new Set([
  ...["application", "config", "environ", "get_flashed_messages", "request", "session", "url_for"],
]);

export type NameKind = "plain" | "private" | "internal";

/** Letters that mean themselves, as nearly all names are written. */
const PLAIN = /^\w*$/;

/** What asking a value for an attribute of this name means. Full-width letters and the like count as plain ones. */
export function nameKind(name: string): NameKind {
  const plain = PLAIN.test(name) ? name : stripped(name.normalize("NFKC"));
  if (INTERNAL_NAMES.has(plain)) return "internal";
  if (!plain.startsWith("_")) return "plain";
  if (/^__[\p{L}\p{N}_]/u.test(plain)) return "internal";
  if (/^_[\p{L}\p{N}_]+?__[\p{L}\p{N}_]/u.test(plain)) return "internal";
  return /^_[\p{L}\p{N}_]/u.test(plain) ? "private" : "plain";
}

/** Text without the white space at its ends, as Python's `strip` takes it: the separators of ASCII are white space. */
export function stripped(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/^[\s\x1c-\x1f\x85]+/, "").replace(/[\s\x1c-\x1f\x85]+$/, "");
}

/** The worst kind along a dotted path, as `map(attribute="a.b")` and format strings take it. */
export function pathKind(path: string): NameKind {
  let worst: NameKind = "plain";
  for (const name of path.split(/[.\[\]]/)) {
    const kind = nameKind(name);
    if (kind === "internal") return kind;
    if (kind === "private") worst = kind;
  }
  return worst;
}

/** Whether a variable of this name is a way out of the template. `own` are the names the template itself sets. */
export function isGadget(name: string, own: { has(name: string): boolean }): boolean {
  const plain = name.normalize("NFKC");
  return ALWAYS_GADGETS.has(plain) || (WEB_GADGETS.has(plain) && !own.has(name));
}
