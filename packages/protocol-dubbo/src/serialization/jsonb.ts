/** Nesting that is followed inside one value. Dubbo's own limit for fastjson2 is 2048; attachments are flat. */
const MAX_DEPTH = 128;

/** Encodings of JSONB strings, by tag from 0x79 on. "ascii" in its documentation holds ISO-8859-1. */
const CHARSETS = ['latin1', 'utf-8', 'utf-16be', 'utf-16le', 'utf-16be', 'gb18030'] as const;
type Charset = (typeof CHARSETS)[number];

const NULL = 0xaf;
const TYPED = 0x92;
const REFERENCE = 0x93;
const OBJECT_END = 0xa5;
const OBJECT = 0xa6;

/** Walks JSONB values, the binary form of fastjson2 (JSONB.Constants), in place. Every move answers false where it cannot be made. */
export class JsonbWalker {
  at = 0;
  /** Text of the last string: [from, to). */
  from = 0;
  to = 0;
  /** The bytes [from, to) are ASCII. */
  plain = false;
  protected chunk: Buffer = Buffer.alloc(0);
  /** Where the item ends; it is whole. */
  protected itemEnd = 0;
  #charset: Charset = 'latin1';
  #depth = 0;

  tag(): number {
    return this.at < this.itemEnd ? this.chunk[this.at]! : -1;
  }

  /** Moves behind a string. */
  string(): boolean {
    const tag = this.tag();
    if (tag < 0x49 || tag > 0x7e) return false;
    this.at++;
    const size = tag < 0x79 ? tag - 0x49 : this.int();
    if (size === undefined || size < 0 || size > this.itemEnd - this.at) return false;
    this.#charset = tag < 0x79 ? 'latin1' : CHARSETS[tag - 0x79]!;
    this.from = this.at;
    this.at += size;
    this.to = this.at;
    this.plain = tag < 0x7b && isAscii(this.chunk, this.from, this.to);
    return true;
  }

  /** Text of the last string. */
  decode(): string {
    const { chunk, from, to } = this;
    if (this.#charset === 'latin1') return chunk.toString('latin1', from, to);
    return new TextDecoder(this.#charset).decode(chunk.subarray(from, to));
  }

  /** Moves behind a number of any integer type; undefined for others: then nothing moved. */
  number(): number | bigint | undefined {
    const { at, chunk: b } = this;
    const tag = this.tag();
    const size = tag < 0 ? 0 : NUMBER_SIZES[tag]!;
    if (size === 0 || at + size > this.itemEnd) return undefined;
    this.at = at + size;
    if (tag < 0x30) return tag;
    if (tag >= 0xf0) return tag - 0x100;
    if (tag < 0x40) return ((tag - 0x38) << 8) + b[at + 1]!;
    if (tag < 0x48) return ((tag - 0x44) << 16) + b.readUInt16BE(at + 1);
    if (tag >= 0xd8) return tag - 0xe0;
    if (tag >= 0xc8) return ((tag - 0xd0) << 8) + b[at + 1]!;
    if (tag >= 0xc0) return ((tag - 0xc4) << 16) + b.readUInt16BE(at + 1);
    if (tag === 0xbc) return b.readInt16BE(at + 1);
    if (tag === 0xbd) return b.readInt8(at + 1);
    return tag === 0xbe ? b.readBigInt64BE(at + 1) : b.readInt32BE(at + 1);
  }

  /** A number that fits a length. */
  protected int(): number | undefined {
    const number = this.number();
    return typeof number === 'number' ? number : undefined;
  }

  /** Moves behind any value. */
  skip(): boolean {
    if (this.#depth >= MAX_DEPTH) return false;
    this.#depth++;
    const moved = this.#value();
    this.#depth--;
    return moved;
  }

  /** Moves behind the type of a typed value, if one is next. */
  skipType(): boolean {
    if (this.tag() !== TYPED) return true;
    this.at++;
    return this.#symbol();
  }

  /** Moves into an object, typed or not. */
  openObject(): boolean {
    if (!this.skipType() || this.tag() !== OBJECT) return false;
    this.at++;
    return true;
  }

  /** Whether an object's end is next; if so moves behind it. */
  closes(): boolean {
    if (this.tag() !== OBJECT_END) return false;
    this.at++;
    return true;
  }

  /** Moves into an array, typed or not, and answers how many elements it has; -1 when there is none. */
  openArray(): number {
    const tag = this.skipType() ? this.tag() : -1;
    if (tag < 0x94 || tag > 0xa4) return -1;
    this.at++;
    if (tag < 0xa4) return tag - 0x94;
    const count = this.int() ?? -1;
    return count <= this.itemEnd - this.at ? count : -1;
  }

  #value(): boolean {
    const tag = this.tag();
    if (tag < 0) return false;
    if (tag >= 0x49 && tag <= 0x7e) return this.string();
    if (NUMBER_SIZES[tag]! > 0) return this.number() !== undefined;
    if (tag === TYPED) return this.skipType() && this.skip();
    if (tag === OBJECT) return this.#object();
    if (tag >= 0x94 && tag <= 0xa4) return this.#array();
    this.at++;
    if (FIXED[tag]! > 0) return this.#advance(FIXED[tag]! - 1);
    if (tag === REFERENCE) return this.string();
    if (tag === 0x7f) return this.#symbol();
    if (tag === 0x91 || tag === 0xbb) return this.#advance(this.int() ?? -1);
    if (tag === 0x90 || tag === 0xb4 || tag === 0xb6 || tag === 0xb8 || tag === 0xba) return this.number() !== undefined;
    if (tag === 0xb9) return this.int() !== undefined && this.skip();
    const fields = DATE_FIELDS[tag - 0xa7];
    if (fields === undefined || !this.#advance(fields) || this.int() === undefined) return false;
    return tag !== 0xaa || this.string();
  }

  #object(): boolean {
    if (!this.openObject()) return false;
    while (!this.closes()) if (!this.skip() || !this.skip()) return false;
    return true;
  }

  #array(): boolean {
    const count = this.openArray();
    for (let left = count; left > 0; left--) if (!this.skip()) return false;
    return count >= 0;
  }

  /** A name and the number it gets in the symbol table, or that number alone. */
  #symbol(): boolean {
    this.string();
    return this.int() !== undefined;
  }

  #advance(bytes: number): boolean {
    if (bytes < 0 || bytes > this.itemEnd - this.at) return false;
    this.at += bytes;
    return true;
  }
}

/** Bytes of the integer types, tag included, by tag. */
const NUMBER_SIZES: Uint8Array = new Uint8Array(256);
for (let tag = 0; tag < 0x49; tag++) NUMBER_SIZES[tag] = tag < 0x30 ? 1 : tag < 0x40 ? 2 : tag < 0x48 ? 3 : 5;
for (let tag = 0xbc; tag < 0x100; tag++) NUMBER_SIZES[tag] = tag < 0xc0 ? 0 : tag < 0xc8 ? 3 : tag < 0xd8 ? 2 : 1;
NUMBER_SIZES[0xbc] = 3;
NUMBER_SIZES[0xbd] = 2;
NUMBER_SIZES[0xbe] = 9;
NUMBER_SIZES[0xbf] = 5;

/** Bytes of other values of fixed size, tag included: null, booleans, the doubles 0 and 1, double, float, dates and times. */
const FIXED: Uint8Array = new Uint8Array(256);
for (const tag of [NULL, 0xb0, 0xb1, 0xb2, 0xb3]) FIXED[tag] = 1;
for (const tag of [0xa9, 0xac, 0xad, 0xb7]) FIXED[tag] = 5;
for (const tag of [0xab, 0xb5]) FIXED[tag] = 9;

/** Bytes before the nanoseconds of a local time, local date and time, and of a time with its zone and a timestamp. From 0xa7 on. */
const DATE_FIELDS: readonly (number | undefined)[] = [3, 7, undefined, 7, undefined, undefined, undefined, 8];

function isAscii(b: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (b[at]! >= 0x80) return false;
  return true;
}

/** A string as fastjson2 writes it: the short form, else `79` for ASCII and `7a` for UTF-8. */
export function jsonbString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const ascii = bytes.length === text.length;
  if (ascii && bytes.length <= 47) return Buffer.concat([Buffer.from([0x49 + bytes.length]), bytes]);
  return Buffer.concat([Buffer.from([ascii ? 0x79 : 0x7a]), jsonbInt(bytes.length), bytes]);
}

function jsonbInt(value: number): Buffer {
  if (value < 0x30) return Buffer.from([value]);
  if (value < 0x800) return Buffer.from([0x38 + (value >> 8), value & 255]);
  if (value < 0x40000) return Buffer.from([0x44 + (value >> 16), (value >> 8) & 255, value & 255]);
  return Buffer.from([0x48, value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);
}
