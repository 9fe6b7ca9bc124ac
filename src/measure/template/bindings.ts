import { evaluate, memberName, type Scope } from "./evaluate.ts";
import { type CallNode, descendants, type MacroNode, type Node } from "./tree.ts";
import { asList, CRAFTED, element, isSame, NOTHING, texts, union, type Value } from "./value.ts";

/** Rounds after which what still grows is taken to be able to become anything. */
const MAX_ROUNDS = 8;
const CHANGING_METHODS: ReadonlySet<string> = new Set([
  ...["add", "append", "extend", "insert", "setdefault", "update"],
]);
/** Methods of texts, lists and mappings: calling one calls no macro. */
const KNOWN_METHODS =
  /^(?:capitalize|copy|count|cycle|encode|endswith|find|format|get|index|is\w+|items|join|keys|lower|lstrip|partition|pop|removeprefix|removesuffix|replace|rfind|rindex|rpartition|rsplit|rstrip|split|splitlines|startswith|strftime|strip|title|upper|values|zfill)$/;

/** One way in which a name gets a value. */
interface Binding {
  readonly name: string;
  readonly value: (scope: Scope) => Value;
}

/**
 * What every variable, parameter, loop variable and attribute can be, over all places where it is set: the order and
 * the scopes of the template play no part, so nothing is missed and no path has to be followed.
 */
export function bindNames(root: Node): Scope {
  const macros = new Map<string, MacroNode>();
  const bindings: Binding[] = [];
  for (const node of descendants(root)) if (node.type === "Macro") macros.set(node.name.value, node);
  for (const node of descendants(root)) collect(node, macros, bindings);
  return settle(bindings, new Set(macros.keys()));
}

function settle(bindings: readonly Binding[], macros: ReadonlySet<string>): Scope {
  const values = new Map<string, Value>();
  const scope: Scope = { get: (name) => values.get(name), macros };
  for (let round = 0; round <= MAX_ROUNDS; round++) {
    let changed = false;
    for (const { name, value } of bindings) {
      const before = values.get(name) ?? NOTHING;
      const now = union(before, value(scope));
      if (values.has(name) && isSame(before, now)) continue;
      changed = true;
      values.set(name, round < MAX_ROUNDS || now.texts.size === 0 ? now : union(now, CRAFTED));
    }
    if (!changed) break;
  }
  return { ...scope, known: new Map() };
}

function collect(node: Node, macros: ReadonlyMap<string, MacroNode>, bindings: Binding[]): void {
  const bind = (name: string, value: Binding["value"]) => bindings.push({ name, value });
  switch (node.type) {
    case "Set": {
      const { value, body } = node;
      const given = value === null ? () => blockText(body) : (scope: Scope) => evaluate(value, scope);
      return bindTarget(node.assignee, given, bindings);
    }
    case "For": {
      const items = (scope: Scope) => element(evaluate(node.iterable, scope));
      bind("loop", items);
      return bindTarget(node.loopvar, items, bindings);
    }
    case "Macro":
      return bindParameters(node, bindings);
    case "ObjectLiteral":
      for (const [key, value] of node.value) {
        if (key.type === "StringLiteral") bind(`.${key.value}`, (scope) => evaluate(value, scope));
      }
      return;
    case "CallExpression":
      return bindArguments(node, macros, bindings);
  }
}

/** A text that is put together from the output of a block; known when nothing is computed in it. */
function blockText(body: readonly Node[]): Value {
  const parts = body.map((node) => node.type === "StringLiteral" ? node.value : null);
  return parts.includes(null) ? CRAFTED : texts(parts.join(""), parts.join("").trim());
}

function bindTarget(target: Node, value: Binding["value"], bindings: Binding[]): void {
  if (target.type === "Identifier") bindings.push({ name: target.value, value });
  if (target.type === "TupleLiteral" || target.type === "ArrayLiteral") {
    const name = `(tuple ${bindings.length})`;
    bindings.push({ name, value: (scope) => element(value(scope)) });
    for (const item of target.value) bindTarget(item, (scope) => scope.get(name) ?? NOTHING, bindings);
  }
  if (target.type !== "MemberExpression") return;
  bindings.push({ name: `.${memberName(target) ?? ""}`, value });
}

function bindParameters(macro: MacroNode, bindings: Binding[]): void {
  for (const parameter of macro.args) {
    const name = parameter.type === "KeywordArgumentExpression" ? parameter.key.value : nameOf(parameter);
    bindings.push({ name, value: (scope) => scope.get("(any)") ?? NOTHING });
    if (parameter.type === "KeywordArgumentExpression") {
      bindings.push({ name, value: (scope) => evaluate(parameter.value, scope) });
    }
  }
}

function nameOf(node: Node | undefined): string {
  return node?.type === "Identifier" ? node.value : "";
}

/** Arguments become parameters of the macro called, or of any macro where it cannot be told which one is. */
function bindArguments(call: CallNode, macros: ReadonlyMap<string, MacroNode>, bindings: Binding[]): void {
  const { callee, args } = call;
  if (callee.type === "MemberExpression") {
    const name = memberName(callee);
    if (name !== null && CHANGING_METHODS.has(name)) return bindContents(callee.object, args, bindings);
    if (name !== null && KNOWN_METHODS.test(name)) return;
  }
  const macro = callee.type === "Identifier" ? macros.get(callee.value) : undefined;
  args.forEach((argument, i) => {
    const value = (scope: Scope) => evaluate(argument, scope);
    const keyword = argument.type === "KeywordArgumentExpression" ? argument.key.value : null;
    const isSpread = argument.type === "SpreadExpression" || argument.type === "KeywordSpreadExpression";
    if (macro !== undefined && !isSpread) {
      bindings.push({ name: keyword ?? parameterName(macro, i), value });
      for (const rest of ["varargs", "kwargs"]) bindings.push({ name: rest, value: (s) => asList(value(s)) });
    } else if (["dict", "namespace"].includes(nameOf(callee))) {
      if (keyword !== null) bindings.push({ name: `.${keyword}`, value });
    } else if (nameOf(callee) === "loop") {
      bindings.push({ name: "loop", value: (scope) => element(value(scope)) });
    } else if (!["range", "raise_exception", "strftime_now"].includes(nameOf(callee))) {
      bindings.push({ name: "(any)", value });
    }
  });
}

function parameterName(macro: MacroNode, index: number): string {
  const parameter = macro.args[index];
  return parameter?.type === "KeywordArgumentExpression" ? parameter.key.value : nameOf(parameter);
}

/** `list.append(x)` and the like put `x` into the list. */
function bindContents(list: Node, args: readonly Node[], bindings: Binding[]): void {
  const name = list.type === "MemberExpression" ? `.${memberName(list) ?? ""}` : nameOf(list);
  for (const arg of args) bindings.push({ name, value: (scope) => asList(evaluate(arg, scope)) });
}
