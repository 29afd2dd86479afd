import { Inbox } from '../buffer/inbox.ts';
import { CodecError } from '../errors/codec-error.ts';
import type { CodecConnection, Frame } from '../protocol/spi.ts';

/** What became of a frame that was offered. */
export type Taken =
  /** Go on behind it; a front's remaining bytes come as data. */
  | 'taken'
  /** Offer it again, as it is, at the next resume(). */
  | 'later'
  /** Only for a front: offer it again, with more of it. */
  | 'need-more'
  /** Drop the remaining bytes of a front. */
  | 'skip';

/** Who receives a connection's frames. */
export interface FrameSink<F extends Frame> {
  /** A whole frame. Its bytes are valid until the sink empties `chunk`. */
  onFrame(frame: F): 'taken' | 'later';
  /** The front of a frame that is larger than the relay threshold. */
  onFront(frame: F): Taken;
  /** The next bytes of a frame whose front was taken; `end` with its last. */
  onData(chunk: Buffer, end: boolean): void;
}

/** Limits of one connection, in bytes. */
export interface ReaderLimits {
  /** Beyond it a frame that says no length closes the connection. Frames that do are offered, and refused by the sink. */
  readonly maxFrameBytes: number;
  /** Larger frames are relayed as they arrive. */
  readonly relayThresholdBytes: number;
  /** Beyond it a large frame of which the codec makes nothing closes the connection. */
  readonly maxBufferedFrontBytes: number;
}

/** The first look at a large frame waits for this much. */
const FIRST_FRONT_BYTES = 4096;
/** A frame of which no more than this is missing is waited for: what relaying would have to patch at its end is in that part. */
const LAST_BYTES = 64;

/** Bytes to frames: the decode loop of one connection. */
export class FrameReader<F extends Frame> {
  /** While true, bytes are kept and no frame is offered. */
  held = false;
  /** Frames are being offered. */
  running = false;
  readonly #codec: CodecConnection<F>;
  readonly #limits: ReaderLimits;
  readonly #sink: FrameSink<F>;
  readonly #inbox = new Inbox();
  /** A whole frame that the sink wants later. */
  #deferred: F | undefined = undefined;
  /** Of the frame at the front; 0: not measured yet. */
  #length = 0;
  #frontWanted = FIRST_FRONT_BYTES;
  /** Bytes still to come of a frame whose front was taken. */
  #remaining = 0;
  #skipping = false;

  constructor(codec: CodecConnection<F>, limits: ReaderLimits, sink: FrameSink<F>) {
    this.#codec = codec;
    this.#limits = limits;
    this.#sink = sink;
  }

  /** Bytes received and not yet offered. */
  get buffered(): number {
    return this.#inbox.available;
  }
  /** The unread bytes that no frame could be made of, at most `most`. */
  head(most: number): Buffer {
    return this.#inbox.view(0, Math.min(most, this.#inbox.available));
  }

  /** @throws CodecError when no later frame boundary can be known */
  push(chunk: Buffer): void {
    this.#inbox.push(chunk);
    this.resume();
  }

  /** Offers what is buffered, after `held` became false. Re-entrant calls are absorbed by the outer one. */
  resume(): void {
    if (this.running) return;
    this.running = true;
    try {
      while (!this.held && this.#step());
    } finally {
      this.running = false;
      this.#inbox.release();
    }
  }

  /** The rest of the frame being received goes nowhere. */
  skipRest(): void {
    if (this.#remaining > 0) this.#skipping = true;
  }

  /** False when it waits for bytes. */
  #step(): boolean {
    const inbox = this.#inbox;
    if (this.#remaining > 0) return this.#relay();
    if (this.#deferred !== undefined) return this.#offer(this.#deferred);
    if (inbox.available < this.#codec.headerBytes) return false;
    if (this.#length === 0) {
      const measured = this.#codec.measure(inbox);
      if (measured === undefined) {
        if (inbox.available <= this.#limits.maxFrameBytes) return false;
        throw new CodecError('FRAME_TOO_LARGE', `no end of a frame within ${this.#limits.maxFrameBytes} bytes`);
      }
      if (!(measured > 0)) throw new CodecError('FRAME_LENGTH', `a frame of ${measured} bytes`);
      this.#length = measured;
    }
    const length = this.#length;
    if (inbox.available < length) return length > this.#limits.relayThresholdBytes && this.#front(length);
    this.#length = 0;
    this.#frontWanted = FIRST_FRONT_BYTES;
    inbox.take(length);
    const frame = this.#codec.parse(inbox.taken, inbox.takenFrom, inbox.takenFrom + length, length);
    if (frame === undefined) throw new CodecError('CODEC_UNDECIDED', 'the codec made nothing of a whole frame');
    return this.#offer(frame);
  }

  #offer(frame: F): boolean {
    const taken = this.#sink.onFrame(frame) === 'taken';
    this.#deferred = taken ? undefined : frame;
    return taken;
  }

  #front(length: number): boolean {
    const inbox = this.#inbox;
    const size = inbox.available;
    if (size < this.#frontWanted || length - size < LAST_BYTES) return false;
    inbox.front(size);
    const frame = this.#codec.parse(inbox.taken, inbox.takenFrom, inbox.takenFrom + size, length);
    const taken = frame === undefined ? 'need-more' : this.#sink.onFront(frame);
    if (taken === 'later') return false;
    if (taken === 'need-more') {
      const most = this.#limits.maxBufferedFrontBytes;
      // The sink refuses a front that grows too large; without a frame there is nothing to refuse, nor anybody to answer.
      if (frame === undefined && size >= most) {
        throw new CodecError(
          'FRONT_TOO_LARGE',
          `no service and method within the first ${most} bytes of a frame (limits.maxBufferedFrontBytes)`,
        );
      }
      // Doubling keeps the bytes looked at below twice the bytes received.
      this.#frontWanted = Math.min(length, size * 2);
      return false;
    }
    this.#length = 0;
    this.#frontWanted = FIRST_FRONT_BYTES;
    inbox.skip(size);
    this.#remaining = length - size;
    this.#skipping = taken === 'skip';
    return true;
  }

  #relay(): boolean {
    if (this.#inbox.available === 0) return false;
    const piece = this.#inbox.takePiece(this.#remaining);
    this.#remaining -= piece.length;
    const end = this.#remaining === 0;
    if (!this.#skipping) this.#sink.onData(piece, end);
    if (end) this.#skipping = false;
    return true;
  }
}
