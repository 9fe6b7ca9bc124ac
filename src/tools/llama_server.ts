import * as z from "zod";
import { escapeName } from "../files/mod.ts";
import { type RuleId, UndecidedError } from "../model/mod.ts";

/**
 * How llama-server is run for one model. It never leaves 127.0.0.1 of its own network namespace.
 *
 * It gets one slot and one prompt at a time. Prompts that share a batch are multiplied in another order than alone, so
 * their replies differ from run to run: with two slots, greedy decoding, a fixed seed and no cache of prompts, 7, 3, 1
 * and 1 of 24 replies of a Q4_K_M model differed between runs (four slots: also 1 and 2 of an F32 one), with one slot
 * none; and two slots took 1.01 s where one took 1.07 s.
 */
export interface LlamaServerOptions {
  /** Absolute path of the program. */
  readonly program: string;
  readonly model: string;
  readonly port: number;
  /** Most tokens of one conversation, its reply included. */
  readonly contextTokens: number;
  readonly threads: number;
  /** Of each thread, in KiB, where memory is capped by the launcher; `--check-tensors` has one for every tensor. */
  readonly stackKib?: number;
  readonly readyWithinMs: number;
}

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
}

/** What became of one conversation. */
export type ChatAnswer = ChatReply | { readonly kind: "error"; readonly status: number };

export interface ChatReply {
  readonly kind: "reply";
  readonly content: string;
  /** The model's own thoughts, where the server separates them. */
  readonly reasoning: string;
  /** Tool calls, as the server's JSON text; empty when there are none. */
  readonly toolCalls: string;
  readonly finishReason: string;
  /** Tokens of the reply, and the time the model itself took for the prompt and for them, as the server says. */
  readonly tokens: number;
  readonly promptMs: number;
  readonly replyMs: number;
}

/** Options that not every version has: as arguments they would stop an older one, as variables it ignores them. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/bin:/bin",
  HOME: "/tmp",
  // By default it keeps conversations that are over, in up to 8 GiB of memory.
  LLAMA_ARG_CACHE_RAM: "0",
  LLAMA_ARG_CTX_CHECKPOINTS: "0",
  // By default it loads every model twice, to find out what fits.
  LLAMA_ARG_FIT: "off",
  // Weights stay mapped: by default quantised ones are copied into memory of its own, in another order.
  LLAMA_ARG_REPACK: "off",
  // What it complains of is quoted in reports, which are the same for the same model.
  LLAMA_ARG_LOG_PREFIX: "off",
  LLAMA_ARG_LOG_TIMESTAMPS: "off",
};
const READY_POLL_MS = 5;
const STDERR_KEPT = 16 * 1024;
const LOG_LINES = 20;
const LOG_LINE_CHARS = 300;
/** What the server and its libraries say when they get no more memory; the last one also of the stack of a thread. */
const OUT_OF_MEMORY =
  /failed to allocate|unable to allocate|cannot allocate memory|memory exhausted|bad_alloc|out of memory|resource temporarily unavailable/i;
const MAX_REPLY_BYTES = 1024 * 1024;

const figure = z.number().nonnegative().catch(0);
const completionSchema = z.looseObject({
  timings: z.looseObject({ predicted_n: figure, prompt_ms: figure, predicted_ms: figure }).optional(),
  choices: z.array(z.looseObject({
    finish_reason: z.string().nullable().optional(),
    message: z.looseObject({
      content: z.string().nullable().optional(),
      reasoning_content: z.string().nullable().optional(),
      tool_calls: z.array(z.unknown()).nullable().optional(),
    }),
  })).min(1),
});

/** A llama-server with one model loaded, answering on loopback until it is stopped. */
export class LlamaServer {
  #errors = "";
  #ended: string | null = null;

  private constructor(
    private readonly child: Deno.ChildProcess,
    private readonly options: LlamaServerOptions,
  ) {
    void this.#drain();
    void child.status.then(({ code, signal }) => {
      this.#ended = signal === null ? `exit ${code}` : `killed by ${signal}`;
    });
  }

  /** Starts the server, CPU only, and waits until it has loaded the model. */
  static async start(options: LlamaServerOptions): Promise<LlamaServer> {
    const child = new Deno.Command(options.program, {
      args: argumentsOf(options),
      clearEnv: true,
      env: options.stackKib === undefined
        ? ENVIRONMENT
        : { ...ENVIRONMENT, AI_QUARANTINE_STACK_KIB: String(options.stackKib) },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const server = new LlamaServer(child, options);
    try {
      await server.#ready();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** The last lines the server printed, for evidence: escaped, each capped. */
  get log(): readonly string[] {
    return this.#errors.split("\n").filter((line) => line.trim() !== "").slice(-LOG_LINES)
      .map((line) => escapeName(line.slice(0, LOG_LINE_CHARS)));
  }

  /**
   * Asks one conversation with greedy decoding. An answer that is an error (a chat template may refuse a role) is a
   * reply of its own kind; a server that is gone, late, or does not answer in its protocol is an `UndecidedError`.
   */
  async ask(messages: readonly ChatMessage[], maxTokens: number, timeoutMs: number): Promise<ChatAnswer> {
    const body = JSON.stringify({ messages, temperature: 0, max_tokens: maxTokens, stream: false });
    const { status, text } = await this.#post("/v1/chat/completions", body, timeoutMs);
    if (status !== 200) return { kind: "error", status };
    const completion = completionSchema.safeParse(parseJson(text)).data;
    const choice = completion?.choices[0];
    if (choice === undefined) {
      throw new UndecidedError("behaviour/bad-reply", "llama-server's answer has no reply in it");
    }
    const { timings } = completion ?? {};
    const { content, reasoning_content, tool_calls } = choice.message;
    return {
      kind: "reply",
      content: content ?? "",
      reasoning: reasoning_content ?? "",
      toolCalls: tool_calls === null || tool_calls === undefined || tool_calls.length === 0
        ? ""
        : JSON.stringify(tool_calls),
      finishReason: choice.finish_reason ?? "",
      tokens: timings?.predicted_n ?? 0,
      promptMs: timings?.prompt_ms ?? 0,
      replyMs: timings?.predicted_ms ?? 0,
    };
  }

  async stop(): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // It has ended already.
    }
    await this.child.status;
  }

  async #ready(): Promise<void> {
    const deadline = performance.now() + this.options.readyWithinMs;
    while (performance.now() < deadline) {
      if (this.#ended !== null) {
        const why = `llama-server could not load the model (${this.#ended})${this.#hint()}`;
        throw this.#error("behaviour/server-start", why);
      }
      if (await this.#healthy()) return;
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
    const seconds = Math.round(this.options.readyWithinMs / 1000);
    throw this.#error("behaviour/server-not-ready", `llama-server did not become ready in ${seconds} s`);
  }

  /** With the server's last words; where they say that it got no more memory, by the rule for that. */
  #error(rule: RuleId, message: string, cause?: unknown): UndecidedError {
    const server_log = this.log;
    const evidence = server_log.length === 0 ? {} : { server_log };
    const starved = this.#ended !== null && OUT_OF_MEMORY.test(this.#errors);
    return new UndecidedError(starved ? "behaviour/too-large" : rule, message, { cause, evidence });
  }

  /** The server's first complaint, for the report: the later ones only say that it gave up. */
  #hint(): string {
    const lines = this.#errors.split("\n").filter((line) => /error|failed|invalid/i.test(line));
    return lines.length === 0 ? "" : `: ${lines[0]?.slice(0, 300)}`;
  }

  async #healthy(): Promise<boolean> {
    try {
      const response = await fetch(`${this.#origin}/health`, {
        redirect: "manual",
        signal: AbortSignal.timeout(2000),
      });
      await response.body?.cancel();
      return response.status === 200;
    } catch {
      return false; // Not listening yet.
    }
  }

  async #post(path: string, body: string, timeoutMs: number): Promise<{ status: number; text: string }> {
    const headers = { "content-type": "application/json" };
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(this.#origin + path, {
        method: "POST",
        body,
        headers,
        redirect: "manual",
        signal,
      });
      const text = await readCapped(response);
      if (response.status < 300 || response.status >= 400) return { status: response.status, text };
    } catch (cause) {
      throw cause instanceof UndecidedError ? cause : this.#failed(cause, timeoutMs);
    }
    throw new UndecidedError("behaviour/redirect", "llama-server answered with a redirect");
  }

  #failed(cause: unknown, timeoutMs: number): UndecidedError {
    if (cause instanceof DOMException && cause.name === "TimeoutError") {
      return this.#error("behaviour/deadline", `no reply within ${Math.round(timeoutMs / 1000)} s`, cause);
    }
    const why = `llama-server closed the connection${this.#endedText()}`;
    return this.#error("behaviour/server-died", why, cause);
  }

  #endedText(): string {
    return this.#ended === null ? "" : ` (${this.#ended})`;
  }

  get #origin(): string {
    return `http://127.0.0.1:${this.options.port}`;
  }

  async #drain(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.child.stderr) {
      this.#errors = (this.#errors + decoder.decode(chunk, { stream: true })).slice(-STDERR_KEPT);
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UndecidedError("behaviour/bad-reply", "llama-server's answer is not JSON", { cause });
  }
}

async function readCapped(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_REPLY_BYTES) {
      throw new UndecidedError("behaviour/flood", "llama-server's answer is too long");
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** CPU only, loopback only, nothing but the completion interface, every tensor's numbers checked. */
function argumentsOf({ model, port, contextTokens, threads }: LlamaServerOptions): string[] {
  return [
    ["--model", model],
    ["--host", "127.0.0.1"],
    ["--port", String(port)],
    ["--n-gpu-layers", "0"],
    ["--ctx-size", String(contextTokens)],
    ["--parallel", "1"],
    ["--threads", String(threads)],
    ["--threads-http", "2"],
    ["--no-webui"],
    ["--no-slots"],
    ["--offline"],
    ["--check-tensors"],
  ].flat();
}
