import { ConnectionError, DATA, END_STREAM, FRAME_HEADER_BYTES, FRAME_SIZE_ERROR, PADDED, PROTOCOL_ERROR } from './frame.ts';

const EMPTY = Buffer.alloc(0);
/** What `HTTP/1.1 400 Bad Request` looks like as a frame. */
const HTTP1_LENGTH = 0x485454;
/** The first piece of memory for a frame that came in parts; it grows as the frame does, not as it claims to. */
const FIRST_HELD_BYTES = 64;

/** What a reader tells. Whatever a sink throws ends the reading. */
export interface FrameSink {
  /** A whole frame that is not DATA. Its payload is [from, to) of `chunk`, which is the sink's only while it is being told. */
  onFrame(type: number, flags: number, id: number, chunk: Buffer, from: number, to: number): void;
  /** A DATA frame begins. `length` counts its padding: that is what windows count. */
  onDataFrame(id: number, length: number, padding: number): void;
  /** Its next bytes, [from, to) of a received chunk; `last` and `end` with the last of them, of which there may be none. */
  onDataPart(chunk: Buffer, from: number, to: number, last: boolean, end: boolean): void;
}

/** Finds frames in the chunks of a connection. DATA passes in pieces as it arrives, other frames are told of when they are whole. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #maxFrameBytes: number;
  /** The begin of a frame whose rest is to come, and how much of the buffer that is. */
  #held: Buffer = EMPTY;
  #heldBytes = 0;
  /** Inside of a DATA frame: what is left of its data and of its padding. */
  #inData = false;
  #dataLeft = 0;
  #paddingLeft = 0;
  #dataEnds = false;

  /** @param maxFrameBytes our SETTINGS_MAX_FRAME_SIZE */
  constructor(sink: FrameSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** A frame other than DATA began and is not whole. */
  get partial(): boolean {
    return this.#heldBytes > 0;
  }

  /** @throws ConnectionError for frames that no connection can go on after */
  push(chunk: Buffer): void {
    let at = 0;
    if (this.#heldBytes > 0) {
      at = this.#completeHeld(chunk);
      if (at < 0) return;
    }
    const end = chunk.length;
    if (this.#inData) at = this.#readData(chunk, at);
    while (at < end) {
      if (end - at < FRAME_HEADER_BYTES) return this.#hold(chunk, at);
      const length = lengthAt(chunk, at);
      if (length > this.#maxFrameBytes) this.#refuse(length);
      const type = chunk[at + 3]!;
      if (type === DATA) {
        const begin = this.#beginData(chunk, at, end);
        if (begin < 0) return this.#hold(chunk, at);
        at = this.#readData(chunk, begin);
        continue;
      }
      const from = at + FRAME_HEADER_BYTES;
      if (end - from < length) return this.#hold(chunk, at);
      this.#sink.onFrame(type, chunk[at + 4]!, idAt(chunk, at), chunk, from, from + length);
      at = from + length;
    }
  }

  /** Forgets what is held: nothing of this connection is read any more. */
  close(): void {
    this.#held = EMPTY;
    this.#heldBytes = 0;
    this.#inData = false;
  }

  /** Where the frame's data begins; -1 when its padding's length is still to come. */
  #beginData(chunk: Buffer, at: number, end: number): number {
    const length = lengthAt(chunk, at);
    const flags = chunk[at + 4]!;
    const id = idAt(chunk, at);
    let begin = at + FRAME_HEADER_BYTES;
    let padding = 0;
    let overhead = 0;
    if ((flags & PADDED) !== 0) {
      if (length === 0) throw new ConnectionError(FRAME_SIZE_ERROR, 'padded DATA without the length of its padding');
      if (begin >= end) return -1;
      padding = chunk[begin++]!;
      overhead = 1;
      if (padding >= length) throw new ConnectionError(PROTOCOL_ERROR, 'DATA with more padding than payload');
    }
    this.#sink.onDataFrame(id, length, padding + overhead);
    this.#inData = true;
    this.#dataLeft = length - padding - overhead;
    this.#paddingLeft = padding;
    this.#dataEnds = (flags & END_STREAM) !== 0;
    if (this.#dataLeft === 0) this.#sink.onDataPart(chunk, begin, begin, true, this.#dataEnds);
    return begin;
  }

  /** Takes what is here of a DATA frame. */
  #readData(chunk: Buffer, from: number): number {
    let at = from;
    const end = chunk.length;
    if (this.#dataLeft > 0) {
      if (at === end) return at;
      const to = Math.min(end, at + this.#dataLeft);
      this.#dataLeft -= to - at;
      const last = this.#dataLeft === 0;
      this.#sink.onDataPart(chunk, at, to, last, last && this.#dataEnds);
      at = to;
      if (!last) return at;
    }
    const padding = Math.min(end - at, this.#paddingLeft);
    this.#paddingLeft -= padding;
    this.#inData = this.#paddingLeft > 0;
    return at + padding;
  }

  #hold(chunk: Buffer, at: number): void {
    this.#append(chunk, at, chunk.length);
  }

  #append(chunk: Buffer, from: number, to: number): void {
    const needed = this.#heldBytes + to - from;
    if (this.#held.length < needed) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_HELD_BYTES, needed, this.#held.length * 2));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#heldBytes, from, to);
    this.#heldBytes = needed;
  }

  /** Goes on with a frame that began in an earlier chunk. Where the next begins in this one; -1 when even this one is not whole. */
  #completeHeld(chunk: Buffer): number {
    let at = 0;
    for (;;) {
      const needed = this.#neededBytes();
      const missing = needed - this.#heldBytes;
      if (missing > 0) {
        const take = Math.min(missing, chunk.length - at);
        this.#append(chunk, at, at + take);
        at += take;
        if (take < missing) return -1;
        // The header became whole: now it says how long the frame is.
        if (needed <= FRAME_HEADER_BYTES) continue;
      }
      const held = this.#held;
      const heldBytes = this.#heldBytes;
      this.#held = EMPTY;
      this.#heldBytes = 0;
      if (held[3] === DATA) this.#beginData(held, 0, heldBytes);
      else this.#sink.onFrame(held[3]!, held[4]!, idAt(held, 0), held, FRAME_HEADER_BYTES, heldBytes);
      return at;
    }
  }

  /** Of the frame that is held: its header, then all of it, or of DATA what comes before its data. */
  #neededBytes(): number {
    if (this.#heldBytes < FRAME_HEADER_BYTES) return FRAME_HEADER_BYTES;
    const length = lengthAt(this.#held, 0);
    if (length > this.#maxFrameBytes) this.#refuse(length);
    if (this.#held[3] !== DATA) return FRAME_HEADER_BYTES + length;
    return FRAME_HEADER_BYTES + ((this.#held[4]! & PADDED) !== 0 && length > 0 ? 1 : 0);
  }

  #refuse(length: number): never {
    if (length === HTTP1_LENGTH) throw new ConnectionError(PROTOCOL_ERROR, 'the other side speaks HTTP/1, or no HTTP at all');
    throw new ConnectionError(FRAME_SIZE_ERROR, `a frame of ${length} bytes is over SETTINGS_MAX_FRAME_SIZE, ${this.#maxFrameBytes}`);
  }
}

function lengthAt(chunk: Buffer, at: number): number {
  return (chunk[at]! << 16) | (chunk[at + 1]! << 8) | chunk[at + 2]!;
}

/** The reserved bit is ignored: RFC 9113, section 4.1. */
function idAt(chunk: Buffer, at: number): number {
  return ((chunk[at + 5]! & 0x7f) << 24) | (chunk[at + 6]! << 16) | (chunk[at + 7]! << 8) | chunk[at + 8]!;
}
