const UTF8 = new TextEncoder();

/** Numbers and texts one after the other into a growing buffer, in either byte order. */
export class ByteWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  constructor(private readonly byteOrder: "little" | "big") {}

  get length(): number {
    return this.#length;
  }

  get #little(): boolean {
    return this.byteOrder === "little";
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, this.#little);
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, this.#little);
  }

  u64(value: bigint | number): void {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, BigInt(value), this.#little);
  }

  f32(value: number): void {
    const at = this.#grow(4);
    this.#view.setFloat32(at, value, this.#little);
  }

  f64(value: number): void {
    const at = this.#grow(8);
    this.#view.setFloat64(at, value, this.#little);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#grow(bytes.byteLength);
    this.#bytes.set(bytes, at);
  }

  /** A length and the bytes of a text; `length` lies about it. */
  text(text: string | Uint8Array, length?: bigint): void {
    const bytes = typeof text === "string" ? UTF8.encode(text) : text;
    this.u64(length ?? bytes.byteLength);
    this.raw(bytes);
  }

  /** Fills up to a multiple of `alignment`. */
  pad(alignment: number, fill: number): void {
    const length = (alignment - this.#length % alignment) % alignment;
    const at = this.#grow(length);
    this.#bytes.fill(fill, at, at + length);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** Makes room and says where; buffer and view may be new ones afterwards. */
  #grow(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.byteLength));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
