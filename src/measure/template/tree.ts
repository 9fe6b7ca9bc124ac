import { parse } from "@huggingface/jinja";
import { TemplateFault } from "./lexer.ts";

export type LibraryToken = Parameters<typeof parse>[0][number];

/**
 * The syntax tree of the library, as a union that can be narrowed by `type`.
 * https://github.com/huggingface/huggingface.js/blob/main/packages/jinja/src/ast.ts
 */
export type Node =
  | { readonly type: "Program"; readonly body: readonly Node[] }
  | {
    readonly type: "If";
    readonly test: Node;
    readonly body: readonly Node[];
    readonly alternate: readonly Node[];
  }
  | {
    readonly type: "For";
    readonly loopvar: Node;
    readonly iterable: Node;
    readonly body: readonly Node[];
    readonly defaultBlock: readonly Node[];
  }
  | { readonly type: "Break" | "Continue" }
  | { readonly type: "Comment"; readonly value: string }
  | {
    readonly type: "Set";
    readonly assignee: Node;
    readonly value: Node | null;
    readonly body: readonly Node[];
  }
  | MacroNode
  | CallNode
  | MemberNode
  | IdentifierNode
  | { readonly type: "IntegerLiteral" | "FloatLiteral"; readonly value: number }
  | { readonly type: "StringLiteral"; readonly value: string }
  | { readonly type: "ArrayLiteral" | "TupleLiteral"; readonly value: readonly Node[] }
  | { readonly type: "ObjectLiteral"; readonly value: ReadonlyMap<Node, Node> }
  | BinaryNode
  | FilterNode
  | { readonly type: "SelectExpression"; readonly lhs: Node; readonly test: Node }
  | { readonly type: "TestExpression"; readonly operand: Node; readonly test: Node }
  | { readonly type: "UnaryExpression"; readonly operator: LibraryToken; readonly argument: Node }
  | SliceNode
  | KeywordNode
  | { readonly type: "SpreadExpression" | "KeywordSpreadExpression"; readonly argument: Node }
  | { readonly type: "Ternary"; readonly condition: Node; readonly trueExpr: Node; readonly falseExpr: Node };

export type MacroNode = {
  readonly type: "Macro";
  readonly name: IdentifierNode;
  readonly args: readonly Node[];
  readonly body: readonly Node[];
};
export type CallNode = {
  readonly type: "CallExpression";
  readonly callee: Node;
  readonly args: readonly Node[];
};
export type MemberNode = {
  readonly type: "MemberExpression";
  readonly object: Node;
  readonly property: Node;
  readonly computed: boolean;
};
export type IdentifierNode = { readonly type: "Identifier"; readonly value: string };
export type BinaryNode = {
  readonly type: "BinaryExpression";
  readonly operator: LibraryToken;
  readonly left: Node;
  readonly right: Node;
};
export type FilterNode = { readonly type: "FilterExpression"; readonly operand: Node; readonly filter: Node };
export type KeywordNode = {
  readonly type: "KeywordArgumentExpression";
  readonly key: IdentifierNode;
  readonly value: Node;
};
export type SliceNode = {
  readonly type: "SliceExpression";
  readonly start: Node | undefined;
  readonly stop: Node | undefined;
  readonly step: Node | undefined;
};

/** Parses words of the library's kinds. Throws `TemplateFault` where they are no template. */
export function parseTokens(tokens: readonly LibraryToken[]): Node {
  try {
    // The library declares `type` as a plain string; its classes have exactly the members named above.
    return parse([...tokens]) as unknown as Node;
  } catch (cause) {
    if (cause instanceof RangeError) throw new TemplateFault("limit", "nested too deep for a parser", 0);
    throw new TemplateFault("syntax", cause instanceof Error ? cause.message : String(cause), 0);
  }
}

/** The nodes directly under a node, in the order of the text. */
export function children(node: Node): readonly Node[] {
  switch (node.type) {
    case "Program":
      return node.body;
    case "If":
      return [node.test, ...node.body, ...node.alternate];
    case "For":
      return [node.loopvar, node.iterable, ...node.body, ...node.defaultBlock];
    case "Set":
      return [node.assignee, ...present(node.value), ...node.body];
    case "Macro":
      return [...node.args, ...node.body];
    case "CallExpression":
      return [node.callee, ...node.args];
    case "MemberExpression":
      return node.computed ? [node.object, node.property] : [node.object];
    case "ArrayLiteral":
    case "TupleLiteral":
      return node.value;
    case "ObjectLiteral":
      return [...node.value].flat();
    case "BinaryExpression":
      return [node.left, node.right];
    case "FilterExpression":
      return [node.operand, ...filterParts(node.filter)];
    case "SelectExpression":
      return [node.lhs, node.test];
    case "TestExpression":
      return [node.operand];
    case "UnaryExpression":
    case "SpreadExpression":
    case "KeywordSpreadExpression":
      return [node.argument];
    case "SliceExpression":
      return [...present(node.start), ...present(node.stop), ...present(node.step)];
    case "KeywordArgumentExpression":
      return [node.value];
    case "Ternary":
      return [node.condition, node.trueExpr, node.falseExpr];
    default:
      return [];
  }
}

/** Every node under one, itself included, parents first and in the order of the text. Needs no stack of calls. */
export function* descendants(root: Node): Generator<Node> {
  const pending = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    yield node;
    const under = children(node);
    for (let i = under.length - 1; i >= 0; i--) {
      const child = under[i];
      if (child !== undefined) pending.push(child);
    }
  }
}

/** A filter or a function by name with its arguments; `name` is null where what is called has none. */
export interface Invocation {
  readonly name: string | null;
  readonly args: readonly Node[];
}

/** The filter that is applied: `x|name` or `x|name(args)`. */
export function filterCall(filter: Node): Invocation {
  if (filter.type === "Identifier") return { name: filter.value, args: [] };
  if (filter.type === "CallExpression" && filter.callee.type === "Identifier") {
    return { name: filter.callee.value, args: filter.args };
  }
  return { name: null, args: [] };
}

/** What a filter holds beside its own name: the library puts whatever follows a filter's arguments into it. */
function filterParts(filter: Node): readonly Node[] {
  if (filter.type === "Identifier") return [];
  if (filter.type === "CallExpression" && filter.callee.type === "Identifier") return filter.args;
  return [filter];
}

function present(node: Node | null | undefined): readonly Node[] {
  return node === null || node === undefined ? [] : [node];
}
