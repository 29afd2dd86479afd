import { createHash, type Hash } from 'node:crypto';
import { FRONT_BYTES, type RawWire, type WireMessage } from './raw-wire.ts';

/** Larger frames are hashed as they come and not kept, where their length is known from the front. */
const KEPT_BYTES = 8 * 1024 * 1024;

/** The large frame being received. */
interface Large {
  readonly front: Omit<WireMessage, 'digest'>;
  readonly hash: Hash;
  /** Bytes that are hashed, and bytes of a checksum behind them. */
  stable: number;
  trailer: number;
}

/** Cuts received bytes into frames. */
export class Splitter {
  readonly #wire: RawWire;
  readonly #onMessage: (message: WireMessage) => void;
  #chunks: Buffer[] = [];
  #held = 0;
  /** Bytes that must be here before anything can be done. */
  #wanted = 1;
  #large: Large | undefined;

  constructor(wire: RawWire, onMessage: (message: WireMessage) => void) {
    this.#wire = wire;
    this.#onMessage = onMessage;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#large === undefined && this.#held < this.#wanted) return;
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    for (let before = -1; before !== bytes.length && bytes.length > 0; ) {
      before = bytes.length;
      bytes = this.#large === undefined ? this.#next(bytes) : this.#more(bytes, this.#large);
    }
    this.#chunks = bytes.length === 0 ? [] : [bytes];
    this.#held = bytes.length;
  }

  #next(bytes: Buffer): Buffer {
    const length = this.#wire.measure(bytes);
    if (length > KEPT_BYTES && this.#wire.has.lengthInFront && bytes.length >= FRONT_BYTES) return this.#begin(bytes, length);
    this.#wanted = length > KEPT_BYTES && this.#wire.has.lengthInFront ? FRONT_BYTES : length;
    if (length > bytes.length) return bytes;
    this.#wanted = 1;
    this.#onMessage({ ...this.#wire.read(bytes.subarray(0, length), length), digest: '' });
    return bytes.subarray(length);
  }

  #begin(bytes: Buffer, length: number): Buffer {
    const front = this.#wire.read(Buffer.from(bytes.subarray(0, FRONT_BYTES)), length);
    const trailer = this.#wire.trailerBytes(front.bytes);
    this.#large = { front, hash: createHash('sha1'), stable: length - front.stableFrom - trailer, trailer };
    return bytes.subarray(front.stableFrom);
  }

  #more(bytes: Buffer, large: Large): Buffer {
    const stable = bytes.subarray(0, large.stable);
    large.hash.update(stable);
    large.stable -= stable.length;
    const trailer = bytes.subarray(stable.length, stable.length + large.trailer);
    large.trailer -= trailer.length;
    if (large.stable === 0 && large.trailer === 0) {
      this.#large = undefined;
      this.#onMessage({ ...large.front, digest: large.hash.digest('hex') });
    }
    return bytes.subarray(stable.length + trailer.length);
  }
}

/** Of everything in a whole frame that no proxy changes. */
export function digest(wire: RawWire, frame: Buffer): string {
  const { stableFrom } = wire.read(frame, frame.length);
  return createHash('sha1')
    .update(frame.subarray(stableFrom, frame.length - wire.trailerBytes(frame)))
    .digest('hex');
}
