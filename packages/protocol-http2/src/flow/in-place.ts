import { FRAME_HEADER_BYTES } from '../frame.ts';

const EMPTY = Buffer.alloc(0);

/**
 * Data that is being passed on as it was received: before it in its chunk are the bytes of its frame's header, which nobody needs any more.
 * So whoever sends it at once may write its own header there, and frames that came side by side leave as one range, uncopied.
 */
class InPlace {
  /** The received chunk, and where the data lies in it. */
  chunk: Buffer = EMPTY;
  from = 0;
  #data: Buffer = EMPTY;

  /** A view of [from, to) that take() knows until end(). */
  view(chunk: Buffer, from: number, to: number): Buffer {
    const data = chunk.subarray(from, to);
    if (from < FRAME_HEADER_BYTES) return data;
    this.chunk = chunk;
    this.from = from;
    this.#data = data;
    return data;
  }
  /** Whether it was this that was made last, and its header's place is free. Answers so once. */
  take(data: Buffer): boolean {
    if (data !== this.#data) return false;
    this.#data = EMPTY;
    return true;
  }
  /** The data was handed over: from here on others may have it. */
  end(): void {
    this.chunk = EMPTY;
    this.#data = EMPTY;
  }
}

export const inPlace: InPlace = new InPlace();
