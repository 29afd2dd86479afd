import { type CodecCore, type LookupResult, NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import { digits, toMillis } from './millis.ts';
import { ABSENT, type BodyReader, type BodyWriter, FAILED, OPENED, type Serialization } from './serialization.ts';

const NULL = 0xc0;

/** One MessagePack value per item, written by Jackson (MsgpackObjectOutput of Dubbo's extensions). */
class MsgpackReader implements BodyReader {
  at = 0;
  from = 0;
  to = 0;
  plain = false;
  malformed = false;
  readonly tied = false;
  #chunk: Buffer = Buffer.alloc(0);
  #end = 0;
  #limit = 0;
  #entries = 0;
  /** Bytes of content of the last string or binary. */
  #size = 0;

  begin(chunk: Buffer, at: number, end: number, limit: number): void {
    this.#chunk = chunk;
    this.at = at;
    this.#end = end;
    this.#limit = limit;
    this.malformed = false;
  }

  skipText(): boolean {
    if (this.#tag() === NULL) {
      this.from = this.to = ++this.at;
      this.plain = true;
      return true;
    }
    return isString(this.#tag()) ? this.#string() : this.#tag() >= 0 && this.#bad();
  }

  skipItem(): boolean {
    return this.skipValue();
  }

  readItem(core: CodecCore): LookupResult {
    return this.readValue(core);
  }

  text(): string {
    return this.#chunk.toString('utf8', this.from, this.to);
  }

  openAttachments(): typeof OPENED | typeof ABSENT | typeof FAILED {
    const tag = this.#tag();
    if (tag === NULL) {
      this.at++;
      return ABSENT;
    }
    const entries = (tag & 0xf0) === 0x80 ? this.#count(0, tag & 15) : tag === 0xde ? this.#count(2) : tag === 0xdf ? this.#count(4) : -1;
    if (entries < 0) return (tag >= 0 && tag < 0xde && this.#bad()) || FAILED;
    this.#entries = entries;
    return OPENED;
  }

  nextKey(): typeof OPENED | typeof ABSENT | typeof FAILED {
    if (this.#entries === 0) return ABSENT;
    this.#entries--;
    return this.skipText() ? OPENED : FAILED;
  }

  /** Without recursion: what is inside a map or list is counted, so that depth costs nothing. */
  skipValue(): boolean {
    for (let left = 1; left > 0; left--) {
      const tag = this.#tag();
      if (tag < 0) return this.#end === this.#limit && this.#bad();
      if ((tag & 0xf0) === 0x80) left += 2 * this.#count(0, tag & 15);
      else if ((tag & 0xf0) === 0x90) left += this.#count(0, tag & 15);
      else if (tag >= 0xdc && tag <= 0xdf) left += this.#count(tag & 1 ? 4 : 2) * (tag >= 0xde ? 2 : 1);
      else if (!this.#scalar(tag)) return false;
      if (this.malformed || left > this.#limit - this.at + 1) return this.#bad();
      if (this.at > this.#end) return false;
    }
    return true;
  }

  readValue(core: CodecCore): LookupResult {
    const { at } = this;
    const tag = this.#tag();
    if (isString(tag)) {
      if (!this.#string()) return this.#failure();
      return this.plain ? core.intern(this.#chunk, this.from, this.to) : this.text();
    }
    if (!this.skipValue()) return this.#failure();
    if (tag === 0xc2 || tag === 0xc3) return String(tag === 0xc3);
    const number = this.#number(at, tag);
    return number === undefined ? undefined : String(number);
  }

  readMillis(): number {
    const { at } = this;
    const tag = this.#tag();
    if (isString(tag)) return this.#string() ? digits(this.#chunk, this.from, this.to) : FAILED;
    return this.skipValue() ? toMillis(Number(this.#number(at, tag) ?? 0)) : FAILED;
  }

  readElement(index: number, core: CodecCore): LookupResult {
    const tag = this.#tag();
    if (tag === NULL) return undefined;
    const count = (tag & 0xf0) === 0x90 ? this.#count(0, tag & 15) : tag === 0xdc ? this.#count(2) : tag === 0xdd ? this.#count(4) : -1;
    if (count < 0) return tag < 0 ? this.#failure() : UNREADABLE;
    if (index >= count) return undefined;
    for (let left = index; left > 0; left--) if (!this.skipValue()) return this.#failure();
    return this.readValue(core);
  }

  readType(): number {
    const { at } = this;
    const tag = this.#tag();
    const number = this.skipValue() ? this.#number(at, tag) : undefined;
    return typeof number === 'number' ? number : FAILED;
  }

  #tag(): number {
    return this.at < this.#end ? this.#chunk[this.at]! : -1;
  }

  /** Moves behind a string. */
  #string(): boolean {
    if (!this.#scalar(this.#tag())) return false;
    this.to = this.at;
    this.from = this.to - this.#size;
    this.plain = true;
    for (let at = this.from; at < this.to; at++) if (this.#chunk[at]! >= 0x80) this.plain = false;
    return true;
  }

  /** Moves behind a value that holds no others. */
  #scalar(tag: number): boolean {
    const fixed = FIXED[tag]!;
    const length = headBytes(tag);
    if (fixed === 0 && length < 0) return this.#bad();
    if (this.at + 1 + Math.max(0, length) > this.#end) return this.#end === this.#limit && this.#bad();
    this.#size = length < 0 ? 0 : length === 0 ? tag & 31 : this.#chunk.readUIntBE(this.at + 1, length);
    const extension = tag >= 0xc7 && tag <= 0xc9 ? 1 : 0;
    this.at += length < 0 ? fixed : 1 + length + extension + this.#size;
    if (this.at > this.#limit) return this.#bad();
    return this.at <= this.#end;
  }

  /** How many entries a map or list has; moves behind its head. 0 and `at` behind the end when that is not whole. */
  #count(bytes: 0 | 2 | 4, inTag = 0): number {
    const at = this.at + 1;
    this.at = at + bytes;
    if (this.at > this.#end) return 0;
    return bytes === 0 ? inTag : this.#chunk.readUIntBE(at, bytes);
  }

  #number(at: number, tag: number): number | bigint | undefined {
    const b = this.#chunk;
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    if (tag === 0xca) return b.readFloatBE(at + 1);
    if (tag === 0xcb) return b.readDoubleBE(at + 1);
    if (tag === 0xcf) return b.readBigUInt64BE(at + 1);
    if (tag === 0xd3) return b.readBigInt64BE(at + 1);
    if (tag >= 0xcc && tag <= 0xce) return b.readUIntBE(at + 1, 1 << (tag - 0xcc));
    if (tag >= 0xd0 && tag <= 0xd2) return b.readIntBE(at + 1, 1 << (tag - 0xd0));
    return undefined;
  }

  #bad(): false {
    this.malformed = true;
    return false;
  }

  #failure(): typeof NOT_REACHED | typeof UNREADABLE {
    return this.malformed || this.#end === this.#limit ? UNREADABLE : NOT_REACHED;
  }
}

function isString(tag: number): boolean {
  return (tag >= 0xa0 && tag <= 0xbf) || (tag >= 0xd9 && tag <= 0xdb);
}

/** Bytes of the length that follows the tag of a string, binary or extension; 0 when the tag holds it; -1 for other values. */
function headBytes(tag: number): number {
  if (tag >= 0xa0 && tag <= 0xbf) return 0;
  if (tag >= 0xc4 && tag <= 0xc6) return 1 << (tag - 0xc4);
  if (tag >= 0xc7 && tag <= 0xc9) return 1 << (tag - 0xc7);
  return tag >= 0xd9 && tag <= 0xdb ? 1 << (tag - 0xd9) : -1;
}

/** Bytes of values of fixed size, tag included: small ints, null, booleans, numbers, small extensions. */
const FIXED: Uint8Array = new Uint8Array(256);
FIXED.fill(1, 0, 0x80).fill(1, 0xe0);
for (const tag of [NULL, 0xc2, 0xc3]) FIXED[tag] = 1;
FIXED.set([5, 9, 2, 3, 5, 9, 2, 3, 5, 9, 3, 4, 6, 10, 18], 0xca);

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  const size = bytes.length;
  const head =
    size < 32
      ? [0xa0 | size]
      : size < 0x10000
        ? [0xda, size >> 8, size & 255]
        : [0xdb, size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255];
  return Buffer.concat([Buffer.from(head), bytes]);
}

const writer: BodyWriter = { nothing: Buffer.from([NULL]), text: string };

/** msgpack: id 27. */
export function msgpack(): Serialization {
  return { name: 'msgpack', reader: new MsgpackReader(), writer };
}
