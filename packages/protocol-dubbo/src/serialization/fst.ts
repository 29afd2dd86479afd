import { isAscii } from './char-units.ts';
import { FrontReader } from './front-reader.ts';
import type { Serialization } from './serialization.ts';

/** FSTObjectOutput.STRING, in front of an argument. */
const STRING = 0xfc;
/** Of an int (FSTStreamEncoder.writeFInt): two or four bytes follow, the lowest first. */
const INT16 = 0x80;
const INT32 = 0x81;
/** In a string: two bytes of a unit follow, the lower first. */
const WIDE = 0xff;

/** FST 2 (FSTStreamEncoder): a string is its length in units, then a byte for each unit below 255. */
class FstReader extends FrontReader {
  skipText(): boolean {
    const units = this.#length();
    if (units === undefined) return false;
    if (units > this.limit - this.at) return this.bad();
    const { chunk, end, at: from } = this;
    let at = from;
    for (let left = units; left > 0; left--) {
      if (at >= end) return end === this.limit && this.bad();
      at += chunk[at] === WIDE ? 3 : 1;
    }
    if (at > end) return at > this.limit && this.bad();
    this.from = from;
    this.to = this.at = at;
    this.plain = isAscii(chunk, from, at);
    return true;
  }

  text(): string {
    let text = '';
    for (let at = this.from; at < this.to; ) {
      const byte = this.chunk[at]!;
      text += String.fromCharCode(byte === WIDE ? this.chunk[at + 1]! | (this.chunk[at + 2]! << 8) : byte);
      at += byte === WIDE ? 3 : 1;
    }
    return text;
  }

  protected skipString(): boolean {
    const tag = this.readByte();
    return tag === STRING ? this.skipText() : tag >= 0 && this.bad();
  }

  #length(): number | undefined {
    const first = this.readByte();
    if (first < 0 || first < INT16) return first < 0 ? undefined : first;
    const bytes = first === INT16 ? 2 : first === INT32 ? 4 : 0;
    if (bytes === 0) this.bad();
    if (bytes === 0 || !this.has(bytes)) return undefined;
    const { chunk, at } = this;
    const length = bytes === 2 ? ((chunk[at + 1]! << 24) >> 16) | chunk[at]! : chunk.readInt32LE(at);
    this.at += bytes;
    return length >= 0 || this.bad() ? length : undefined;
  }
}

/** fst: id 9. */
export function fst(): Serialization {
  return { name: 'fst', reader: new FstReader() };
}
