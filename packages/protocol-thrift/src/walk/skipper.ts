import { readInt32 } from '../frame.ts';
import { CUT, MALFORMED, readVarint, varintEnd } from '../varint.ts';
import { BINARY_WIDTHS, BOOL, COMPACT_WIDTHS, FROM_COMPACT, LIST, MAP, SET, STOP, STRING, STRUCT, type Widths } from './types.ts';

/** The value was passed. */
export const DONE = 0;
export type Skipped = typeof DONE | typeof CUT | typeof MALFORMED;

/** Structs within each other, as Thrift's libraries count them (DEFAULT_RECURSION_DEPTH). */
const MAX_STRUCTS = 64;
/** Structs and containers within each other. */
const MAX_LEVELS = 192;
/** No value is due: the level at the top says what follows. */
const NONE = 255;
/** In `#left`: a struct, which has no count. */
const FIELDS = -1;

/**
 * Passes one value, of any size, in as many pieces as its bytes arrive in: it keeps its place and a stack of its own, so that no byte is
 * looked at twice. Sizes are held against what can still come, so that no few bytes make it loop.
 */
export class Skipper {
  /** The next byte to look at; it may lie behind those at hand. */
  at = 0;
  #limit = 0;
  #compact = false;
  #widths: Widths = BINARY_WIDTHS;
  #due = NONE;
  #depth = 0;
  #structs = 0;
  /** Per level: types of keys and values, or of elements twice. */
  readonly #types: Uint8Array = new Uint8Array(2 * MAX_LEVELS);
  /** Per level: values still to come, or FIELDS. */
  readonly #left: Float64Array = new Float64Array(MAX_LEVELS);

  /** Begins at a value of `type`; `limit` is where it must have ended. */
  begin(compact: boolean, type: number, at: number, limit: number): void {
    this.#compact = compact;
    this.#widths = compact ? COMPACT_WIDTHS : BINARY_WIDTHS;
    this.at = at;
    this.#limit = limit;
    this.#due = type;
    this.#depth = 0;
    this.#structs = 0;
  }

  /** Goes on with the bytes [base, to), which begin `b`; `base` is at most `at`, or there is nothing to do. */
  run(b: Buffer, base: number, to: number): Skipped {
    for (;;) {
      if (this.#due === NONE) {
        if (this.#depth === 0) return this.at > to ? CUT : DONE;
        const next = this.#next(b, base, to);
        if (next === CUT || next === MALFORMED) return next;
        if (next === NONE) continue;
        this.#due = next;
      }
      const passed = this.#value(this.#due, b, base, to);
      if (passed !== DONE) return passed;
      if (this.at > this.#limit) return MALFORMED;
      this.#due = NONE;
    }
  }

  /** The type of the value that is due in the level at the top; NONE when there was none, or it took no bytes. */
  #next(b: Buffer, base: number, to: number): number {
    const top = this.#depth - 1;
    const left = this.#left[top]!;
    if (left > 0) {
      this.#left[top] = left - 1;
      return this.#types[2 * top + (left & 1)]!;
    }
    if (left === 0) {
      this.#depth--;
      return NONE;
    }
    if (this.at >= to) return CUT;
    const first = b[this.at - base]!;
    if (first === STOP) {
      this.at++;
      this.#depth--;
      this.#structs--;
      return NONE;
    }
    return this.#compact ? this.#compactField(first, b, base, to) : this.#binaryField(first, to);
  }

  #binaryField(type: number, to: number): number {
    if (this.at + 3 > to) return CUT;
    this.at += 3;
    return type;
  }

  #compactField(first: number, b: Buffer, base: number, to: number): number {
    let end = this.at + 1;
    if (first >>> 4 === 0) {
      const found = varintEnd(b, end - base, to - base);
      if (found < 0) return found;
      end = found + base;
    }
    this.at = end;
    const type = FROM_COMPACT[first & 15]!;
    if (type === STOP) return MALFORMED;
    // the type is the value
    return type === BOOL ? NONE : type;
  }

  #value(type: number, b: Buffer, base: number, to: number): Skipped {
    const width = this.#widths.fixed[type]!;
    if (width > 0) {
      this.at += width;
      return DONE;
    }
    switch (type) {
      case STRUCT:
        return this.#push(0, 0, FIELDS);
      case STRING:
      case SET:
      case LIST:
      case MAP:
        return this.#compact ? this.#compactSized(type, b, base, to) : this.#binarySized(type, b, base, to);
      default:
        return this.#widths.least[type] === 0 ? MALFORMED : this.#varint(b, base, to);
    }
  }

  #varint(b: Buffer, base: number, to: number): Skipped {
    if (this.at >= to) return CUT;
    const end = varintEnd(b, this.at - base, to - base);
    if (end === CUT || end === MALFORMED) return end;
    this.at = end + base;
    return DONE;
  }

  #binarySized(type: number, b: Buffer, base: number, to: number): Skipped {
    const types = type === STRING ? 0 : type === MAP ? 2 : 1;
    if (this.at + types + 4 > to) return CUT;
    const i = this.at - base;
    const size = readInt32(b, i + types);
    this.at += types + 4;
    if (type === STRING) return this.#bytes(size);
    return this.#container(b[i]!, b[i + types - 1]!, size, types);
  }

  #compactSized(type: number, b: Buffer, base: number, to: number): Skipped {
    if (this.at >= to) return CUT;
    const i = this.at - base;
    const first = b[i]!;
    if ((type === SET || type === LIST) && first < 0xf0) {
      this.at++;
      const element = FROM_COMPACT[first & 15]!;
      return this.#container(element, element, first >>> 4, 1);
    }
    const sizeAt = type === SET || type === LIST ? i + 1 : i;
    const end = varintEnd(b, sizeAt, to - base);
    if (end === CUT || end === MALFORMED) return end;
    const size = readVarint(b, sizeAt, end);
    if (type === STRING) {
      this.at = end + base;
      return this.#bytes(size);
    }
    if (type === MAP && size !== 0) {
      if (end + base >= to) return CUT;
      this.at = end + base + 1;
      const types = b[end]!;
      return this.#container(FROM_COMPACT[types >>> 4]!, FROM_COMPACT[types & 15]!, size, 2);
    }
    this.at = end + base;
    const element = FROM_COMPACT[first & 15]!;
    return this.#container(element, element, size, 1);
  }

  #bytes(length: number): Skipped {
    if (length < 0) return MALFORMED;
    this.at += length;
    return DONE;
  }

  /** `parts`: 2 for a map. */
  #container(key: number, value: number, size: number, parts: number): Skipped {
    if (size === 0) return DONE;
    const { fixed, least } = this.#widths;
    if (size < 0 || least[key] === 0 || least[value] === 0) return MALFORMED;
    const shortest = parts === 2 ? least[key]! + least[value]! : least[value]!;
    if (this.at + size * shortest > this.#limit) return MALFORMED;
    if (fixed[key]! > 0 && fixed[value]! > 0) {
      this.at += size * shortest;
      return DONE;
    }
    return this.#push(key, value, size * parts);
  }

  #push(key: number, value: number, left: number): Skipped {
    const level = this.#depth;
    if (level === MAX_LEVELS || (left === FIELDS && ++this.#structs > MAX_STRUCTS)) return MALFORMED;
    this.#types[2 * level] = key;
    this.#types[2 * level + 1] = value;
    this.#left[level] = left;
    this.#depth = level + 1;
    return DONE;
  }
}
