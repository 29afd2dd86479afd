/** Bytes that are no jute record: the connection that sent them is not usable any more. */
export class JuteError extends Error {
  override readonly name = 'JuteError';
}

/** Writes one length-prefixed packet in jute, ZooKeeper's serialization: big-endian, vectors and strings with an int32 count. */
export class JuteWriter {
  #bytes = Buffer.allocUnsafe(128);
  // The first four bytes are the packet's length, filled in at the end.
  #at = 4;

  int(value: number): this {
    this.#reserve(4);
    this.#at = this.#bytes.writeInt32BE(value, this.#at);
    return this;
  }

  long(value: bigint): this {
    this.#reserve(8);
    this.#at = this.#bytes.writeBigInt64BE(value, this.#at);
    return this;
  }

  bool(value: boolean): this {
    this.#reserve(1);
    this.#at = this.#bytes.writeUInt8(value ? 1 : 0, this.#at);
    return this;
  }

  buffer(value: Uint8Array): this {
    this.int(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  string(value: string): this {
    return this.buffer(Buffer.from(value, 'utf8'));
  }

  strings(values: readonly string[]): this {
    this.int(values.length);
    for (const value of values) this.string(value);
    return this;
  }

  /** The packet, its length in front. The writer is spent. */
  finish(): Buffer {
    this.#bytes.writeInt32BE(this.#at - 4, 0);
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}

/** Reads jute. Every method throws JuteError when the bytes end early; nothing is allocated on a count's word alone. */
export class JuteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  int(): number {
    return this.#bytes.readInt32BE(this.#advance(4));
  }

  long(): bigint {
    return this.#bytes.readBigInt64BE(this.#advance(8));
  }

  skip(count: number): void {
    this.#advance(count);
  }

  /** A view of the packet's bytes; null (length -1) reads as empty. */
  buffer(): Buffer {
    const length = this.int();
    if (length < -1) throw new JuteError(`negative length ${length}`);
    if (length === -1) return this.#bytes.subarray(this.#at, this.#at);
    const from = this.#advance(length);
    return this.#bytes.subarray(from, from + length);
  }

  string(): string {
    return this.buffer().toString('utf8');
  }

  strings(): string[] {
    const count = this.int();
    if (count < -1 || count * 4 > this.remaining) throw new JuteError(`a vector of ${count} does not fit in ${this.remaining} bytes`);
    const values: string[] = [];
    for (let i = 0; i < count; i++) values.push(this.string());
    return values;
  }

  #advance(count: number): number {
    const from = this.#at;
    if (count > this.remaining) throw new JuteError(`${count} bytes wanted, ${this.remaining} left`);
    this.#at += count;
    return from;
  }
}
