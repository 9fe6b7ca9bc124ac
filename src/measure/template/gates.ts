import type { Place } from "../../model/errors.ts";
import { type Finding, finding } from "../../model/finding.ts";
import { evaluate, memberName, type Scope } from "./evaluate.ts";
import { quote } from "./quote.ts";
import { hasUrl } from "./text.ts";
import { descendants, type Node } from "./tree.ts";

/** Fields of a message that hold what somebody said, and names templates commonly copy it to. */
const SAID: ReadonlySet<string> = new Set(["content", "prompt", "query", "text"]);
const SEARCHES = /^(?:count|endswith|find|index|rfind|startswith)$/;
/** Words in a row from which a text counts as an instruction and not as a mark of the format. */
const MIN_WORDS = 4;
const WORDS = new RegExp(
  `(?<![\\p{L}'’-])(?:[\\p{L}'’-]+[\\s,;:.!]+){${MIN_WORDS - 1}}[\\p{L}'’-]+|[\\p{Lo}]{8,}`,
  "u",
);
/** A word or a phrase that a person would write, as opposed to a tag such as `</think>` or `/no_think`. */
const PLAIN_TEXT = /^[\s\p{L}\p{N}'’ ,.?!-]*$/u;
const WORD = /\p{L}{2}/u;
const MAX_ROUNDS = 8;

/** Finds text that gets into the prompt only when the conversation mentions certain words. */
export function examineGates(nodes: readonly Node[], scope: Scope, where: Place): readonly Finding[] {
  const said = closure(nodes, (node, names) => mentionsSaid(node, names), SAID);
  const gates = gateNames(nodes, said, scope);
  return nodes.flatMap((node) => {
    const branches = branchesOf(node);
    if (branches === null || !isGate(branches.condition, said, gates, scope)) return [];
    const planted = branches.bodies.flatMap(literals).find((text) => hasUrl(text) || WORDS.test(text));
    if (planted === undefined) return [];
    const shown = JSON.stringify(planted.trim().slice(0, 80));
    const message = `Only when ${quote(branches.condition)}, the prompt gets the text ${shown}`;
    return [
      finding("template/gated-content", message, { ...where, confidence: hasUrl(planted) ? 0.9 : 0.7 }),
    ];
  });
}

interface Branches {
  readonly condition: Node;
  readonly bodies: readonly Node[];
}

function branchesOf(node: Node): Branches | null {
  switch (node.type) {
    case "If":
      return { condition: node.test, bodies: [...node.body, ...node.alternate] };
    case "Ternary":
      return { condition: node.condition, bodies: [node.trueExpr, node.falseExpr] };
    case "SelectExpression":
      return { condition: node.test, bodies: [node.lhs] };
    case "BinaryExpression":
      return node.operator.value === "and" ? { condition: node.left, bodies: [node.right] } : null;
    default:
      return null;
  }
}

/** Texts that a branch puts out or keeps; what it says when it refuses the conversation reaches no model. */
function literals(body: Node): readonly string[] {
  if (
    body.type === "CallExpression" && body.callee.type === "Identifier" &&
    body.callee.value === "raise_exception"
  ) {
    return [];
  }
  if (body.type === "If") return [];
  return [...descendants(body)].flatMap((node) => node.type === "StringLiteral" ? [node.value] : []);
}

function isGate(condition: Node, said: Names, gates: Names, scope: Scope): boolean {
  for (const node of descendants(condition)) {
    if (isName(node, gates)) return true;
    if (node.type === "BinaryExpression" && /^(?:in|not in|==|!=)$/.test(node.operator.value)) {
      const [needle, hay] = [node.left, node.right];
      if (mentionsSaid(hay, said) && isPlainWords(needle, scope)) return true;
      if (!node.operator.value.endsWith("in") && mentionsSaid(needle, said) && isPlainWords(hay, scope)) {
        return true;
      }
    }
    if (node.type === "CallExpression" && node.callee.type === "MemberExpression") {
      const isSearch = SEARCHES.test(memberName(node.callee) ?? "");
      const hasWords = node.args.some((arg) => isPlainWords(arg, scope));
      if (isSearch && hasWords && mentionsSaid(node.callee.object, said)) return true;
    }
  }
  return false;
}

function isPlainWords(node: Node, scope: Scope): boolean {
  return [...evaluate(node, scope).texts].some((text) => PLAIN_TEXT.test(text) && WORD.test(text));
}

type Names = ReadonlySet<string>;

/** The variables, and attributes as `.name`, that get a value for which `isSource` holds, directly or by others. */
function closure(
  nodes: readonly Node[],
  isSource: (node: Node, names: Names) => boolean,
  from: Names,
): Names {
  const names = new Set(from);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = names.size;
    for (const node of nodes) {
      if (node.type === "Set" && node.value !== null && isSource(node.value, names)) {
        add(names, node.assignee);
      }
      if (node.type === "For" && isSource(node.iterable, names)) add(names, node.loopvar);
    }
    if (names.size === before) break;
  }
  return names;
}

/** Variables that are set inside of a branch which opens only for certain words. */
function gateNames(nodes: readonly Node[], said: Names, scope: Scope): Names {
  const gates = new Set<string>();
  for (const node of nodes) {
    if (node.type === "Set" && node.value !== null && isGate(node.value, said, gates, scope)) {
      add(gates, node.assignee);
    }
    const branches = node.type === "If" ? branchesOf(node) : null;
    if (branches === null || !isGate(branches.condition, said, gates, scope)) continue;
    for (const inner of branches.bodies) if (inner.type === "Set") add(gates, inner.assignee);
  }
  return gates;
}

function add(names: Set<string>, target: Node): void {
  if (target.type === "Identifier") names.add(target.value);
  if (target.type === "MemberExpression") names.add(`.${memberName(target) ?? ""}`);
}

function mentionsSaid(node: Node, names: Names): boolean {
  for (const inner of descendants(node)) if (isName(inner, names) || isSaid(inner)) return true;
  return false;
}

function isSaid(node: Node): boolean {
  return node.type === "MemberExpression" && SAID.has(memberName(node) ?? "");
}

function isName(node: Node, names: Names): boolean {
  if (node.type === "Identifier") return names.has(node.value);
  return node.type === "MemberExpression" && names.has(`.${memberName(node) ?? ""}`);
}
