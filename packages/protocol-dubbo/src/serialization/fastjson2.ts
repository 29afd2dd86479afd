import { type CodecCore, type LookupResult, NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import { readInt32, writeInt32 } from '../frame.ts';
import { JsonbWalker, jsonbString } from './jsonb.ts';
import { digits, toMillis, writeDigits, writeSpread } from './millis.ts';
import { ABSENT, type AttachmentWriter, type BodyReader, type BodyWriter, FAILED, OPENED, type Serialization } from './serialization.ts';

const NULL = 0xaf;

/** Items of JSONB, each behind its length as int32 (FastJson2ObjectOutput): passing one is an addition. Symbol tables end with an item. */
class Fastjson2Reader extends JsonbWalker implements BodyReader {
  malformed = false;
  readonly tied = false;
  #end = 0;
  #limit = 0;

  begin(chunk: Buffer, at: number, end: number, limit: number): void {
    this.chunk = chunk;
    this.at = at;
    this.#end = end;
    this.#limit = limit;
    this.malformed = false;
  }

  skipText(): boolean {
    if (!this.#openItem()) return false;
    if (this.tag() === NULL) {
      this.from = this.to = this.itemEnd;
      this.plain = true;
    } else if (!this.string()) {
      return this.#bad();
    }
    this.at = this.itemEnd;
    return true;
  }

  skipItem(): boolean {
    if (!this.#openItem()) return false;
    this.at = this.itemEnd;
    return true;
  }

  readItem(core: CodecCore): LookupResult {
    if (!this.#openItem()) return this.#failure();
    const value = this.readValue(core);
    this.at = this.itemEnd;
    return value;
  }

  text(): string {
    return this.plain ? this.chunk.toString('latin1', this.from, this.to) : this.decode();
  }

  openAttachments(): typeof OPENED | typeof ABSENT | typeof FAILED {
    if (!this.#openItem()) return FAILED;
    if (this.tag() === NULL) {
      this.at = this.itemEnd;
      return ABSENT;
    }
    return this.openObject() || this.#bad() ? OPENED : FAILED;
  }

  nextKey(): typeof OPENED | typeof ABSENT | typeof FAILED {
    if (this.closes()) {
      this.at = this.itemEnd;
      return ABSENT;
    }
    return this.string() || this.#bad() ? OPENED : FAILED;
  }

  skipValue(): boolean {
    return this.skip() || this.#bad();
  }

  readValue(core: CodecCore): LookupResult {
    if (this.string()) return this.plain ? core.intern(this.chunk, this.from, this.to) : this.decode();
    const number = this.number();
    if (number !== undefined) return String(number);
    const tag = this.tag();
    const start = this.at;
    if (WHOLE.has(tag)) {
      // a double, float, BigDecimal or BigInteger whose value is the integer that follows
      this.at++;
      const whole = this.number();
      if (whole !== undefined) return String(whole);
      this.at = start;
    }
    if (!this.skip()) {
      this.malformed = true;
      return UNREADABLE;
    }
    if (tag === 0xb5) return String(this.chunk.readDoubleBE(start + 1));
    if (tag === 0xb7) return String(this.chunk.readFloatBE(start + 1));
    return CONSTANTS.get(tag);
  }

  readMillis(): number {
    if (this.string()) return this.plain ? digits(this.chunk, this.from, this.to) : 0;
    const number = this.number();
    if (number !== undefined) return toMillis(Number(number));
    return this.skip() || this.#bad() ? 0 : FAILED;
  }

  readElement(index: number, core: CodecCore): LookupResult {
    if (!this.#openItem()) return this.#failure();
    if (this.tag() === NULL) return undefined;
    const count = this.openArray();
    if (count < 0) return UNREADABLE;
    if (index >= count) return undefined;
    for (let left = index; left > 0; left--) if (!this.skip()) return UNREADABLE;
    return this.readValue(core);
  }

  readType(): number {
    if (!this.#openItem()) return FAILED;
    const type = this.int() ?? FAILED;
    this.at = this.itemEnd;
    return type;
  }

  #openItem(): boolean {
    if (this.at + 4 > this.#end) return this.at + 4 > this.#limit && this.#bad();
    const size = readInt32(this.chunk, this.at);
    if (size < 0 || size > this.#limit - this.at - 4) return this.#bad();
    if (size > this.#end - this.at - 4) return false;
    this.at += 4;
    this.itemEnd = this.at + size;
    return true;
  }

  #bad(): false {
    this.malformed = true;
    return false;
  }

  #failure(): typeof NOT_REACHED | typeof UNREADABLE {
    return this.malformed ? UNREADABLE : NOT_REACHED;
  }
}

const WHOLE: ReadonlySet<number> = new Set([0xb4, 0xb6, 0xb8, 0xba]);

const CONSTANTS: ReadonlyMap<number, string> = new Map([
  [0xb0, 'false'],
  [0xb1, 'true'],
  [0xb2, '0'],
  [0xb3, '1'],
]);

function item(...values: Buffer[]): Buffer {
  const out = Buffer.concat([Buffer.alloc(4), ...values]);
  writeInt32(out, 0, out.length - 4);
  return out;
}

const writer: BodyWriter = { nothing: item(Buffer.from([NULL])), text: (text) => item(jsonbString(text)) };

const attachments: AttachmentWriter = {
  string: jsonbString,
  map: (pairs) => item(Buffer.from([0xa6]), ...pairs, Buffer.from([0xa5])),
  replaceable(chunk, at) {
    const tag = chunk[at] ?? 0x7f;
    return tag < 0x7f || tag >= NULL;
  },
  writeMillis(chunk, at, ms) {
    const tag = chunk[at] ?? 0;
    if (tag >= 0x49 && tag < 0x79) return writeDigits(chunk, at + 1, at + 1 + tag - 0x49, ms);
    if (tag < 0x30 || (tag >= 0xf0 && tag <= 0xff)) return writeSpread(chunk, at, ms, 0, 0, 47);
    if (tag < 0x40) return writeSpread(chunk, at, ms, 0x38, 1, 7);
    if (tag < 0x48) return writeSpread(chunk, at, ms, 0x44, 2, 3);
    if (tag >= 0xd8) return writeSpread(chunk, at, ms, 0xe0, 0, 15);
    if (tag >= 0xc8) return writeSpread(chunk, at, ms, 0xd0, 1, 7);
    if (tag >= 0xc0) return writeSpread(chunk, at, ms, 0xc4, 2, 3);
    if (tag !== 0x48 && tag !== 0xbf && tag !== 0xbe) return false;
    if (tag === 0xbe) writeInt32(chunk, at + 1, 0);
    writeInt32(chunk, tag === 0xbe ? at + 5 : at + 1, ms);
    return true;
  },
  lengthBytes: 4,
};

/** fastjson2: id 23, what Dubbo 3.2 prefers. */
export function fastjson2(): Serialization {
  return { name: 'fastjson2', reader: new Fastjson2Reader(), writer, attachments };
}
