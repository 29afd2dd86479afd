import { CUT, MALFORMED, readVarint, unzigzag, varintEnd } from '../varint.ts';
import { DONE, type Skipped, Skipper } from './skipper.ts';
import { BOOL, FROM_COMPACT, STOP } from './types.ts';

/** A field follows. */
export const FIELD = 1;

/** The fields of one struct in the order in which they lie, one after the other. */
export class StructReader {
  /** Of the field that next() found. */
  id = 0;
  type = 0;
  valueAt = 0;
  /** Of a compact boolean, which has no bytes of its own. */
  truth = false;
  b: Buffer = Buffer.alloc(0);
  to = 0;
  compact = false;
  #limit = 0;
  #at = 0;
  readonly #skipper = new Skipper();

  /** Begins at the struct at `at` of `b`; its bytes reach to `to`, and it ends at `limit` at the latest. */
  open(b: Buffer, at: number, to: number, limit: number, compact: boolean): void {
    this.b = b;
    this.#at = at;
    this.to = to;
    this.#limit = limit;
    this.compact = compact;
    this.id = 0;
  }

  /** Moves to the next field; call skip() before the one after it. DONE: there is none. */
  next(): typeof FIELD | Skipped {
    if (this.#at >= this.to) return this.#short(this.#at + 1);
    const first = this.b[this.#at]!;
    if (first === STOP) return DONE;
    return this.compact ? this.#compactField(first) : this.#binaryField(first);
  }

  /** Moves behind the field that next() found. */
  skip(): Skipped {
    if (this.compact && this.type === BOOL) {
      this.#at = this.valueAt;
      return DONE;
    }
    this.#skipper.begin(this.compact, this.type, this.valueAt, this.#limit);
    const skipped = this.#skipper.run(this.b, 0, this.to);
    this.#at = this.#skipper.at;
    return skipped;
  }

  /** What it means that bytes up to `end` are wanted and not there. */
  #short(end: number): Skipped {
    return end > this.#limit ? MALFORMED : CUT;
  }

  #binaryField(type: number): typeof FIELD | Skipped {
    const { b } = this;
    const at = this.#at;
    if (at + 3 > this.to) return this.#short(at + 3);
    this.type = type;
    this.id = ((b[at + 1]! << 24) >> 16) | b[at + 2]!;
    this.valueAt = at + 3;
    return FIELD;
  }

  #compactField(first: number): typeof FIELD | Skipped {
    const { b } = this;
    let end = this.#at + 1;
    if (first >>> 4 === 0) {
      const idAt = end;
      end = varintEnd(b, idAt, this.to);
      if (end === CUT) return this.#short(this.to + 1);
      if (end < 0) return MALFORMED;
      this.id = (unzigzag(readVarint(b, idAt, end)) << 16) >> 16;
    } else {
      this.id += first >>> 4;
    }
    this.type = FROM_COMPACT[first & 15]!;
    if (this.type === STOP) return MALFORMED;
    this.truth = (first & 15) === 1;
    this.valueAt = end;
    return FIELD;
  }
}
