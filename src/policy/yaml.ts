import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from "yaml";
import { type KeyPath, type PlacedProblem, type Position } from "./problem.ts";

/** A configuration text as plain data, with the place of every key and value in it. */
export interface YamlText {
  /** `null` for a text without any content. */
  readonly data: unknown;
  readonly problems: readonly PlacedProblem[];
  locate(path: KeyPath, about: "key" | "value"): Position;
}

/** Nothing we configure is nested deeper than six; a deeper text is not one of ours. */
const MAX_DEPTH = 16;

/**
 * Reads one YAML 1.2 document (core schema: `yes` is text, only `true` and `false` are booleans). What could make
 * two readers disagree about the same text is refused: anchors, aliases, tags, other YAML versions, a second
 * document, one key twice.
 */
export function readYaml(text: string, limit: { readonly maxBytes: number }): YamlText {
  const reader = new Reader();
  const sizeBytes = new TextEncoder().encode(text).byteLength;
  if (sizeBytes > limit.maxBytes) {
    reader.refuse(0, [], `the file is ${sizeBytes} bytes, more than the ${limit.maxBytes} that are read`);
    return reader.finish(undefined);
  }
  return reader.read(text);
}

class Reader {
  readonly #lines = new LineCounter();
  readonly #problems: PlacedProblem[] = [];
  readonly #places = new Map<string, { readonly key: Position; readonly value: Position }>();

  read(text: string): YamlText {
    // Keys are compared in #mapping instead: the library compares each with every other.
    const documents = parseAllDocuments(text, {
      version: "1.2",
      schema: "core",
      merge: false,
      resolveKnownTags: false,
      stringKeys: true,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "silent",
      lineCounter: this.#lines,
    });
    const [first, second] = Array.isArray(documents) ? documents : [];
    if (first === undefined) return this.finish(null);
    if (first.directives?.yaml.explicit && first.directives.yaml.version !== "1.2") {
      this.refuse(0, [], `YAML ${first.directives.yaml.version} is not read here, only 1.2`);
    }
    for (const fault of [...first.errors, ...first.warnings].slice(0, 20)) {
      this.refuse(fault.pos[0], [], fault.message);
    }
    if (second !== undefined) {
      this.refuse(
        second.contents?.range?.[0] ?? first.range[2],
        [],
        "a second document; one file is one document",
      );
    }
    return this.finish(first.errors.length > 0 ? undefined : this.#value(first.contents, []));
  }

  refuse(offset: number, path: KeyPath, message: string): void {
    this.#problems.push({ kind: "syntax", position: this.#at(offset), path, about: "value", message });
  }

  finish(data: unknown): YamlText {
    const places = this.#places;
    return {
      data,
      problems: this.#problems,
      locate(path, about) {
        for (let length = path.length; length > 0; length--) {
          const place = places.get(placeKey(path.slice(0, length)));
          if (place !== undefined) return length === path.length ? place[about] : place.value;
        }
        return { line: 1, column: 1 };
      },
    };
  }

  #value(node: Node | null, path: KeyPath): unknown {
    if (node === null) return null;
    const offset = node.range?.[0] ?? 0;
    if (isAlias(node)) return this.refuse(offset, path, "aliases (*) are not read here; write the value out");
    if (node.anchor !== undefined) {
      this.refuse(offset, path, "anchors (&) are not read here; write the value out");
    }
    if (node.tag !== undefined) this.refuse(offset, path, `tags (${node.tag}) are not read here; remove it`);
    if (path.length > MAX_DEPTH) return this.refuse(offset, path, `nested deeper than ${MAX_DEPTH}`);
    if (isScalar(node)) return node.value;
    if (isSeq<Node | null>(node)) return node.items.map((item, i) => this.#item(item, offset, [...path, i]));
    if (isMap<Node, Node | null>(node)) {
      return this.#mapping(node.items, path);
    }
    return this.refuse(offset, path, "not a mapping, a list or a plain value");
  }

  #item(node: Node | null, listOffset: number, path: KeyPath): unknown {
    const position = this.#at(node?.range?.[0] ?? listOffset);
    this.#places.set(placeKey(path), { key: position, value: position });
    return this.#value(node, path);
  }

  #mapping(
    pairs: readonly { readonly key: Node; readonly value: Node | null }[],
    path: KeyPath,
  ): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    for (const { key, value } of pairs) {
      const name = isScalar(key) ? String(key.value) : "";
      const here = [...path, name];
      const keyOffset = key.range?.[0] ?? 0;
      if (!isScalar(key) || key.anchor !== undefined || key.tag !== undefined) {
        this.refuse(keyOffset, here, "a key is plain text, without anchor or tag");
      }
      if (entries.has(name)) {
        this.refuse(keyOffset, here, `this key was already given in line ${this.#keyPosition(here).line}`);
        continue;
      }
      const keyPosition = this.#at(keyOffset);
      const offset = value?.range?.[0];
      this.#places.set(placeKey(here), {
        key: keyPosition,
        value: offset === undefined ? keyPosition : this.#at(offset),
      });
      entries.set(name, this.#value(value, here));
    }
    return Object.fromEntries(entries);
  }

  #keyPosition(path: KeyPath): Position {
    return this.#places.get(placeKey(path))?.key ?? { line: 1, column: 1 };
  }

  #at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return line === 0 ? { line: 1, column: 1 } : { line, column: col };
  }
}

function placeKey(path: KeyPath): string {
  return JSON.stringify(path);
}
