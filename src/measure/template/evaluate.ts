import { stripped } from "./names.ts";
import { filterCall, type FilterNode, type Invocation, type MemberNode, type Node } from "./tree.ts";
import {
  asList,
  concat,
  CRAFTED,
  DATA,
  element,
  NOTHING,
  NUMBER,
  numberUpTo,
  product,
  replaced,
  slice,
  sum,
  texts,
  transform,
  transformLetters,
  union,
  type Value,
} from "./value.ts";

/** What variables can be, wherever in the template: `name` for a variable, `.name` for an attribute. */
export interface Scope {
  get(name: string): Value | undefined;
  /** Names of macros, whose attributes tell names that the template's author chose. */
  readonly macros: ReadonlySet<string>;
  /** Values that will not change any more. Absent while names are still being bound. */
  readonly known?: Map<Node, Value>;
}

/** Lists that engines hand to every template. */
const GIVEN_LISTS: ReadonlySet<string> = new Set([
  ...["builtin_tools", "custom_tools", "documents", "functions", "messages", "tools"],
]);
const COUNTERS: ReadonlySet<string> = new Set([
  ...["depth", "depth0", "first", "index", "index0", "last", "length", "revindex", "revindex0"],
]);

/** The value of an expression, whatever the conversation. The depth of the tree is bounded by the caller. */
export function evaluate(node: Node, scope: Scope): Value {
  const known = scope.known?.get(node);
  if (known !== undefined) return known;
  const value = evaluateNew(node, scope);
  scope.known?.set(node, value);
  return value;
}

function evaluateNew(node: Node, scope: Scope): Value {
  switch (node.type) {
    case "StringLiteral":
      return texts(node.value);
    case "IntegerLiteral":
    case "FloatLiteral":
      return numberUpTo(node.value);
    case "Identifier":
      return variable(node.value, scope);
    case "ArrayLiteral":
    case "TupleLiteral":
      return asList(union(...node.value.map((item) => evaluate(item, scope))));
    case "ObjectLiteral":
      return asList(union(...[...node.value].flat().map((item) => evaluate(item, scope))));
    case "MemberExpression":
      return member(node, scope);
    case "CallExpression":
      return call(node.callee, node.args, scope);
    case "BinaryExpression":
      return binary(node.operator.value, evaluate(node.left, scope), evaluate(node.right, scope));
    case "FilterExpression":
      return filtered(node, scope);
    case "Ternary":
      return union(evaluate(node.trueExpr, scope), evaluate(node.falseExpr, scope));
    case "SelectExpression":
      return union(evaluate(node.lhs, scope), texts(""));
    case "TestExpression":
      return NUMBER;
    case "UnaryExpression":
      return numberUpTo(evaluate(node.argument, scope).max);
    case "KeywordArgumentExpression":
      return evaluate(node.value, scope);
    case "SpreadExpression":
    case "KeywordSpreadExpression":
      return element(evaluate(node.argument, scope));
    default:
      return CRAFTED;
  }
}

function variable(name: string, scope: Scope): Value {
  if (/^(?:true|false|none|True|False|None)$/.test(name)) return NUMBER;
  if (scope.macros.has(name)) return CRAFTED;
  const given = GIVEN_LISTS.has(name) ? asList(DATA) : NOTHING;
  const own = scope.get(name);
  // A variable that was set somewhere else only is undefined here, which reads as an empty text.
  if (own !== undefined) return union(own, given === NOTHING && !own.list ? texts("") : given);
  // The special tokens are written by whoever made the model.
  return /_tokens?$/.test(name) ? CRAFTED : given === NOTHING ? DATA : given;
}

function member(node: MemberNode, scope: Scope): Value {
  const { object, property } = node;
  if (property.type === "SliceExpression") return slice(evaluate(object, scope));
  const name = property.type === "StringLiteral" || (property.type === "Identifier" && !node.computed)
    ? property.value
    : null;
  if (object.type === "Identifier" && object.value === "loop" && name !== null && COUNTERS.has(name)) {
    return union(NUMBER, scope.get(`.${name}`) ?? NOTHING);
  }
  const inside = element(evaluate(object, scope));
  return name === null ? inside : union(inside, scope.get(`.${name}`) ?? NOTHING);
}

const COUNTING_METHODS = /^(?:count|find|index|rfind|rindex|is\w+|startswith|endswith)$/;
const LETTER_METHODS: ReadonlyMap<string, (text: string) => string> = new Map([
  ["lower", (text: string) => text.toLowerCase()],
  ["casefold", (text: string) => text.toLowerCase()],
  ["upper", (text: string) => text.toUpperCase()],
]);
const PICKING_METHODS: ReadonlySet<string> = new Set(["copy", "get", "items", "keys", "pop", "values"]);
const CUTTING_METHODS: ReadonlySet<string> = new Set([
  ...["lstrip", "partition", "removeprefix", "removesuffix", "rpartition", "rsplit", "rstrip", "split"],
  ...["splitlines", "strip"],
]);

function call(callee: Node, args: readonly Node[], scope: Scope): Value {
  const given = () => union(...args.map((arg) => evaluate(arg, scope)));
  if (callee.type === "Identifier") {
    if (scope.macros.has(callee.value) || scope.get(callee.value) !== undefined) return CRAFTED;
    if (callee.value === "range") return asList(numberUpTo(given().max));
    return ["dict", "namespace"].includes(callee.value) ? asList(given()) : CRAFTED;
  }
  const name = callee.type === "MemberExpression" ? memberName(callee) : null;
  if (callee.type !== "MemberExpression" || name === null) return CRAFTED;
  // Something of the template's own is stored under the name of a method, perhaps a macro.
  if (scope.get(`.${name}`)?.crafted) return CRAFTED;
  if (COUNTING_METHODS.test(name)) return NUMBER;
  if (callee.object.type === "Identifier" && callee.object.value === "loop") return given();
  const receiver = evaluate(callee.object, scope);
  const letters = LETTER_METHODS.get(name);
  if (letters !== undefined) return transformLetters(receiver, letters);
  if (PICKING_METHODS.has(name)) return union(element(receiver), given());
  if (name === "replace" && args.length === 2) {
    const [from, to] = args.map((arg) => evaluate(arg, scope));
    return from === undefined || to === undefined ? CRAFTED : replaced(receiver, from, to);
  }
  if (CUTTING_METHODS.has(name)) return slice({ ...receiver, list: false });
  return CRAFTED;
}

/** The attribute's name where the template states it: `x.name` or `x["name"]`. */
export function memberName(node: MemberNode): string | null {
  if (node.property.type === "StringLiteral") return node.property.value;
  return node.property.type === "Identifier" && !node.computed ? node.property.value : null;
}

function binary(operator: string, left: Value, right: Value): Value {
  switch (operator) {
    case "~":
      return concat(left, right);
    case "+":
      return sum(left, right);
    case "*":
      return product(left, right);
    case "**":
      return numberUpTo(left.max ** right.max);
    case "%":
      return left.number && !left.crafted && left.texts.size === 0 ? numberUpTo(right.max) : CRAFTED;
    case "and":
    case "or":
      return union(left, right);
    default:
      return numberUpTo(left.max);
  }
}

const COUNTING_FILTERS: ReadonlySet<string> = new Set([
  ...["abs", "count", "float", "int", "length", "round", "sum", "wordcount"],
]);
const PICKING_FILTERS: ReadonlySet<string> = new Set(["first", "last", "max", "min", "random"]);
const LIST_FILTERS: ReadonlySet<string> = new Set([
  ...["batch", "dictsort", "groupby", "items", "list", "reject", "rejectattr", "select", "selectattr"],
  ...["slice", "sort", "unique"],
]);
const LETTER_FILTERS: ReadonlyMap<string, (text: string) => string> = new Map([
  ...LETTER_METHODS,
  ["e", (text: string) => text],
  ["escape", (text: string) => text],
  ["safe", (text: string) => text],
  ["trim", stripped],
]);

function filtered(node: FilterNode, scope: Scope): Value {
  return applyFilter(evaluate(node.operand, scope), filterCall(node.filter), scope);
}

function applyFilter(operand: Value, { name, args }: Invocation, scope: Scope): Value {
  if (name === null) return CRAFTED;
  if (COUNTING_FILTERS.has(name)) return NUMBER;
  if (PICKING_FILTERS.has(name)) return element(operand);
  if (LIST_FILTERS.has(name)) return asList(element(operand));
  const letters = args.length === 0 ? LETTER_FILTERS.get(name) : undefined;
  if (letters !== undefined) return operand.list ? CRAFTED : transformLetters(operand, letters);
  switch (name) {
    case "default":
    case "d":
      return union(operand, ...args.map((arg) => evaluate(arg, scope)));
    case "string":
      return operand.list ? CRAFTED : operand;
    case "reverse":
      return operand.list ? operand : transform(operand, (text) => [...text].reverse().join(""));
    case "replace": {
      const [from, to] = args.map((arg) => evaluate(arg, scope));
      return from === undefined || to === undefined ? CRAFTED : replaced(operand, from, to);
    }
    case "map":
      return asList(mapped(operand, args, scope));
    default:
      return CRAFTED;
  }
}

function mapped(operand: Value, args: readonly Node[], scope: Scope): Value {
  const [first, ...rest] = args;
  if (first?.type === "StringLiteral") {
    return applyFilter(element(operand), { name: first.value, args: rest }, scope);
  }
  if (first?.type !== "KeywordArgumentExpression" || first.key.value !== "attribute") return CRAFTED;
  const attribute = first.value.type === "StringLiteral" ? first.value.value : "";
  return union(
    element(operand),
    scope.get(`.${attribute}`) ?? NOTHING,
    ...rest.map((r) => evaluate(r, scope)),
  );
}
