import { filterCall, type Node } from "./tree.ts";

const MAX_UNITS = 120;
const MAX_DEPTH = 8;

/** About how an expression reads in the template, cut to a length that fits a report. */
export function quote(node: Node): string {
  const text = written(node, MAX_DEPTH).replaceAll(/\s+/g, " ");
  return text.length > MAX_UNITS ? `${text.slice(0, MAX_UNITS)}…` : text;
}

function written(node: Node, depth: number): string {
  if (depth === 0) return "…";
  const inner = (child: Node) => written(child, depth - 1);
  const list = (nodes: readonly Node[]) => nodes.slice(0, 8).map(inner).join(", ");
  switch (node.type) {
    case "Identifier":
      return node.value.slice(0, MAX_UNITS);
    case "StringLiteral":
      return JSON.stringify(node.value.slice(0, MAX_UNITS));
    case "IntegerLiteral":
    case "FloatLiteral":
      return String(node.value);
    case "ArrayLiteral":
    case "TupleLiteral":
      return `[${list(node.value)}]`;
    case "MemberExpression":
      return node.computed
        ? `${inner(node.object)}[${inner(node.property)}]`
        : `${inner(node.object)}.${inner(node.property)}`;
    case "CallExpression":
      return `${inner(node.callee)}(${list(node.args)})`;
    case "FilterExpression": {
      const { name, args } = filterCall(node.filter);
      return `${inner(node.operand)}|${name ?? inner(node.filter)}${
        args.length > 0 ? `(${list(args)})` : ""
      }`;
    }
    case "BinaryExpression":
      return `${inner(node.left)} ${node.operator.value} ${inner(node.right)}`;
    case "KeywordArgumentExpression":
      return `${node.key.value}=${inner(node.value)}`;
    case "UnaryExpression":
      return `${node.operator.value} ${inner(node.argument)}`;
    case "Ternary":
      return `${inner(node.trueExpr)} if ${inner(node.condition)} else ${inner(node.falseExpr)}`;
    default:
      return "…";
  }
}
