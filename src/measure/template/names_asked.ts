import type { Place } from "../../model/errors.ts";
import { type Finding, finding } from "../../model/finding.ts";
import type { RuleId } from "../../model/rules/mod.ts";
import { evaluate, memberName, type Scope } from "./evaluate.ts";
import { isGadget, type NameKind, nameKind, pathKind } from "./names.ts";
import { quote } from "./quote.ts";
import { filterCall, type FilterNode, type MemberNode, type Node } from "./tree.ts";
import type { Value } from "./value.ts";

/** Which arguments of a filter are names of attributes: by position, and by keyword. */
const ATTRIBUTE_ARGUMENTS: ReadonlyMap<string, readonly (number | string)[]> = new Map([
  ["attr", [0, "name"]],
  ["groupby", [0, "attribute"]],
  ["join", [1, "attribute"]],
  ["map", [0, "attribute", "name"]],
  ["max", [1, "attribute"]],
  ["min", [1, "attribute"]],
  ["rejectattr", [0]],
  ["selectattr", [0]],
  ["sort", [2, "attribute"]],
  ["sum", [0, "attribute"]],
  ["unique", [1, "attribute"]],
]);
const BAD_FIELD = /\{[^{}]*[.\[]\s*_/;

/** Findings about the names that one node of the tree asks a value for, and about what it takes from the engine. */
export function examineNames(node: Node, scope: Scope, where: Place): readonly Finding[] {
  const found = (rule: RuleId, message: string) => finding(rule, message, where);
  switch (node.type) {
    case "Identifier":
      return isGadget(node.value, { has: (name) => scope.get(name) !== undefined })
        ? [found("template/gadget", `The template uses ${quote(node)}, an object that leads out of it`)]
        : [];
    case "MemberExpression":
      return [...member(node, scope, found), ...formatting(node, scope, found)];
    case "FilterExpression":
      return filter(node, scope, found);
    default:
      return [];
  }
}

type Found = (rule: RuleId, message: string) => Finding;

function member(node: MemberNode, scope: Scope, found: Found): readonly Finding[] {
  const asked = memberAsked(node, scope, found);
  const isClass = node.object.type === "Identifier" && node.object.value === "dict" &&
    scope.get("dict") === undefined;
  return asked.length > 0 || !isClass
    ? asked
    : [found("template/gadget", `${quote(node)} takes something from the class dict itself`)];
}

function memberAsked(node: MemberNode, scope: Scope, found: Found): readonly Finding[] {
  const stated = memberName(node);
  if (stated !== null) {
    const kind = nameKind(stated);
    if (kind === "plain") return [];
    const rule = kind === "internal" ? "template/object-walk" : "template/private-name";
    return [found(rule, `${quote(node)} asks for ${JSON.stringify(stated)}, which is no part of a message`)];
  }
  if (node.property.type === "SliceExpression") return [];
  return computed(evaluate(node.property, scope), quote(node), found);
}

function computed(name: Value, quoted: string, found: Found): readonly Finding[] {
  const [worst, kind] = worstName(name);
  if (kind === "internal") {
    return [found("template/computed-name", `${quoted} puts together the name ${JSON.stringify(worst)}`)];
  }
  if (name.crafted) {
    return [found("template/computed-name", `${quoted} asks for a name that is put together piece by piece`)];
  }
  return kind === "plain"
    ? []
    : [found("template/private-name", `${quoted} asks for ${JSON.stringify(worst)}`)];
}

function worstName(value: Value): readonly [string, NameKind] {
  let worst: readonly [string, NameKind] = ["", "plain"];
  for (const text of value.texts) {
    const kind = pathKind(text);
    if (kind === "internal") return [text, kind];
    if (kind === "private") worst = [text, kind];
  }
  return worst;
}

/** `"{0.__class__}".format(x)` reads attributes by the names in the text. */
function formatting(node: MemberNode, scope: Scope, found: Found): readonly Finding[] {
  const name = memberName(node);
  if (name !== "format" && name !== "format_map") return [];
  const receiver = evaluate(node.object, scope);
  if ([...receiver.texts].some((text) => BAD_FIELD.test(text) || internalField(text))) {
    return [found("template/object-walk", `The text formatted by ${quote(node)} asks for an internal name`)];
  }
  const isKnown = !receiver.crafted && !receiver.prefixed && !receiver.data &&
    [...receiver.texts].every((text) => !/\{[^}]*\{/.test(text));
  return isKnown ? [] : [found("template/format-string", `${quote(node)} formats a text that is not fixed`)];
}

function internalField(text: string): boolean {
  return [...text.matchAll(/\{([^{}]*)/g)].some(([, field]) =>
    pathKind(field?.split(/[!:]/)[0] ?? "") !== "plain"
  );
}

function filter(node: FilterNode, scope: Scope, found: Found): readonly Finding[] {
  const { name, args } = filterCall(node.filter);
  if (name === null) {
    return [
      found("template/attr-filter", `${quote(node)} calls or reads what a filter gives, by no clear name`),
    ];
  }
  const nested = name === "map" && args[0]?.type === "StringLiteral" &&
    ATTRIBUTE_ARGUMENTS.has(args[0].value);
  const findings = args.flatMap((arg, i) => {
    const keyword = arg.type === "KeywordArgumentExpression" ? arg.key.value : null;
    const isName = nested || (ATTRIBUTE_ARGUMENTS.get(name)?.includes(keyword ?? i) ?? false);
    if (!isName) return [];
    return nameArgument(
      evaluate(arg, scope),
      name === "map" && keyword === null && i === 0,
      quote(node),
      found,
    );
  });
  const bySpread = ATTRIBUTE_ARGUMENTS.has(name) &&
    args.some((arg) => arg.type === "SpreadExpression" || arg.type === "KeywordSpreadExpression");
  return bySpread
    ? [...findings, found("template/attr-filter", `${quote(node)} hides the arguments of the filter`)]
    : findings;
}

function nameArgument(value: Value, isFilterName: boolean, quoted: string, found: Found): readonly Finding[] {
  const [worst, kind] = worstName(value);
  if (kind === "internal") {
    return [found("template/attr-filter", `${quoted} asks for ${JSON.stringify(worst)}`)];
  }
  if (value.crafted || value.prefixed || value.data) {
    return [found("template/attr-filter", `${quoted} asks for a name that is not written in the template`)];
  }
  if (!isFilterName && [...value.texts].some((text) => /(?:^|\.)format(?:_map)?$/.test(text))) {
    return [found("template/attr-filter", `${quoted} takes a function from a value`)];
  }
  return kind === "private"
    ? [found("template/attr-filter", `${quoted} asks for ${JSON.stringify(worst)}`)]
    : [];
}
