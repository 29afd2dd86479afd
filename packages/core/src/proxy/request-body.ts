import type { HeaderField, UpstreamStream } from '../stream/stream.ts';

/** A body of at most so many bytes is kept until its answer begins, so that the request can be sent again. */
const REPEATABLE_BYTES = 64 * 1024;

/** A smaller part of the memory that it lies in is copied: what is kept must not keep much more than it is. */
const KEPT_PART = 1 / 4;

/** What follows a request's head: kept while there is nowhere to send it, and while it may have to be sent again. */
export class RequestBody {
  /** Everything that came so far is here. */
  complete = true;
  #parts: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #trailers: readonly HeaderField[] | undefined = undefined;

  /** @param sent it went to a service, so that keeping it is a mere precaution */
  add(chunk: Buffer, end: boolean, sent: boolean): void {
    if (!this.complete) return;
    this.#parts.push(chunk.length < chunk.buffer.byteLength * KEPT_PART ? ownCopy(chunk) : chunk);
    this.#bytes += chunk.length;
    this.#ended = end;
    if (sent && this.#bytes > REPEATABLE_BYTES) this.drop();
  }
  addTrailers(trailers: readonly HeaderField[]): void {
    this.#trailers = trailers;
  }

  /** Nobody will ask for it again. */
  drop(): void {
    this.complete = false;
    this.#parts = [];
    this.#trailers = undefined;
  }

  sendTo(upstream: UpstreamStream): void {
    const parts = this.#parts;
    const last = parts.length - 1;
    for (let i = 0; i <= last; i++) upstream.sendData(parts[i]!, this.#ended && i === last);
    if (this.#trailers !== undefined) upstream.sendTrailers(this.#trailers);
  }
}

function ownCopy(chunk: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(chunk.length);
  chunk.copy(copy);
  return copy;
}
