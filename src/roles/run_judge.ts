import { Buffer } from "node:buffer";
import { formatJudgements, judgeReplies, parseTranscript } from "../behaviour/mod.ts";
import { StartupError } from "../model/mod.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

const MAX_INPUT_BYTES = 256 * 1024 * 1024;

/** `judge --json`: judges a recorded transcript from standard input, all of it as one batch. */
export async function runJudge(world: World, input: AsyncIterable<Uint8Array>): Promise<ExitCode> {
  const replies = parseTranscript(await readText(input));
  world.stdout.write(formatJudgements(judgeReplies(replies)));
  return EXIT.passed;
}

async function readText(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of input) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_INPUT_BYTES) {
      throw new StartupError("usage", `Cannot judge more than ${MAX_INPUT_BYTES} bytes at once`);
    }
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new StartupError("usage", "Cannot judge what is not UTF-8", { cause });
  }
}
