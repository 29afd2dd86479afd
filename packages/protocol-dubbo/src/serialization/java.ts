import { readInt32 } from '../frame.ts';
import { decodeCharUnits, isAscii } from './char-units.ts';
import { FrontReader } from './front-reader.ts';
import { FAILED, type Serialization } from './serialization.ts';

/** Of java.io.ObjectStreamConstants: the magic and version, records of primitive data, a string. */
const STREAM_HEADER = 0xaced0005 | 0;
const HEADER_BYTES = 4;
const BLOCK = 0x77;
const LONG_BLOCK = 0x7a;
const STRING = 0x74;

/**
 * Java's object streams. Primitive data lie in records of at most 1,024 bytes, whose bounds fall anywhere, also within numbers and strings;
 * objects lie between records.
 */
class JavaReader extends FrontReader {
  /** JavaObjectOutput writes a length in front of each string, and a byte in front of each object; negative or 0 for null. */
  readonly #marks: boolean;
  /** End of the record that `at` is in. */
  #blockEnd = 0;
  /** Where the text that was passed last begins to be read again: its bytes, and the record of the first. */
  #textBytes = 0;
  #textBlockEnd = 0;

  constructor(marks: boolean) {
    super();
    this.#marks = marks;
  }

  override begin(chunk: Buffer, at: number, end: number, limit: number, body: number): void {
    super.begin(chunk, body, end, limit, body);
    this.#blockEnd = body;
    if (!this.has(HEADER_BYTES)) {
      this.end = body;
      return;
    }
    if (readInt32(chunk, body) !== STREAM_HEADER) this.malformed = true;
    this.at = this.#blockEnd = body + HEADER_BYTES;
    if (at === body) return;
    // Wherever it begins was reached before, through whole records of data.
    while (this.#blockEnd < at && this.#openBlock()) this.at = this.#blockEnd;
    this.at = at;
  }

  skipText(): boolean {
    if (this.#marks) {
      const units = this.#number(4);
      if (units === undefined) return false;
      if (units < 0) return this.#nothing();
    }
    const bytes = this.#number(2);
    return bytes !== undefined && this.#passText(bytes);
  }

  text(): string {
    const { at } = this;
    const blockEnd = this.#blockEnd;
    this.at = this.from;
    this.#blockEnd = this.#textBlockEnd;
    const bytes = Buffer.allocUnsafe(this.#textBytes);
    for (let done = 0; done < bytes.length; ) {
      if (this.at === this.#blockEnd && !this.#openBlock()) break;
      const taken = Math.min(bytes.length - done, this.#blockEnd - this.at);
      this.chunk.copy(bytes, done, this.at, this.at + taken);
      done += taken;
      this.at += taken;
    }
    this.at = at;
    this.#blockEnd = blockEnd;
    return decodeCharUnits(bytes, 0, bytes.length);
  }

  protected override readByte(): number {
    return this.#number(1) ?? FAILED;
  }

  protected override skipString(): boolean {
    const mark = this.#marks ? this.readByte() : 1;
    if (mark < 0) return false;
    if (mark !== 1 || this.at !== this.#blockEnd) return this.bad();
    if (!this.has(1)) return false;
    if (this.chunk[this.at] !== STRING) return this.bad();
    if (!this.has(3)) return false;
    const bytes = (this.chunk[this.at + 1]! << 8) | this.chunk[this.at + 2]!;
    this.at += 3;
    if (!this.has(bytes)) return false;
    this.#blockEnd = this.at + bytes;
    return this.#passText(bytes);
  }

  #nothing(): boolean {
    this.from = this.to = this.at;
    this.#textBytes = 0;
    this.plain = true;
    return true;
  }

  #passText(bytes: number): boolean {
    if (bytes === 0) return this.#nothing();
    if (this.at === this.#blockEnd && !this.#openBlock()) return false;
    const from = this.at;
    this.#textBytes = bytes;
    this.#textBlockEnd = this.#blockEnd;
    for (let left = bytes; left > 0; ) {
      if (this.at === this.#blockEnd && !this.#openBlock()) return false;
      const taken = Math.min(left, this.#blockEnd - this.at);
      if (!this.has(taken)) return false;
      left -= taken;
      this.at += taken;
    }
    this.from = from;
    this.to = this.at;
    this.plain = this.at - from === bytes && isAscii(this.chunk, from, this.at);
    return true;
  }

  /** Moves behind a number of as many bytes, signed when it has four. */
  #number(bytes: 1 | 2 | 4): number | undefined {
    let value = 0;
    for (let left = bytes as number; left > 0; left--) {
      if ((this.at === this.#blockEnd && !this.#openBlock()) || !this.has(1)) return undefined;
      value = (value << 8) | this.chunk[this.at++]!;
    }
    return value;
  }

  /** Moves behind the head of the next record that holds data. */
  #openBlock(): boolean {
    let size = 0;
    while (size === 0) {
      if (this.malformed || !this.has(1)) return false;
      const tag = this.chunk[this.at];
      if (tag !== BLOCK && tag !== LONG_BLOCK) return this.bad();
      const head = tag === BLOCK ? 2 : 5;
      if (!this.has(head)) return false;
      size = tag === BLOCK ? this.chunk[this.at + 1]! : readInt32(this.chunk, this.at + 1);
      if (size < 0 || size > this.limit - this.at - head) return this.bad();
      this.at += head;
    }
    this.#blockEnd = this.at + size;
    return true;
  }
}

/** java (3) and compactedjava (4), which writes classes shorter. */
export function java(name: string): Serialization {
  return { name, reader: new JavaReader(true) };
}

/** nativejava (7): without marks for null. */
export function nativeJava(): Serialization {
  return { name: 'nativejava', reader: new JavaReader(false) };
}
