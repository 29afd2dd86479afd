import type { HeaderField, Transport } from '@polywire/core/spi';
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  FRAME_HEADER_BYTES,
  GOAWAY,
  HEADERS,
  MIN_MAX_FRAME_BYTES,
  RST_STREAM,
  WINDOW_UPDATE,
} from './frame.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { type Slab, slabs } from './slabs.ts';

/** Data of so many bytes is copied next to its frame's header: a range of its own would cost the socket more. */
const COPIED_DATA_BYTES = 4096;
/** Of the text in a GOAWAY. */
const MOST_DEBUG_BYTES = 256;

/** Writes the frames of one connection, those of one turn of the loop side by side. */
export class FrameWriter {
  /** The peer's SETTINGS_MAX_FRAME_SIZE. */
  maxFrameBytes: number = MIN_MAX_FRAME_BYTES;
  readonly #transport: Transport;
  #encoder: HpackEncoder | undefined = undefined;
  /** Written up to #at; undefined: nothing since everything was handed to the socket. */
  #slab: Slab | undefined = undefined;
  #at = 0;
  /** Full slabs whose bytes may not have been sent. */
  #spent: Slab[] = [];

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get encoder(): HpackEncoder {
    this.#encoder ??= new HpackEncoder();
    return this.#encoder;
  }

  headers(id: number, fields: readonly HeaderField[], end: boolean): void {
    const encoder = this.encoder;
    const slab = this.#reserve(FRAME_HEADER_BYTES + encoder.bound(fields));
    const from = this.#at;
    const block = from + FRAME_HEADER_BYTES;
    const to = encoder.encode(fields, slab, block);
    const ends = end ? END_STREAM : 0;
    if (to - block > this.maxFrameBytes) return this.#splitHeaders(id, Buffer.from(slab.subarray(block, to)), ends);
    writeHeader(slab, from, to - block, HEADERS, END_HEADERS | ends, id);
    this.#at = to;
    this.#transport.writeRange(slab, from, to);
  }

  /**
   * At most maxFrameBytes of data.
   * @param room the bytes before it are free for the frame's header
   */
  data(id: number, chunk: Buffer, from: number, to: number, room: boolean, end: boolean): void {
    const length = to - from;
    const flags = end ? END_STREAM : 0;
    if (length <= COPIED_DATA_BYTES) {
      const slab = this.#reserve(FRAME_HEADER_BYTES + length);
      const at = this.#at;
      writeHeader(slab, at, length, DATA, flags, id);
      chunk.copy(slab, at + FRAME_HEADER_BYTES, from, to);
      this.#at = at + FRAME_HEADER_BYTES + length;
      this.#transport.writeRange(slab, at, this.#at);
    } else if (room) {
      writeHeader(chunk, from - FRAME_HEADER_BYTES, length, DATA, flags, id);
      this.#transport.writeRange(chunk, from - FRAME_HEADER_BYTES, to);
    } else {
      const slab = this.#reserve(FRAME_HEADER_BYTES);
      const at = this.#at;
      writeHeader(slab, at, length, DATA, flags, id);
      this.#at = at + FRAME_HEADER_BYTES;
      this.#transport.writeRange(slab, at, this.#at);
      this.#transport.writeRange(chunk, from, to);
    }
  }

  reset(id: number, code: number): void {
    this.#word(RST_STREAM, id, code);
  }
  windowUpdate(id: number, increment: number): void {
    this.#word(WINDOW_UPDATE, id, increment);
  }

  /** A frame with a payload that is copied. */
  frame(type: number, flags: number, id: number, payload: Buffer, from: number, to: number): void {
    const slab = this.#reserve(FRAME_HEADER_BYTES + to - from);
    const at = this.#at;
    writeHeader(slab, at, to - from, type, flags, id);
    payload.copy(slab, at + FRAME_HEADER_BYTES, from, to);
    this.#at = at + FRAME_HEADER_BYTES + to - from;
    this.#transport.writeRange(slab, at, this.#at);
  }

  /** @param message ASCII, for whoever reads the peer's log */
  goAway(lastId: number, code: number, message: string): void {
    const text = message.slice(0, MOST_DEBUG_BYTES);
    const payload = Buffer.allocUnsafe(8 + text.length);
    payload.writeUInt32BE(lastId, 0);
    payload.writeUInt32BE(code, 4);
    payload.write(text, 8, 'latin1');
    this.frame(GOAWAY, 0, 0, payload, 0, payload.length);
  }

  /** Everything was handed to the socket. What the system has taken, too, is written over. */
  flushed(): void {
    const taken = this.#transport.queuedBytes === 0;
    const slab = this.#slab;
    if (slab !== undefined) {
      // TLS, and a socket that is behind, still read what was written: the rest is for others.
      if (!taken) slab.from = this.#at;
      slabs.give(slab);
      this.#slab = undefined;
    }
    if (this.#spent.length === 0) return;
    if (taken) for (const slab of this.#spent) slabs.give(slab);
    this.#spent = [];
  }

  #word(type: number, id: number, word: number): void {
    const slab = this.#reserve(FRAME_HEADER_BYTES + 4);
    const at = this.#at;
    writeHeader(slab, at, 4, type, 0, id);
    slab[at + 9] = word >>> 24;
    slab[at + 10] = word >>> 16;
    slab[at + 11] = word >>> 8;
    slab[at + 12] = word;
    this.#at = at + 13;
    this.#transport.writeRange(slab, at, this.#at);
  }

  /** A slab with room for so many bytes at #at. */
  #reserve(bytes: number): Buffer {
    const slab = this.#slab;
    if (slab !== undefined && slab.bytes.length - this.#at >= bytes) return slab.bytes;
    if (slab !== undefined) this.#spent.push(slab);
    const next = slabs.take(bytes);
    this.#slab = next;
    this.#at = next.from;
    return next.bytes;
  }

  /** RFC 9113, section 6.10: nothing may come between. */
  #splitHeaders(id: number, block: Buffer, ends: number): void {
    const most = this.maxFrameBytes;
    this.frame(HEADERS, ends, id, block, 0, most);
    for (let from = most; from < block.length; from += most) {
      const to = Math.min(block.length, from + most);
      this.frame(CONTINUATION, to === block.length ? END_HEADERS : 0, id, block, from, to);
    }
  }
}

function writeHeader(slab: Buffer, at: number, length: number, type: number, flags: number, id: number): void {
  slab[at] = length >>> 16;
  slab[at + 1] = length >>> 8;
  slab[at + 2] = length;
  slab[at + 3] = type;
  slab[at + 4] = flags;
  slab[at + 5] = id >>> 24;
  slab[at + 6] = id >>> 16;
  slab[at + 7] = id >>> 8;
  slab[at + 8] = id;
}
