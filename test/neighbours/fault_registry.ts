/** A request as it arrived. Header names are in lower case. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** What the registry does instead of working. */
export type Answer =
  | {
    readonly kind: "reply";
    readonly status: number;
    readonly body: string;
    readonly headers?: Readonly<Record<string, string>>;
  }
  /** Closes the connection without a word. */
  | { readonly kind: "reset" }
  /** Announces a whole body and closes in its middle. */
  | { readonly kind: "cut"; readonly status: number; readonly body: string }
  /** Never answers. */
  | { readonly kind: "hang" }
  /** Sends the reply one byte at a time, 20 ms apart. */
  | { readonly kind: "drip"; readonly status: number; readonly body: string };

/** A registry that answers wrongly on purpose, on a port of 127.0.0.1. Speaks plain sockets to be able to. */
export class FaultRegistry implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;

  /** Port 0 is any free one. */
  constructor(private readonly answer: (request: Seen) => Answer, port = 0) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#serving = this.#serve();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of [...this.#open]) this.#close(connection);
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const handling: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#open.add(connection);
      // A client that hung up, or our own close at the end, is no failure of the test.
      handling.push(this.#handle(connection).catch(() => {}));
    }
    await Promise.all(handling);
  }

  async #handle(connection: Deno.Conn): Promise<void> {
    try {
      const request = await readRequest(connection);
      this.seen.push(request);
      await give(connection, this.answer(request));
    } finally {
      this.#close(connection);
    }
  }

  #close(connection: Deno.Conn): void {
    if (this.#open.delete(connection)) connection.close();
  }
}

async function give(connection: Deno.Conn, answer: Answer): Promise<void> {
  switch (answer.kind) {
    case "reply":
      return await send(connection, response(answer.status, answer.body, answer.headers));
    case "reset":
      return;
    case "cut":
      return await send(connection, response(answer.status, answer.body).slice(0, -3));
    case "hang":
      // Until the client gives up and closes, or the test ends.
      await connection.read(new Uint8Array(1));
      return;
    case "drip":
      for (const character of response(answer.status, answer.body)) {
        await send(connection, character);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
  }
}

function response(status: number, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({
    "content-length": String(new TextEncoder().encode(body).length),
    ...headers,
  });
  return `HTTP/1.1 ${status} X\r\n${lines.map(([k, v]) => `${k}: ${v}\r\n`).join("")}\r\n${body}`;
}

async function send(connection: Deno.Conn, text: string): Promise<void> {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(await connection.write(bytes));
}

async function readRequest(connection: Deno.Conn): Promise<Seen> {
  let text = "";
  const buffer = new Uint8Array(65_536);
  const decoder = new TextDecoder();
  for (;;) {
    const read = await connection.read(buffer);
    if (read === null) throw new Error("The client closed before its request was whole");
    text += decoder.decode(buffer.subarray(0, read), { stream: true });
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const request = parseHead(text.slice(0, end));
    const body = text.slice(end + 4);
    if (body.length >= Number(request.headers.get("content-length") ?? 0)) return { ...request, body };
  }
}

function parseHead(head: string): Seen {
  const [first = "", ...rest] = head.split("\r\n");
  const [method = "", target = ""] = first.split(" ");
  const headers = new Map(rest.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  }));
  return { method, target, headers, body: "" };
}
