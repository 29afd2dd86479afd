import { Cursor } from './cursor.ts';

const HIGH_BITS = 0x80808080 | 0;

/** The length that `openString` answers when no length can be read, and when the text may be longer than the bytes at hand or in chunks. */
const NO_STRING = -1;
const UNSURE = -2;

/**
 * Reads Hessian 2.0 strings in place. Every move answers false when it cannot be made, and then `malformed` tells bytes that can never be
 * a value from bytes that end too early. Nothing throws, and nothing is allocated but by `text()`.
 */
export class StringReader extends Cursor {
  #view: DataView = new DataView(new ArrayBuffer(0));
  #viewed: Buffer = this.chunk;

  /** Moves behind a string. ASCII is checked four bytes at a time, which makes a walk half as long. */
  skipString(): boolean {
    const b = this.chunk;
    const start = this.at;
    const tag = start < this.end ? b[start]! : -1;
    let units = tag;
    let at = start + 1;
    if (tag < 0 || tag >= 0x20) {
      units = this.#openString();
      if (units < 0) return units === UNSURE ? this.#wide(start) : false;
      at = this.from;
    } else if (at + units > this.end) {
      // A unit is at least a byte. Text that is not ASCII may turn out malformed before its end: let the slow way say.
      return this.#wide(start);
    }
    this.from = at;
    const stop = at + units;
    let bits = 0;
    if (units >= 4) {
      if (this.#viewed !== b) this.#look(b);
      const view = this.#view;
      for (const last = stop - 4; at <= last; at += 4) bits |= view.getInt32(at);
    }
    let bit = 0;
    while (at < stop) bit |= b[at++]!;
    if ((bits & HIGH_BITS) !== 0 || bit >= 0x80) return this.#wide(start);
    this.at = stop;
    this.plain = true;
    return true;
  }

  /**
   * Moves behind entries of an open map while they are what most are, a short plain key and a plain string: one pass over both instead of
   * two moves. Stops before any other entry, and before a key that may be wanted.
   * @param stops by length of a key, below 32: its first byte if a wanted key has it, 256 to stop at any of that length, -1 at none
   */
  skipPlainEntries(stops: Int16Array): void {
    const b = this.chunk;
    const end = this.end;
    if (this.#viewed !== b) this.#look(b);
    const view = this.#view;
    let entry = this.at;
    while (entry + 2 < end) {
      const keyUnits = b[entry]!;
      if (keyUnits >= 0x20) break;
      const stop = stops[keyUnits]!;
      if (stop === 256 || stop === b[entry + 1]) break;
      const value = entry + 1 + keyUnits;
      const units = value < end ? b[value]! : 0x20;
      if (units >= 0x20) break;
      const next = value + 1 + units;
      if (next > end) break;
      let bits = 0;
      let at = entry + 1;
      for (const last = next - 4; at <= last; at += 4) bits |= view.getInt32(at);
      while (at < next) bits |= b[at++]! << 24;
      if ((bits & HIGH_BITS) !== 0) break;
      entry = next;
    }
    this.at = entry;
  }

  #look(b: Buffer): void {
    this.#viewed = b;
    this.#view = new DataView(b.buffer, b.byteOffset, b.length);
  }

  /**
   * Reads the length of a string in one chunk and puts `from` at its text. -1: there is no string, or not even its length; -2: it may be
   * longer than the bytes at hand, or has several chunks.
   */
  #openString(): number {
    const b = this.chunk;
    const at = this.at;
    const end = this.end;
    if (at >= end) return NO_STRING;
    const tag = b[at]!;
    let units: number;
    if (tag < 0x20) {
      units = tag;
      this.from = at + 1;
    } else if (tag >= 0x30 && tag < 0x34) {
      if (at + 2 > end) return NO_STRING;
      units = ((tag - 0x30) << 8) | b[at + 1]!;
      this.from = at + 2;
    } else if (tag === 0x53) {
      if (at + 3 > end) return NO_STRING;
      units = (b[at + 1]! << 8) | b[at + 2]!;
      this.from = at + 3;
    } else if (tag === 0x52) {
      return UNSURE;
    } else {
      this.malformed = true;
      return NO_STRING;
    }
    return this.from + units <= end ? units : UNSURE;
  }

  /**
   * A string byte by byte: text that is not ASCII, chunks ('R', then the final one), or fewer bytes than units. Every UTF-16 unit is a
   * sequence of one to three bytes; four bytes stand for two units, which hessian-lite refuses to read and some peers write.
   */
  #wide(start: number): boolean {
    const end = this.end;
    const b = this.chunk;
    this.plain = false;
    this.start = start;
    let at = start;
    for (;;) {
      this.at = at;
      if (at >= end) return false;
      const chunked = b[at] === 0x52;
      let units: number;
      if (chunked) {
        if (at + 3 > end) return false;
        units = (b[at + 1]! << 8) | b[at + 2]!;
        at += 3;
      } else {
        units = this.#openString();
        if (units === NO_STRING) return false;
        if (units === UNSURE) units = this.#units();
        at = this.from;
      }
      this.at = at;
      if (!this.skipWide(units)) return false;
      at = this.at;
      if (chunked) continue;
      this.from = start;
      return true;
    }
  }

  /** The length that `#openString` read before it found too few bytes; `from` is behind it. */
  #units(): number {
    const b = this.chunk;
    const tag = b[this.at]!;
    if (tag < 0x20) return tag;
    return tag < 0x34 ? ((tag - 0x30) << 8) | b[this.at + 1]! : (b[this.at + 1]! << 8) | b[this.at + 2]!;
  }
}
