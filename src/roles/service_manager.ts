import type { World } from "./world.ts";

/** What the coordinator tells systemd, by sd_notify(3): that it is ready, what it does, that it is alive. */
export interface ServiceManager extends AsyncDisposable {
  ready(): void;
  /** Replaces the line that `systemctl status` shows. */
  status(text: string): void;
}

const NOTIFY = "/usr/bin/systemd-notify";
/** The newest word within a second is said; those before it are not. */
const EVERY_MS = 1000;

/** Elsewhere than under systemd nobody is told anything. */
export function serviceManager(world: World): ServiceManager {
  const socket = world.env("NOTIFY_SOCKET");
  if (socket !== undefined) return new Notifier(socket, watchdogMs(world));
  return { ready: () => {}, status: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** How often systemd must hear from us, halved and more so that one late word does no harm. */
function watchdogMs(world: World): number {
  const microseconds = Number(world.env("WATCHDOG_USEC"));
  return microseconds > 0 ? microseconds / 1000 / 3 : Infinity;
}

/**
 * Says it by systemd-notify(1): the runtime's own datagrams are not stable and cannot be granted for this socket.
 * One program at a time, so that words do not overtake each other; an event loop that stands still says nothing,
 * which is what the watchdog is for.
 */
class Notifier implements ServiceManager {
  #words: string[] = [];
  #status: string | null = null;
  #saidAliveMs = performance.now();
  #saying: Promise<unknown> = Promise.resolve();
  #isSaying = false;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(private readonly socket: string, private readonly watchdogMs: number) {
    this.#timer = setInterval(() => this.#say(), EVERY_MS);
  }

  ready(): void {
    this.#words.push("READY=1");
    this.#say();
  }

  status(text: string): void {
    this.#status = text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#saying;
    this.#words.push("STOPPING=1");
    this.#say();
    await this.#saying;
  }

  #say(): void {
    if (this.#isSaying) return;
    const words = this.#words;
    if (this.#status !== null) words.push(`STATUS=${this.#status}`);
    if (performance.now() - this.#saidAliveMs >= this.watchdogMs) words.push("WATCHDOG=1");
    if (words.length === 0) return;
    this.#words = [];
    this.#status = null;
    this.#saidAliveMs = performance.now();
    this.#isSaying = true;
    this.#saying = this.#run(words.includes("WATCHDOG=1") ? words : [...words, "WATCHDOG=1"])
      .finally(() => this.#isSaying = false);
  }

  /** What cannot be said is not worth ending for: without it systemd ends us in its own time. */
  async #run(words: readonly string[]): Promise<void> {
    const command = new Deno.Command(NOTIFY, {
      args: [...words],
      clearEnv: true,
      env: { NOTIFY_SOCKET: this.socket },
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    });
    await command.output().catch(() => {});
  }
}
