import { unlessMissing } from "../files/mod.ts";
import { UndecidedError } from "../model/mod.ts";

const MAX_REPORT_BYTES = 64 * 1024 * 1024;
const MAX_LINE_CHARS = 1024 * 1024;

/** The lines of a report, one at a time: a whole one would not fit the worker's memory. */
export async function* reportLines(path: string): AsyncGenerator<string> {
  const file = unlessMissing(() => Deno.openSync(path));
  if (file === null) throw new UndecidedError("garak/report", "garak left no report");
  let pending = "";
  let size = 0;
  for await (const text of file.readable.pipeThrough(new TextDecoderStream())) {
    size += text.length;
    const lines = (pending + text).split("\n");
    pending = lines.pop() ?? "";
    if (size > MAX_REPORT_BYTES || pending.length > MAX_LINE_CHARS) {
      throw new UndecidedError("garak/report", "garak's report is longer than any report is");
    }
    yield* lines.filter((line) => line.trim() !== "");
  }
  if (pending.trim() !== "") yield pending;
}
