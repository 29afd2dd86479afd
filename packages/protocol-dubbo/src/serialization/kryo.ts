import { decodeCharUnits, isAscii, unitBytes } from './char-units.ts';
import { FrontReader } from './front-reader.ts';
import type { Serialization } from './serialization.ts';

/** Kryo's class of strings, 1, behind the two ids that mean null and a class by name; then the mark of an object that is not null. */
const STRING_CLASS = 3;
const NOT_NULL = 1;

/**
 * Kryo 4 (Output.writeString). ASCII of 2 to 63 units ends with a byte that has the high bit; other strings have a length in front, of which
 * 0 means null and 1 empty.
 */
class KryoReader extends FrontReader {
  readonly #classes: boolean;
  /** The last text's last byte carries the mark of its end. */
  #marked = false;

  constructor(classes: boolean) {
    super();
    this.#classes = classes;
  }

  skipText(): boolean {
    if (!this.has(1)) return false;
    this.#marked = this.chunk[this.at]! < 0x80;
    return this.#marked ? this.#skipMarked() : this.#skipCounted();
  }

  text(): string {
    // Buffer's ascii leaves the high bit of each byte out.
    return this.#marked ? this.chunk.toString('ascii', this.from, this.to) : decodeCharUnits(this.chunk, this.from, this.to);
  }

  protected skipString(): boolean {
    if (!this.#classes && !this.stringFollows) return this.bad();
    if (this.#classes && !this.#take(STRING_CLASS)) return false;
    return this.#take(NOT_NULL) && this.skipText();
  }

  #take(byte: number): boolean {
    const found = this.readByte();
    return found === byte || (found >= 0 && this.bad());
  }

  #skipMarked(): boolean {
    const { chunk, end, at } = this;
    let last = at + 1;
    while (last < end && chunk[last]! < 0x80) last++;
    if (last >= end) return end === this.limit && this.bad();
    this.from = at;
    this.to = this.at = last + 1;
    this.plain = false;
    return true;
  }

  #skipCounted(): boolean {
    const count = this.#count();
    if (count === undefined) return false;
    const from = this.at;
    const units = Math.max(0, count - 1);
    if (units > this.limit - from) return this.bad();
    let at = from;
    for (let left = units; left > 0; left--) {
      if (at >= this.end) return this.end === this.limit && this.bad();
      const bytes = unitBytes(this.chunk[at]!);
      if (bytes === 0) return this.bad();
      at += bytes;
    }
    if (at > this.end) return at > this.limit && this.bad();
    this.from = from;
    this.to = this.at = at;
    this.plain = isAscii(this.chunk, from, at);
    return true;
  }

  /** Six bits in the first byte, then seven in each; the bit above them says that more follow. */
  #count(): number | undefined {
    const first = this.readByte();
    let count = first & 0x3f;
    let more = (first & 0x40) !== 0;
    for (let scale = 0x40; more; scale *= 0x80) {
      const byte = this.readByte();
      if (byte < 0 || (scale > 2 ** 27 && !this.bad())) return undefined;
      count += (byte & 0x7f) * scale;
      more = byte >= 0x80;
    }
    return count;
  }
}

/** kryo (8): each argument says its class. */
export function kryo(): Serialization {
  return { name: 'kryo', reader: new KryoReader(true) };
}

/** kryo2 (25): arguments have no class, since both sides know it from the descriptor. */
export function kryo2(): Serialization {
  return { name: 'kryo2', reader: new KryoReader(false) };
}
