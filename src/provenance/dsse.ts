import { Buffer } from "node:buffer";

/** What is signed of an envelope: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const typeBytes = Buffer.byteLength(payloadType);
  const head = `DSSEv1 ${typeBytes} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
