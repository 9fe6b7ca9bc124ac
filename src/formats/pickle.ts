import { type Identity, identity } from "./identity.ts";
import { PICKLE_OPCODES, type PickleOpcode } from "./pickle_opcodes.ts";
import { PickleReader } from "./pickle_reader.ts";
import type { Probe } from "./probe.ts";
import type { ByteSource } from "./source.ts";

/** How far a walk may go. Arguments that are skipped by their length cost nothing. */
export interface PickleLimits {
  readonly maxOpcodes: number;
  readonly maxReadBytes: number;
}

/** Enough to say of a whole file what it is; whatever runs this long without a fault is a pickle. */
export const FILE_LIMITS: PickleLimits = { maxOpcodes: 500_000, maxReadBytes: 256 << 20 };

/** What a pickle would do if something loaded it. Nothing is ever executed or imported here. */
export interface PickleReport {
  /** The highest protocol that it states or whose opcodes it uses. */
  readonly protocol: number;
  /** A load runs everything up to here: `broken` and `truncated` pickles do their work before they fail. */
  readonly end: "stop" | "broken" | "truncated" | "limit";
  /** Offset after the last opcode that was walked. */
  readonly endOffset: number;
  readonly opcodes: number;
  /** Different `module.name` it would import, in order, at most {@link MAX_GLOBALS_TOLD}. */
  readonly globals: readonly string[];
  /** Imports by a number that only the loading program's registry (`copyreg`) resolves. */
  readonly extensions: number;
  /** Opcodes that call what was imported: REDUCE, BUILD, INST, OBJ, NEWOBJ, NEWOBJ_EX. */
  readonly calls: number;
  /** Offsets of its PROTO opcodes: other walks that would start there see nothing new. */
  readonly protoOffsets: readonly number[];
}

export const MAX_GLOBALS_TOLD = 32;
const HIGHEST_PROTOCOL = 5;
const MODULE_OR_NAME = /^[\p{L}_][\p{L}\p{N}_.-]{0,254}$/u;
/** Stands for a module or name that an earlier call computes. */
const COMPUTED = "(computed)";

/**
 * Walks the opcodes from `start` to STOP, keeping of the stack and the memo only the strings that STACK_GLOBAL turns
 * into imports. Linear in what it reads, bounded by `limits`.
 */
export function walkPickle(source: ByteSource, start = 0, limits: PickleLimits = FILE_LIMITS): PickleReport {
  const walk = new Walk(new PickleReader(source, start, limits.maxReadBytes));
  while (walk.end === null) {
    if (walk.opcodes >= limits.maxOpcodes) walk.end = "limit";
    else walk.step();
  }
  const { protocol, end, opcodes, calls, extensions, protoOffsets } = walk;
  return {
    protocol,
    end,
    endOffset: walk.reader.position,
    opcodes,
    globals: [...walk.globals],
    extensions,
    calls,
    protoOffsets,
  };
}

type Value = string | null;

class Walk {
  end: PickleReport["end"] | null = null;
  protocol = 0;
  opcodes = 0;
  calls = 0;
  extensions = 0;
  readonly globals = new Set<string>();
  readonly protoOffsets: number[] = [];
  private readonly stack: Value[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, Value>();

  constructor(readonly reader: PickleReader) {}

  step(): void {
    const at = this.reader.position;
    const code = this.reader.byte();
    const opcode = code === null ? undefined : PICKLE_OPCODES.get(code);
    if (opcode === undefined) return this.stop(code === null ? this.outOfBytes() : "broken");
    const read = this.reader.argument(opcode.argument);
    if (read === "short") return this.stop(this.outOfBytes());
    if (read === "malformed" || !this.apply(opcode, at)) return this.stop("broken");
    this.opcodes++;
    this.protocol = Math.max(this.protocol, opcode.since);
    if (opcode.calls) this.calls++;
  }

  private stop(end: PickleReport["end"]): void {
    this.end = end;
  }

  private outOfBytes(): "limit" | "truncated" {
    return this.reader.spent ? "limit" : "truncated";
  }

  /** Changes stack and memo as the opcode would. `false` where a real load would fail. */
  private apply(opcode: PickleOpcode, at: number): boolean {
    const { effect } = opcode;
    switch (effect.does) {
      case "values":
        return this.pop(effect.pops) && this.push(effect.pushes);
      case "to-mark":
        return this.popMark() && this.push(1);
      case "into":
        return (effect.items === "to-mark" ? this.popMark() : this.pop(effect.items)) && this.depth() > 0;
      case "string":
        this.stack.push(this.reader.text);
        return true;
      case "mark":
        return this.marks.push(this.stack.length) > 0;
      case "pop":
        return this.depth() > 0 ? this.pop(1) : this.marks.pop() !== undefined;
      case "pop-mark":
        return this.popMark();
      case "dup":
        return this.depth() > 0 && this.stack.push(this.top()) > 0;
      case "put":
        return this.remember(this.reader.number);
      case "memoize":
        return this.remember(this.memo.size);
      case "get":
        return this.recall(this.reader.number);
      default:
        return this.applyImport(effect.does, at);
    }
  }

  private applyImport(
    does: "global" | "stack-global" | "inst" | "extension" | "proto" | "frame" | "stop",
    at: number,
  ): boolean {
    switch (does) {
      case "global":
        return this.importNamed(this.reader.text, this.reader.secondText) && this.push(1);
      case "inst":
        return this.popMark() && this.importNamed(this.reader.text, this.reader.secondText) && this.push(1);
      case "stack-global": {
        const [module, name] = this.stack.slice(-2).map((value) => value ?? this.computed());
        return this.pop(2) && this.importNamed(module ?? null, name ?? null) && this.push(1);
      }
      case "extension":
        this.extensions++;
        return this.push(1);
      case "proto":
        if (this.reader.number > HIGHEST_PROTOCOL) return false;
        this.protocol = Math.max(this.protocol, this.reader.number);
        this.protoOffsets.push(at);
        return true;
      case "frame":
        return true;
      case "stop":
        if (this.depth() === 0) return false;
        this.end = "stop";
        return true;
    }
  }

  private importNamed(module: Value, name: Value): boolean {
    if (module === null || name === null) return false;
    const plausible = [module, name].every((part) => part === COMPUTED || MODULE_OR_NAME.test(part));
    if (plausible && this.globals.size < MAX_GLOBALS_TOLD) this.globals.add(`${module}.${name}`);
    return plausible;
  }

  /** What is no string can become one only through a call. */
  private computed(): Value {
    return this.calls > 0 ? COMPUTED : null;
  }

  private depth(): number {
    return this.stack.length - (this.marks.at(-1) ?? 0);
  }

  private top(): Value {
    return this.stack.at(-1) ?? null;
  }

  private pop(count: number): boolean {
    if (this.depth() < count) return false;
    this.stack.length -= count;
    return true;
  }

  private push(count: number): boolean {
    for (let i = 0; i < count; i++) this.stack.push(null);
    return true;
  }

  private popMark(): boolean {
    const mark = this.marks.pop();
    if (mark === undefined) return false;
    this.stack.length = mark;
    return true;
  }

  private remember(index: number): boolean {
    if (this.depth() === 0) return false;
    this.memo.set(index, this.top());
    return true;
  }

  private recall(index: number): boolean {
    const value = this.memo.get(index);
    if (value === undefined) return false;
    this.stack.push(value);
    return true;
  }
}

/** PyTorch before 1.6 wrote five pickles in a row, the first of them this number. */
const PYTORCH_LEGACY_MAGIC = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
const MAX_PICKLES_READ = 8;
/** So many opcodes without a fault, after PROTO, are no accident even if the rest is cut off or broken. */
const ENOUGH_OPCODES = 16;

/**
 * Whether a load of the file as a pickle would get anywhere. A pickle that breaks after its first call has done its
 * harm, so STOP is not required once something is imported and called.
 */
export function recognisePickle(probe: Probe): Identity | null {
  const first = walkPickle(probe.source, 0, FILE_LIMITS);
  if (!isPickle(probe, first)) return null;
  const reports = [first];
  let last = first;
  while (last.end === "stop" && reports.length < MAX_PICKLES_READ && probe.has(last.endOffset, "\x80")) {
    last = walkPickle(probe.source, last.endOffset, FILE_LIMITS);
    if (last.opcodes > 1) reports.push(last);
  }
  const globals = [...new Set(reports.flatMap((report) => report.globals))].slice(0, MAX_GLOBALS_TOLD);
  const evidence = {
    protocol: Math.max(...reports.map((report) => report.protocol)),
    globals,
    calls: reports.reduce((sum, report) => sum + report.calls, 0),
    extensions: reports.reduce((sum, report) => sum + report.extensions, 0),
    end: first.end,
  };
  if (probe.has(0, PYTORCH_LEGACY_MAGIC)) {
    return identity(
      "pytorch-legacy",
      `an old PyTorch checkpoint (pickles in a row)${importing(globals)}`,
      evidence,
    );
  }
  return identity("pickle", `a Python pickle${importing(globals)}`, evidence);
}

function isPickle(probe: Probe, report: PickleReport): boolean {
  if (importsAndCalls(report)) return true;
  if (report.protoOffsets[0] === 0) {
    return report.end === "stop" || report.globals.length > 0 || report.opcodes >= ENOUGH_OPCODES;
  }
  return report.end === "stop" && report.endOffset === probe.sizeBytes;
}

/**
 * Whether running the opcodes would import something by a plausible name and call it, or come to STOP with it. A list
 * of words can look like GLOBAL and STOP (`cache`, `logs`, `.env`), so without PROTO only a call counts.
 */
export function importsAndCalls(report: PickleReport): boolean {
  const stated = report.protoOffsets.length > 0;
  return report.globals.length > 0 && (report.calls > 0 || stated && report.end === "stop");
}

function importing(globals: readonly string[]): string {
  if (globals.length === 0) return "";
  const rest = globals.length > 3 ? ` and ${globals.length - 3} more` : "";
  return ` that would import ${globals.slice(0, 3).join(", ")}${rest}`;
}
