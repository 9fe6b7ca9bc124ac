/** Random access to the bytes of one artifact file. Reading is synchronous: a parser asks, the role decides how. */
export interface ByteSource {
  readonly sizeBytes: number;
  /**
   * Fills `into` from byte `offset` on and returns how many bytes were read: fewer than asked only at the end of
   * the file. `offset` is a safe integer, zero or more.
   */
  read(offset: number, into: Uint8Array): number;
}

/** A source over bytes that are already in memory. */
export class MemorySource implements ByteSource {
  constructor(private readonly bytes: Uint8Array) {}

  get sizeBytes(): number {
    return this.bytes.byteLength;
  }

  read(offset: number, into: Uint8Array): number {
    const part = this.bytes.subarray(offset, offset + into.byteLength);
    into.set(part);
    return part.byteLength;
  }
}
