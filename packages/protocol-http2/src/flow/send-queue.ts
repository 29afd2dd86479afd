import type { HeaderField } from '@polywire/core/spi';

/** Of the chunk that it lies in, a smaller part is copied: what waits must not keep much more memory than it is. */
const KEPT_PART = 1 / 4;
/** Sent parts are forgotten in batches, so that a long queue is not moved for each. */
const FORGET_AT = 16;

/** Bytes that lie side by side: [from, to) of a chunk. */
class Part {
  readonly chunk: Buffer;
  from: number;
  readonly to: number;
  /** See InPlace. */
  room: boolean;

  constructor(chunk: Buffer, from: number, to: number, room: boolean) {
    this.chunk = chunk;
    this.from = from;
    this.to = to;
    this.room = room;
  }
}

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
  #parts: Part[] = [];
  #at = 0;

  /** @param room a frame's header may be written before it */
  add(chunk: Buffer, from: number, to: number, room: boolean, end: boolean): void {
    this.ended = end;
    if (to === from) return;
    this.bytes += to - from;
    this.#parts.push(keep(chunk, from, to, room));
  }

  /** The bytes at the front. */
  get front(): Part | undefined {
    return this.#parts[this.#at];
  }

  /** The first `bytes` of the front were sent. */
  sent(bytes: number): void {
    const front = this.#parts[this.#at];
    if (front === undefined) return;
    this.bytes -= bytes;
    this.moved = true;
    this.progressed = true;
    front.from += bytes;
    // What was sent is before it now, and may still be on its way.
    front.room = false;
    if (front.from < front.to) return;
    this.#at++;
    if (this.#at < this.#parts.length && this.#at < FORGET_AT) return;
    this.#parts = this.#parts.slice(this.#at);
    this.#at = 0;
  }
}

function keep(chunk: Buffer, from: number, to: number, room: boolean): Part {
  if (to - from >= chunk.buffer.byteLength * KEPT_PART) return new Part(chunk, from, to, room);
  const copy = Buffer.allocUnsafeSlow(to - from);
  chunk.copy(copy, 0, from, to);
  return new Part(copy, 0, copy.length, false);
}
