import { stripped } from "./names.ts";
import { evaluate, memberName, type Scope } from "./evaluate.ts";
import { TemplateFault } from "./lexer.ts";
import { type CallNode, type MacroNode, type Node } from "./tree.ts";
import { asList, CRAFTED, element, isSame, NOTHING, texts, union, type Value } from "./value.ts";

/** Rounds after which what still grows is taken to be able to become anything. */
const EXACT_ROUNDS = 6;
/** Rounds after which a template is refused. Real ones settle in a few. */
const MAX_ROUNDS = 16;
/** Every call of a name is taken as a call of each macro that has it. */
const MAX_MACROS_OF_A_NAME = 3;
const MAX_MACROS = 64;
const CHANGING_METHODS: ReadonlySet<string> = new Set([
  ...["add", "append", "extend", "insert", "setdefault", "update"],
]);
/** Methods of texts, lists and mappings: calling one calls no macro. */
const KNOWN_METHODS =
  /^(?:capitalize|copy|count|cycle|encode|endswith|find|format|get|index|is\w+|items|join|keys|lower|lstrip|partition|pop|removeprefix|removesuffix|replace|rfind|rindex|rpartition|rsplit|rstrip|split|splitlines|startswith|strftime|strip|title|upper|values|zfill)$/;

const KNOWN_FUNCTIONS: ReadonlySet<string> = new Set([
  ...["dict", "namespace", "raise_exception", "range", "strftime_now"],
]);

/** One way in which a name gets a value. */
interface Binding {
  readonly name: string;
  readonly value: (scope: Scope) => Value;
}

/**
 * What every variable, parameter, loop variable and attribute can be, over all places where it is set: the order and
 * the scopes of the template play no part, so nothing is missed and no path has to be followed. Takes all nodes
 * of the tree. Throws `TemplateFault` where names depend on each other in too long a row.
 */
export function bindNames(nodes: readonly Node[]): Scope {
  const macros = macrosByName(nodes);
  const bindings: Binding[] = [];
  for (const node of nodes) collect(node, macros, bindings);
  return settle(bindings, new Set(macros.keys()));
}

/** Every macro by its name; a name can be given more than once. */
type Macros = ReadonlyMap<string, readonly MacroNode[]>;

function macrosByName(nodes: readonly Node[]): Macros {
  const macros = new Map<string, MacroNode[]>();
  let count = 0;
  for (const node of nodes) {
    if (node.type !== "Macro") continue;
    if (++count > MAX_MACROS) throw new TemplateFault("limit", `more than ${MAX_MACROS} macros`, 0);
    const { value: name } = node.name;
    const named = [...macros.get(name) ?? [], node];
    if (named.length > MAX_MACROS_OF_A_NAME) {
      throw new TemplateFault("limit", `more than ${MAX_MACROS_OF_A_NAME} macros of one name`, 0);
    }
    macros.set(name, named);
  }
  return macros;
}

function settle(bindings: readonly Binding[], macros: ReadonlySet<string>): Scope {
  const values = new Map<string, Value>(bindings.map(({ name }) => [name, NOTHING]));
  const scope: Scope = { get: (name) => values.get(name), macros };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let changed = false;
    // Every other round goes backwards, so that rows in either direction settle at once.
    for (const { name, value } of round % 2 === 0 ? bindings : bindings.toReversed()) {
      const before = values.get(name) ?? NOTHING;
      const after = union(before, value(scope));
      const now = round < EXACT_ROUNDS ? after : widened(before, after);
      if (isSame(before, now)) continue;
      changed = true;
      values.set(name, now);
    }
    if (!changed) return { ...scope, known: new Map() };
  }
  throw new TemplateFault("limit", "variables that depend on each other in too long a row", 0);
}

/** What still grows can become any text, and numbers and sizes count as they were. */
function widened(before: Value, after: Value): Value {
  const grows = after.texts.size > before.texts.size && before !== NOTHING;
  return {
    ...(grows ? union(after, CRAFTED) : after),
    max: before.max || after.max,
    size: before.size || after.size,
  };
}

function collect(node: Node, macros: Macros, bindings: Binding[]): void {
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
  return parts.includes(null) ? CRAFTED : texts(parts.join(""), stripped(parts.join("")));
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

/** Arguments become parameters of the macros of that name, or of any macro where it cannot be told which one is. */
function bindArguments(call: CallNode, macros: Macros, bindings: Binding[]): void {
  const { callee, args } = call;
  const method = callee.type === "MemberExpression" ? memberName(callee) : null;
  if (callee.type === "MemberExpression" && method !== null && CHANGING_METHODS.has(method)) {
    bindContents(callee.object, args, bindings);
  }
  const name = nameOf(callee);
  const named = macros.get(name) ?? [];
  const isKnown = named.length > 0 || KNOWN_FUNCTIONS.has(name) ||
    (method !== null && KNOWN_METHODS.test(method));
  const other = method === null ? name : `.${method}`;
  args.forEach((argument, i) => {
    const value = (scope: Scope) => evaluate(argument, scope);
    const keyword = argument.type === "KeywordArgumentExpression" ? argument.key.value : null;
    const isSpread = argument.type === "SpreadExpression" || argument.type === "KeywordSpreadExpression";
    const bindAny = !isKnown || (isSpread && named.length > 0)
      ? value
      : (scope: Scope) => mayBeMacro(scope, other) ? value(scope) : NOTHING;
    bindings.push({ name: "(any)", value: bindAny });
    for (const macro of named) bindings.push({ name: keyword ?? parameterName(macro, i), value });
    if (named.length > 0) {
      for (const rest of ["varargs", "kwargs"]) bindings.push({ name: rest, value: (s) => asList(value(s)) });
    }
    if (keyword !== null && (name === "dict" || name === "namespace")) {
      bindings.push({ name: `.${keyword}`, value });
    }
    if (name === "loop") bindings.push({ name, value: (scope) => element(value(scope)) });
  });
}

/** Whether something that could be a macro was stored under a name that usually means something else. */
function mayBeMacro(scope: Scope, name: string): boolean {
  return scope.get(name)?.crafted ?? false;
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
