/** How an opcode's argument is written after it. */
export type PickleArgument =
  | { readonly form: "fixed"; readonly bytes: number }
  /** A little-endian byte count of `countBytes`, then that many bytes. */
  | { readonly form: "counted"; readonly countBytes: 1 | 4 | 8 }
  | { readonly form: "line"; readonly what: "decimal" | "float" | "quoted" | "text" }
  | { readonly form: "two-lines" };

/** What an opcode does to the stack of the machine that runs it. */
export type PickleEffect =
  /** Takes `pops`, puts `pushes`. */
  | { readonly does: "values"; readonly pops: number; readonly pushes: number }
  /** Takes everything above the last mark and the mark, and puts one value. */
  | { readonly does: "to-mark" }
  /** Takes `items` values, or all down to the last mark and the mark, and leaves what is below them as it is. */
  | { readonly does: "into"; readonly items: number | "to-mark" }
  /** Puts its argument, a string that can become a module or a name. */
  | { readonly does: "string" }
  | {
    readonly does:
      | "mark"
      | "pop"
      | "pop-mark"
      | "dup"
      | "put"
      | "get"
      | "memoize"
      | "global"
      | "stack-global"
      | "inst"
      | "extension"
      | "proto"
      | "frame"
      | "stop";
  };

export interface PickleOpcode {
  readonly argument: PickleArgument;
  readonly effect: PickleEffect;
  /** Calls something that was imported. */
  readonly calls: boolean;
  /** The first protocol that has it. */
  readonly since: number;
}

const fixed = (bytes: number): PickleArgument => ({ form: "fixed", bytes });
const counted = (countBytes: 1 | 4 | 8): PickleArgument => ({ form: "counted", countBytes });
const line = (what: "decimal" | "float" | "quoted" | "text"): PickleArgument => ({ form: "line", what });
const values = (pops: number, pushes: number): PickleEffect => ({ does: "values", pops, pushes });
const into = (items: number | "to-mark"): PickleEffect => ({ does: "into", items });

type Row = readonly [
  code: number,
  since: number,
  argument: PickleArgument,
  effect: PickleEffect,
  calls?: "calls",
];
const NONE = fixed(0);
const PUSH = values(0, 1);
const STRING: PickleEffect = { does: "string" };
const TO_MARK: PickleEffect = { does: "to-mark" };

/** Every opcode of protocols 0 to 5. https://github.com/python/cpython/blob/main/Lib/pickletools.py */
const ROWS: readonly Row[] = [
  [0x28, 0, NONE, { does: "mark" }], // MARK
  [0x29, 1, NONE, PUSH], // EMPTY_TUPLE
  [0x2e, 0, NONE, { does: "stop" }], // STOP
  [0x30, 0, NONE, { does: "pop" }], // POP
  [0x31, 1, NONE, { does: "pop-mark" }], // POP_MARK
  [0x32, 0, NONE, { does: "dup" }], // DUP
  [0x42, 3, counted(4), PUSH], // BINBYTES
  [0x43, 3, counted(1), PUSH], // SHORT_BINBYTES
  [0x46, 0, line("float"), PUSH], // FLOAT
  [0x47, 1, fixed(8), PUSH], // BINFLOAT
  [0x49, 0, line("decimal"), PUSH], // INT
  [0x4a, 1, fixed(4), PUSH], // BININT
  [0x4b, 1, fixed(1), PUSH], // BININT1
  [0x4c, 0, line("decimal"), PUSH], // LONG
  [0x4d, 1, fixed(2), PUSH], // BININT2
  [0x4e, 0, NONE, PUSH], // NONE
  [0x50, 0, line("text"), PUSH], // PERSID
  [0x51, 1, NONE, values(1, 1)], // BINPERSID
  [0x52, 0, NONE, values(2, 1), "calls"], // REDUCE
  [0x53, 0, line("quoted"), STRING], // STRING
  [0x54, 1, counted(4), STRING], // BINSTRING
  [0x55, 1, counted(1), STRING], // SHORT_BINSTRING
  [0x56, 0, line("text"), STRING], // UNICODE
  [0x58, 1, counted(4), STRING], // BINUNICODE
  [0x5d, 1, NONE, PUSH], // EMPTY_LIST
  [0x61, 0, NONE, into(1)], // APPEND
  [0x62, 0, NONE, into(1), "calls"], // BUILD
  [0x63, 0, { form: "two-lines" }, { does: "global" }], // GLOBAL
  [0x64, 0, NONE, TO_MARK], // DICT
  [0x65, 1, NONE, into("to-mark")], // APPENDS
  [0x67, 0, line("decimal"), { does: "get" }], // GET
  [0x68, 1, fixed(1), { does: "get" }], // BINGET
  [0x69, 0, { form: "two-lines" }, { does: "inst" }, "calls"], // INST
  [0x6a, 1, fixed(4), { does: "get" }], // LONG_BINGET
  [0x6c, 0, NONE, TO_MARK], // LIST
  [0x6f, 1, NONE, TO_MARK, "calls"], // OBJ
  [0x70, 0, line("decimal"), { does: "put" }], // PUT
  [0x71, 1, fixed(1), { does: "put" }], // BINPUT
  [0x72, 1, fixed(4), { does: "put" }], // LONG_BINPUT
  [0x73, 0, NONE, into(2)], // SETITEM
  [0x74, 0, NONE, TO_MARK], // TUPLE
  [0x75, 1, NONE, into("to-mark")], // SETITEMS
  [0x7d, 1, NONE, PUSH], // EMPTY_DICT
  [0x80, 2, fixed(1), { does: "proto" }], // PROTO
  [0x81, 2, NONE, values(2, 1), "calls"], // NEWOBJ
  [0x82, 2, fixed(1), { does: "extension" }], // EXT1
  [0x83, 2, fixed(2), { does: "extension" }], // EXT2
  [0x84, 2, fixed(4), { does: "extension" }], // EXT4
  [0x85, 2, NONE, values(1, 1)], // TUPLE1
  [0x86, 2, NONE, values(2, 1)], // TUPLE2
  [0x87, 2, NONE, values(3, 1)], // TUPLE3
  [0x88, 2, NONE, PUSH], // NEWTRUE
  [0x89, 2, NONE, PUSH], // NEWFALSE
  [0x8a, 2, counted(1), PUSH], // LONG1
  [0x8b, 2, counted(4), PUSH], // LONG4
  [0x8c, 4, counted(1), STRING], // SHORT_BINUNICODE
  [0x8d, 4, counted(8), STRING], // BINUNICODE8
  [0x8e, 4, counted(8), PUSH], // BINBYTES8
  [0x8f, 4, NONE, PUSH], // EMPTY_SET
  [0x90, 4, NONE, into("to-mark")], // ADDITEMS
  [0x91, 4, NONE, TO_MARK], // FROZENSET
  [0x92, 4, NONE, values(3, 1), "calls"], // NEWOBJ_EX
  [0x93, 4, NONE, { does: "stack-global" }], // STACK_GLOBAL
  [0x94, 4, NONE, { does: "memoize" }], // MEMOIZE
  [0x95, 4, fixed(8), { does: "frame" }], // FRAME
  [0x96, 5, counted(8), PUSH], // BYTEARRAY8
  [0x97, 5, NONE, PUSH], // NEXT_BUFFER
  [0x98, 5, NONE, values(1, 1)], // READONLY_BUFFER
];

/** Opcodes by their byte; a byte that is none has no entry. */
export const PICKLE_OPCODES: ReadonlyMap<number, PickleOpcode> = new Map(
  ROWS.map((
    [code, since, argument, effect, calls],
  ) => [code, { argument, effect, calls: calls === "calls", since }]),
);
