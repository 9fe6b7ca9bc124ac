import { UndecidedError } from "../model/mod.ts";
import type { RegistryAddress } from "../registry/address.ts";
import { type Exchange, exchange, type Message } from "../registry/exchange.ts";
import type { TokenReader } from "../registry/token.ts";

/** Where a neighbour on this machine answers, and what it is shown to know us. */
export interface Neighbour {
  readonly address: RegistryAddress;
  /** A unix socket behind which that is. */
  readonly socketPath?: string;
  readonly token: TokenReader;
  readonly timeoutMs: number;
}

/** What became of one request; `no-token` when its token could not be read, and nothing was sent. */
export type Posted = Exchange | { readonly kind: "no-token"; readonly cause: UndecidedError };

/** Posts one JSON text to a neighbour, with the token as it is now. */
export async function post(
  { address, socketPath, token, timeoutMs }: Neighbour,
  message: Required<Pick<Message, "target" | "json" | "maxReplyBytes">> & Pick<Message, "signal">,
): Promise<Posted> {
  let shown: string | null;
  try {
    shown = await token();
  } catch (cause) {
    if (!(cause instanceof UndecidedError)) throw cause;
    return { kind: "no-token", cause };
  }
  const behind = socketPath === undefined ? {} : { socketPath };
  return await exchange({ method: "POST", address, ...behind, token: shown, timeoutMs, ...message });
}
