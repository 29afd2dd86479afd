import { CodecError, type Peek } from '@polywire/core/spi';
import { isMessageStart } from './frame.ts';
import { CUT, MALFORMED, readVarint, varintEnd } from './varint.ts';
import { DONE, Skipper } from './walk/skipper.ts';
import { STRUCT } from './walk/types.ts';

/** Looked at in one piece: more would copy what lies behind the message whenever it straddles two chunks. */
const WINDOW_BYTES = 16_384;
/** Two bytes, a varint, and the varint of a name's length. */
const COMPACT_START_BYTES = 22;
/** A name in the old encoding is all that tells it from what is no Thrift. */
export const LONGEST_OLD_NAME = 1024;

/** Finds where messages end that do not say so: by walking their struct, going on where it stopped when bytes were missing. */
export class UnframedMeter {
  readonly #maxBytes: number;
  readonly #skipper = new Skipper();
  #walking = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** As CodecConnection.measure. */
  measure(input: Peek): number | undefined {
    if (!this.#walking) {
      if (!this.#begin(input)) return undefined;
      this.#walking = true;
    }
    const skipper = this.#skipper;
    while (skipper.at < input.available) {
      const base = skipper.at;
      const to = Math.min(input.available, base + WINDOW_BYTES);
      const skipped = skipper.run(input.view(base, to), base, to);
      if (skipped === DONE) {
        this.#walking = false;
        return skipper.at;
      }
      if (skipped === MALFORMED) throw this.#malformed();
      // what stopped it needs bytes behind all that there are
      if (to === input.available) return undefined;
    }
    return undefined;
  }

  /** Sets the walk up behind sequence id and name; false when their lengths are not at hand. */
  #begin(input: Peek): boolean {
    const first = input.uint32(0);
    if (first >>> 24 === 0x82 && isMessageStart(first >>> 16)) return this.#beginCompact(input);
    if (!isMessageStart(first >>> 16)) {
      if (first > LONGEST_OLD_NAME) throw new CodecError('THRIFT_MAGIC', 'the bytes behind a Thrift message begin none');
      return this.#walk(false, 4 + first + 5);
    }
    return input.available >= 8 && this.#walk(false, 8 + input.uint32(4) + 4);
  }

  #beginCompact(input: Peek): boolean {
    const to = Math.min(input.available, COMPACT_START_BYTES);
    const start = input.view(0, to);
    const seqidEnd = varintEnd(start, 2, to);
    const nameAt = seqidEnd < 0 ? seqidEnd : varintEnd(start, seqidEnd, to);
    if (nameAt === CUT) return false;
    if (nameAt === MALFORMED) throw this.#malformed();
    return this.#walk(true, nameAt + (readVarint(start, seqidEnd, nameAt) >>> 0));
  }

  #walk(compact: boolean, bodyAt: number): boolean {
    if (bodyAt >= this.#maxBytes) throw this.#tooLarge();
    this.#skipper.begin(compact, STRUCT, bodyAt, this.#maxBytes);
    return true;
  }

  #malformed(): CodecError {
    if (this.#skipper.at > this.#maxBytes) return this.#tooLarge();
    return new CodecError('THRIFT_STRUCT', 'where an unframed Thrift message ends cannot be found: its struct is malformed or too deep');
  }

  #tooLarge(): CodecError {
    return new CodecError(
      'FRAME_TOO_LARGE',
      `an unframed Thrift message is over the limit of ${this.#maxBytes} bytes (limits.maxFrameBytes)`,
    );
  }
}
