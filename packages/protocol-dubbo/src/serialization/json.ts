import { type CodecCore, type LookupResult, NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import { readInt32, writeInt32 } from '../frame.ts';
import { JsonWalker } from './json-walker.ts';
import { toMillis } from './millis.ts';
import { ABSENT, type BodyReader, type BodyWriter, FAILED, OPENED, type Serialization } from './serialization.ts';

const LINE_FEED = 0x0a;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Items of JSON text: a line each, or each behind its length as int32. */
class JsonReader extends JsonWalker implements BodyReader {
  malformed = false;
  readonly tied = false;
  readonly #lines: boolean;
  #end = 0;
  #limit = 0;
  #next = 0;

  constructor(lines: boolean) {
    super();
    this.#lines = lines;
  }

  begin(chunk: Buffer, at: number, end: number, limit: number): void {
    this.chunk = chunk;
    this.at = at;
    this.#end = end;
    this.#limit = limit;
    this.malformed = false;
  }

  skipText(): boolean {
    if (!this.#openItem()) return false;
    if (!this.string()) {
      if (this.word() !== 'null') return this.#bad();
      this.from = this.to = this.at;
      this.plain = true;
    }
    this.at = this.#next;
    return true;
  }

  skipItem(): boolean {
    if (!this.#openItem()) return false;
    this.at = this.#next;
    return true;
  }

  readItem(core: CodecCore): LookupResult {
    if (!this.#openItem()) return this.#failure();
    const value = this.readValue(core);
    this.at = this.#next;
    return value;
  }

  text(): string {
    return this.plain ? this.chunk.toString('latin1', this.from, this.to) : this.decode();
  }

  openAttachments(): typeof OPENED | typeof ABSENT | typeof FAILED {
    if (!this.#openItem()) return FAILED;
    if (this.take(0x7b)) return OPENED;
    if (this.word() !== 'null' && !this.#bad()) return FAILED;
    this.at = this.#next;
    return ABSENT;
  }

  nextKey(): typeof OPENED | typeof ABSENT | typeof FAILED {
    this.take(COMMA);
    if (this.take(0x7d)) {
      this.at = this.#next;
      return ABSENT;
    }
    return (this.string() && this.take(COLON)) || this.#bad() ? OPENED : FAILED;
  }

  skipValue(): boolean {
    return this.skip() || this.#bad();
  }

  readValue(core: CodecCore): LookupResult {
    const byte = this.peek();
    if (byte === 0x22 && this.string()) return this.plain ? core.intern(this.chunk, this.from, this.to) : this.decode();
    if (byte === 0x22 || byte === 0x7b || byte === 0x5b || byte < 0) {
      if (this.skip()) return undefined;
      this.malformed = true;
      return UNREADABLE;
    }
    const word = this.word();
    return word === 'null' || word === '' ? undefined : word;
  }

  readMillis(): number {
    if (this.string()) return this.plain ? toMillis(Number(this.text())) : 0;
    const byte = this.peek();
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return toMillis(Number(this.word()));
    return this.skip() || this.#bad() ? 0 : FAILED;
  }

  readElement(index: number, core: CodecCore): LookupResult {
    if (!this.#openItem()) return this.#failure();
    if (!this.take(0x5b)) return this.word() === 'null' ? undefined : UNREADABLE;
    for (let left = index; left > 0; left--) {
      if (this.peek() === 0x5d) return undefined;
      if (!this.skip()) return UNREADABLE;
      this.take(COMMA);
    }
    return this.peek() === 0x5d ? undefined : this.readValue(core);
  }

  readType(): number {
    if (!this.#openItem()) return FAILED;
    const word = this.peek() < 0 ? '' : this.word();
    this.at = this.#next;
    return /^\d$/.test(word) ? Number(word) : FAILED;
  }

  #openItem(): boolean {
    return this.#lines ? this.#openLine() : this.#openLength();
  }

  #openLine(): boolean {
    if (this.at >= this.#end) return this.#end === this.#limit && this.#bad();
    const stop = this.chunk.indexOf(LINE_FEED, this.at);
    if (stop < 0 || stop >= this.#end) {
      if (this.#end < this.#limit) return false;
      this.itemEnd = this.#next = this.#end;
    } else {
      this.itemEnd = stop;
      this.#next = stop + 1;
    }
    return true;
  }

  #openLength(): boolean {
    if (this.at + 4 > this.#end) return this.at + 4 > this.#limit && this.#bad();
    const size = readInt32(this.chunk, this.at);
    if (size < 0 || size > this.#limit - this.at - 4) return this.#bad();
    if (size > this.#end - this.at - 4) return false;
    this.at += 4;
    this.itemEnd = this.#next = this.at + size;
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

/** ASCII only, since Java writes lines in the platform's charset. */
function json(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const lines: BodyWriter = { nothing: Buffer.from('null\n'), text: (text) => Buffer.from(`${json(text)}\n`) };

const lengths: BodyWriter = { nothing: behindLength('null'), text: (text) => behindLength(json(text)) };

function behindLength(text: string): Buffer {
  const out = Buffer.concat([Buffer.alloc(4), Buffer.from(text)]);
  writeInt32(out, 0, out.length - 4);
  return out;
}

/** One JSON text per line: gson (16), protobuf-json (21), fastjson (6) until Dubbo 2.7. */
export function jsonLines(name: string): Serialization {
  return { name, reader: new JsonReader(true), writer: lines };
}

/** Each JSON text behind its length: fastjson (6) as an extension of Dubbo 3. */
export function jsonLengths(name: string): Serialization {
  return { name, reader: new JsonReader(false), writer: lengths };
}
