import type { HeaderField } from '@polywire/core/spi';

const EMPTY = Buffer.alloc(0);

/** What of one stream waits for windows or for its connection. */
export class SendQueue {
  bytes = 0;
  /** Nothing follows what is here. */
  ended = false;
  /** They end the stream, behind the data. */
  trailers: readonly HeaderField[] | undefined = undefined;
  /** Something was taken since it was last looked at. */
  moved = true;
  /** The same, for another who looks. */
  progressed = false;
  /** The bytes at the front: [from, ...) of `chunk`. */
  chunk: Buffer = EMPTY;
  from = 0;
  readonly #rest: Buffer[] = [];
  #restAt = 0;

  /** Takes [from, chunk.length). */
  add(chunk: Buffer, from: number, end: boolean): void {
    this.ended = end;
    const bytes = chunk.length - from;
    if (bytes === 0) return;
    const kept = keep(chunk, from);
    if (this.bytes === 0) {
      this.chunk = kept;
      this.from = 0;
    } else this.#rest.push(kept);
    this.bytes += bytes;
  }

  /** Bytes at the front that are side by side. */
  get contiguous(): number {
    return this.chunk.length - this.from;
  }

  /** The first `bytes` of the front were sent. */
  sent(bytes: number): void {
    this.bytes -= bytes;
    this.from += bytes;
    this.moved = true;
    this.progressed = true;
    if (this.from < this.chunk.length) return;
    this.from = 0;
    this.chunk = this.#rest[this.#restAt] ?? EMPTY;
    if (this.#restAt < this.#rest.length) {
      this.#rest[this.#restAt] = EMPTY;
      this.#restAt++;
    }
    if (this.#restAt === this.#rest.length) {
      this.#rest.length = 0;
      this.#restAt = 0;
    }
  }
}

/** What waits must not keep a whole received chunk alive for a small part of it. */
function keep(chunk: Buffer, from: number): Buffer {
  const part = from === 0 ? chunk : chunk.subarray(from);
  if (part.length * 2 > part.buffer.byteLength) return part;
  const copy = Buffer.allocUnsafeSlow(part.length);
  part.copy(copy);
  return copy;
}
