import type { Place } from "../../model/errors.ts";
import { type Finding, finding } from "../../model/finding.ts";
import { evaluate, memberName, type Scope } from "./evaluate.ts";
import { quote } from "./quote.ts";
import { children, descendants, filterCall, type Node } from "./tree.ts";

/** Far above what a prompt needs, far below what an engine notices. */
const MAX_ROUNDS = 1_000_000;
const MAX_TEXT_UNITS = 1 << 20;
const MAX_WIDTH = 1_000_000;
/** More of them say nothing new. */
const MAX_BOMBS = 3;
const MAX_LOOPS_NESTED = 8;
const MAX_EXPONENT = 10_000;
const WIDTH_IN_FORMAT = /%[-+ #0]*\d{7,}|%[-+ #0]*\d*\.\d{7,}|\{[^{}:]*:[^{}]*\d{7,}/;

/** Findings about work that a template (`nodes` are all of its tree) makes for the engine: loops, sizes and powers stated as literals. */
export function examineWork(
  root: Node,
  nodes: readonly Node[],
  scope: Scope,
  where: Place,
): readonly Finding[] {
  const bomb = (message: string) => finding("template/loop-bomb", message, where);
  const findings: Finding[] = [];
  for (const node of nodes) {
    const message = bombIn(node, scope);
    if (message !== null) findings.push(bomb(message));
    if (findings.length === MAX_BOMBS) return findings;
  }
  const loops = nestedRounds(root, scope);
  if (loops !== null) findings.push(bomb(loops));
  return findings;
}

function bombIn(node: Node, scope: Scope): string | null {
  switch (node.type) {
    case "CallExpression":
      return inCall(node, scope);
    case "FilterExpression":
      return inFilter(node, scope);
    case "BinaryExpression":
      return inBinary(node, scope);
    default:
      return null;
  }
}

function inCall(node: Node & { type: "CallExpression" }, scope: Scope): string | null {
  const largest = node.args.reduce((most, arg) => Math.max(most, evaluate(arg, scope).max), 0);
  if (node.callee.type === "Identifier" && node.callee.value === "range") {
    return largest > MAX_ROUNDS ? `${quote(node)} counts to ${largest}` : null;
  }
  if (node.callee.type !== "MemberExpression") return null;
  const isWidth = /^(?:center|expandtabs|ljust|rjust|zfill)$/.test(memberName(node.callee) ?? "");
  return isWidth && largest > MAX_WIDTH ? `${quote(node)} fills up to ${largest} characters` : null;
}

function inFilter(node: Node & { type: "FilterExpression" }, scope: Scope): string | null {
  const { name, args } = filterCall(node.filter);
  if (
    name === "format" && [...evaluate(node.operand, scope).texts].some((text) => WIDTH_IN_FORMAT.test(text))
  ) {
    return `${quote(node)} fills up to millions of characters`;
  }
  if (!["batch", "center", "indent", "slice"].includes(name ?? "")) return null;
  const largest = args.reduce((most, arg) => Math.max(most, evaluate(arg, scope).max), 0);
  return largest > MAX_WIDTH ? `${quote(node)} fills up to ${largest} places` : null;
}

function inBinary(node: Node & { type: "BinaryExpression" }, scope: Scope): string | null {
  const operator = node.operator.value;
  if (!["**", "*", "+", "~", "%"].includes(operator)) return null;
  const left = evaluate(node.left, scope);
  if (operator === "%") {
    return [...left.texts].some((text) => WIDTH_IN_FORMAT.test(text))
      ? `${quote(node)} is a text of millions`
      : null;
  }
  const right = evaluate(node.right, scope);
  if (operator === "**") {
    const power = left.max ** right.max;
    return right.max > MAX_EXPONENT || power === Infinity
      ? `${quote(node)} is a number of absurd size`
      : null;
  }
  const whole = evaluate(node, scope);
  return whole.size > MAX_TEXT_UNITS ? `${quote(node)} is a text of at least ${whole.size} characters` : null;
}

/** Rounds of loops inside of loops, and texts that double in every round. */
function nestedRounds(root: Node, scope: Scope): string | null {
  const pending: { node: Node; rounds: number; loops: number }[] = [{ node: root, rounds: 1, loops: 0 }];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const { node } = entry;
    let { rounds, loops } = entry;
    if (node.type === "For") {
      rounds *= roundsOf(node.iterable, scope);
      loops += 1;
      if (rounds > MAX_ROUNDS) {
        return `Loops inside of loops run ${rounds} times, ${quote(node.iterable)} the innermost`;
      }
      if (loops > MAX_LOOPS_NESTED) return `${loops} loops lie inside of each other`;
    }
    if (node.type === "Set" && loops > 0 && node.value !== null && doubles(node.assignee, node.value)) {
      return `${quote(node.assignee)} doubles in every round of a loop`;
    }
    if (node.type === "Macro") loops += 1;
    for (const child of children(node)) pending.push({ node: child, rounds, loops });
  }
  return null;
}

function roundsOf(iterable: Node, scope: Scope): number {
  if (iterable.type === "ArrayLiteral" || iterable.type === "TupleLiteral") {
    return Math.max(1, iterable.value.length);
  }
  const { max, size, texts } = evaluate(iterable, scope);
  return Math.max(1, iterable.type === "StringLiteral" || texts.size === 1 ? size : 0, max);
}

/** Whether the new value holds the old one more than once: `x ~ x`, `x * 2`. */
function doubles(target: Node, value: Node): boolean {
  const name = quote(target);
  let times = 0;
  for (const node of descendants(value)) {
    if (node.type !== "BinaryExpression" || !["~", "+", "*"].includes(node.operator.value)) continue;
    const sides = [node.left, node.right].filter((side) => quote(side) === name).length;
    const otherSide = quote(node.left) === name ? node.right : node.left;
    times += sides > 0 && node.operator.value === "*" && otherSide.type === "IntegerLiteral" ? 2 : sides;
  }
  return times > 1;
}
