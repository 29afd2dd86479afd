import { type CodecCore, type LookupResult, NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import { digits } from './millis.ts';
import { ABSENT, type BodyReader, type BodyWriter, FAILED, OPENED, type Serialization } from './serialization.ts';

/** Tags of fields 1 and 2 that hold bytes, and of field 1 that holds a varint. */
const FIRST_BYTES = 0x0a;
const SECOND_BYTES = 0x12;
const FIRST_VARINT = 0x08;

/**
 * Messages behind their length as varint (GenericProtobufObjectOutput): strings are StringValue, the type of an answer is Int32Value, the
 * attachments are one `map<string, string>` and left out when there are none.
 */
class ProtobufReader implements BodyReader {
  at = 0;
  from = 0;
  to = 0;
  plain = false;
  malformed = false;
  readonly tied = false;
  #chunk: Buffer = Buffer.alloc(0);
  #end = 0;
  #limit = 0;
  #itemEnd = 0;
  #valueFrom = 0;
  #valueTo = 0;

  begin(chunk: Buffer, at: number, end: number, limit: number): void {
    this.#chunk = chunk;
    this.at = at;
    this.#end = end;
    this.#limit = limit;
    this.malformed = false;
  }

  skipText(): boolean {
    if (!this.#openItem()) return false;
    this.#setText(this.at, this.at);
    if (this.at < this.#itemEnd) {
      if (this.#chunk[this.at] !== FIRST_BYTES || !this.#field(this.#itemEnd)) return this.#bad();
      this.#setText(this.#valueFrom, this.#valueTo);
    }
    this.at = this.#itemEnd;
    return true;
  }

  skipItem(): boolean {
    if (!this.#openItem()) return false;
    this.at = this.#itemEnd;
    return true;
  }

  readItem(core: CodecCore): LookupResult {
    if (!this.#openItem()) return this.malformed ? UNREADABLE : NOT_REACHED;
    const tag = this.#chunk[this.at];
    let value: string | undefined;
    // Any message may begin like a StringValue: only text that fills its message is taken for one.
    if (this.at < this.#itemEnd && tag === FIRST_BYTES && this.#field(this.#itemEnd) && this.at === this.#itemEnd) {
      this.#setText(this.#valueFrom, this.#valueTo);
      value = this.plain ? core.intern(this.#chunk, this.from, this.to) : this.text();
    }
    this.at = this.#itemEnd;
    return value;
  }

  text(): string {
    return this.#chunk.toString('utf8', this.from, this.to);
  }

  openAttachments(): typeof OPENED | typeof ABSENT | typeof FAILED {
    if (this.at >= this.#end && this.#end === this.#limit) return ABSENT;
    return this.#openItem() ? OPENED : FAILED;
  }

  nextKey(): typeof OPENED | typeof ABSENT | typeof FAILED {
    if (this.at >= this.#itemEnd) return ABSENT;
    if (this.#chunk[this.at] !== FIRST_BYTES || !this.#field(this.#itemEnd)) return this.#bad() || FAILED;
    const entryEnd = this.#valueTo;
    let [keyFrom, keyTo, from, to] = [entryEnd, entryEnd, entryEnd, entryEnd];
    this.at = this.#valueFrom;
    while (this.at < entryEnd) {
      const tag = this.#chunk[this.at];
      if ((tag !== FIRST_BYTES && tag !== SECOND_BYTES) || !this.#field(entryEnd)) return this.#bad() || FAILED;
      if (tag === FIRST_BYTES) [keyFrom, keyTo] = [this.#valueFrom, this.#valueTo];
      else [from, to] = [this.#valueFrom, this.#valueTo];
    }
    this.#setText(keyFrom, keyTo);
    [this.#valueFrom, this.#valueTo] = [from, to];
    return OPENED;
  }

  skipValue(): boolean {
    return true;
  }

  readValue(core: CodecCore): LookupResult {
    return core.intern(this.#chunk, this.#valueFrom, this.#valueTo);
  }

  readMillis(): number {
    return digits(this.#chunk, this.#valueFrom, this.#valueTo);
  }

  /** A list of anything is no message that this serialization carries. */
  readElement(): LookupResult {
    return UNREADABLE;
  }

  readType(): number {
    if (!this.#openItem()) return FAILED;
    const type = this.at === this.#itemEnd ? 0 : this.#chunk[this.at] === FIRST_VARINT ? this.#chunk[this.at + 1]! : FAILED;
    this.at = this.#itemEnd;
    return type;
  }

  #setText(from: number, to: number): void {
    this.from = from;
    this.to = to;
    this.plain = true;
    for (let at = from; at < to; at++) if (this.#chunk[at]! >= 0x80) this.plain = false;
  }

  #openItem(): boolean {
    const size = this.#varint(this.#end);
    if (size === undefined) return this.#end === this.#limit && this.#bad();
    if (size > this.#limit - this.at) return this.#bad();
    if (size > this.#end - this.at) return false;
    this.#itemEnd = this.at + size;
    return true;
  }

  /** Reads a field that holds bytes and moves behind it. */
  #field(end: number): boolean {
    this.at++;
    const size = this.#varint(end);
    if (size === undefined || size > end - this.at) return false;
    this.#valueFrom = this.at;
    this.at += size;
    this.#valueTo = this.at;
    return true;
  }

  #varint(end: number): number | undefined {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.at >= end) return undefined;
      const byte = this.#chunk[this.at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    this.malformed = true;
    return undefined;
  }

  #bad(): false {
    this.malformed = true;
    return false;
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left & 0x7f) | 0x80);
  return Buffer.from([...bytes, left]);
}

function stringValue(text: string): Buffer {
  const bytes = Buffer.from(text);
  const message = bytes.length === 0 ? bytes : Buffer.concat([Buffer.from([FIRST_BYTES]), varint(bytes.length), bytes]);
  return Buffer.concat([varint(message.length), message]);
}

/** There is no null: a heartbeat is the string "H" (MOCK_HEARTBEAT_EVENT). */
const writer: BodyWriter = { nothing: stringValue('H'), text: stringValue };

/** protobuf: id 22. */
export function protobuf(): Serialization {
  return { name: 'protobuf', reader: new ProtobufReader(), writer };
}
