import type { Pace } from "../src/model/mod.ts";
import type { ChatAnswer } from "../src/tools/llama_server.ts";

/** How fast the model answers, by the server's own clock. */
export class PaceMeter {
  #answers = 0;
  #tokens = 0;
  #promptMs = 0;
  #replyMs = 0;

  constructor(private readonly prompts: number, private readonly maxTokens: number) {}

  add(answer: ChatAnswer): void {
    this.#answers++;
    if (answer.kind === "error") return;
    this.#tokens += answer.tokens;
    this.#promptMs += answer.promptMs;
    this.#replyMs += answer.replyMs;
  }

  /** With the time that is left at most: as if every further reply were as long as it may be. */
  now(): Pace {
    const tokensPerSecond = this.#tokensPerSecond;
    const replyMs = tokensPerSecond === 0 ? 0 : 1000 * this.maxTokens / tokensPerSecond;
    const promptMs = this.#promptMs / Math.max(1, this.#answers);
    return { tokensPerSecond, secondsLeft: (this.prompts - this.#answers) * (promptMs + replyMs) / 1000 };
  }

  figures(): { model_seconds: number; tokens: number; tokens_per_second: number } {
    return {
      model_seconds: Math.round(this.#promptMs + this.#replyMs) / 1000,
      tokens: this.#tokens,
      tokens_per_second: Math.round(10 * this.#tokensPerSecond) / 10,
    };
  }

  get #tokensPerSecond(): number {
    return this.#replyMs > 0 ? 1000 * this.#tokens / this.#replyMs : 0;
  }
}
