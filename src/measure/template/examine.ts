import type { Place } from "../../model/errors.ts";
import { type Finding, finding } from "../../model/finding.ts";
import { bindNames } from "./bindings.ts";
import { examineWork } from "./bombs.ts";
import { lex, type Lexeme, TemplateFault } from "./lexer.ts";
import { nameKind } from "./names.ts";
import { examineGates } from "./gates.ts";
import { examineNames } from "./names_asked.ts";
import { scanUnparsable } from "./scan.ts";
import { examineText } from "./text.ts";
import { libraryTokens, LOADING } from "./tokens.ts";
import { children, descendants, type Node, parseTokens } from "./tree.ts";

export const MAX_TEMPLATE_BYTES = 1 << 20;
/** The largest templates known have a few thousand. */
const MAX_WORDS = 9_000;
const MAX_TREE_DEPTH = 600;
/** More findings of the same rule say nothing new. */
const MAX_PER_RULE = 3;
/** Names and texts of a template can be as long as the template. */
const MAX_MESSAGE_UNITS = 400;

/**
 * Reads a chat template as syntax and reports what could harm the engine or its users. Nothing is rendered, no path
 * through the template is followed, time is linear in its size. Throws nothing for any text.
 */
export function examineTemplate(text: string, where: Place): readonly Finding[] {
  const sizeBytes = new TextEncoder().encode(text).byteLength;
  if (sizeBytes > MAX_TEMPLATE_BYTES) {
    const message = `The template has ${sizeBytes} bytes, over the limit of ${MAX_TEMPLATE_BYTES}`;
    return [finding("template/too-large", message, where)];
  }
  let lexemes: readonly Lexeme[] = [];
  try {
    lexemes = lex(text, MAX_WORDS);
    const tree = parseTokens(libraryTokens(lexemes));
    checkDepth(tree);
    return readable([
      ...examineWords(lexemes, where),
      ...examineTree(tree, where),
      ...examineText(lexemes, where),
    ]);
  } catch (fault) {
    if (!(fault instanceof TemplateFault)) throw fault;
    return readable([faultFinding(text, fault, where), ...scanUnparsable(text, where)]);
  }
}

function faultFinding(text: string, fault: TemplateFault, where: Place): Finding {
  const line = lineOf(text, fault.offset);
  if (fault.kind === "limit") {
    return finding(
      "template/too-deep",
      `Cannot examine the template: ${fault.message} (line ${line})`,
      where,
    );
  }
  return finding("template/unparsable", `Cannot read the template: ${fault.message} (line ${line})`, where);
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function examineTree(tree: Node, where: Place): readonly Finding[] {
  const nodes = [...descendants(tree)];
  const scope = bindNames(nodes);
  const findings: Finding[] = [];
  for (const node of nodes) findings.push(...examineNames(node, scope, where));
  return [...findings, ...examineWork(tree, nodes, scope, where), ...examineGates(nodes, scope, where)];
}

/** What single words tell, wherever they stand: names that begin like internal ones, and statements that load. */
function examineWords(lexemes: readonly Lexeme[], where: Place): readonly Finding[] {
  return lexemes.flatMap((lexeme, i) => {
    const before = lexemes[i - 1];
    if (lexeme.kind !== "name") return [];
    if (before?.kind === "begin" && before.value === "{%" && LOADING.has(lexeme.value)) {
      return [finding("template/include", `The template loads another one with ${lexeme.value}`, where)];
    }
    const isMember = before?.kind === "operator" && before.value === ".";
    if (isMember || nameKind(lexeme.value) !== "internal") return [];
    return [finding("template/object-walk", `The template uses the internal name ${lexeme.value}`, where)];
  });
}

/** Bounds what later steps may follow by calling themselves. */
function checkDepth(tree: Node): void {
  let level: readonly Node[] = [tree];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_TREE_DEPTH) throw new TemplateFault("limit", `nested deeper than ${MAX_TREE_DEPTH}`, 0);
    level = level.flatMap(children);
  }
}

/** A report that a person can read, whatever the template holds. */
function readable(findings: readonly Finding[]): readonly Finding[] {
  const counts = new Map<string, number>();
  return findings.filter(({ rule }) => {
    const count = (counts.get(rule) ?? 0) + 1;
    counts.set(rule, count);
    return count <= MAX_PER_RULE;
  }).map((found) => ({ ...found, message: shortened(found.message) }));
}

function shortened(message: string): string {
  return message.length > MAX_MESSAGE_UNITS ? `${message.slice(0, MAX_MESSAGE_UNITS)}…` : message;
}
