import { type CodecCore, type LookupResult, NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import { encodeString, HessianWalker } from '@polywire/hessian';
import { writeInt32 } from '../frame.ts';
import { digits, toMillis, writeDigits, writeSpread } from './millis.ts';
import { ABSENT, type AttachmentWriter, type BodyReader, type BodyWriter, FAILED, OPENED, type Serialization } from './serialization.ts';

const NULL = 0x4e;

/** One Hessian 2.0 value per item; class tables and references span the whole body, arguments and attachments together. */
class Hessian2Reader extends HessianWalker implements BodyReader {
  to = 0;
  /** A string was passed, not null. */
  #present = false;

  get tied(): boolean {
    return this.definitions > 0;
  }

  skipText(): boolean {
    this.#present = this.tag() !== NULL;
    const passed = this.#present ? this.skipString() : this.#null();
    this.to = this.at;
    return passed;
  }

  skipItem(): boolean {
    return this.skip();
  }

  readItem(core: CodecCore): LookupResult {
    const tag = this.tag();
    if (tag >= 0 && (tag < 0x20 || (tag >= 0x30 && tag < 0x34) || tag === 0x53 || tag === 0x52)) {
      if (!this.skipString()) return this.#failure();
      return this.plain ? core.intern(this.chunk, this.from, this.at) : super.text();
    }
    const at = this.at;
    const number = this.number();
    if (number !== undefined) return String(number);
    if (!this.skip()) return this.#failure();
    return this.at !== at + 1 ? undefined : tag === 0x54 ? 'true' : tag === 0x46 ? 'false' : undefined;
  }

  override text(): string {
    return this.#present ? super.text() : '';
  }

  openAttachments(): typeof OPENED | typeof ABSENT | typeof FAILED {
    if (this.tag() !== NULL) return this.openMap() ? OPENED : FAILED;
    this.at++;
    return ABSENT;
  }

  nextKey(): typeof OPENED | typeof ABSENT | typeof FAILED {
    if (this.closes()) return ABSENT;
    const tag = this.tag();
    this.#present = tag < 0x20 || (tag >= 0x30 && tag < 0x34) || tag === 0x53 || tag === 0x52;
    if (this.#present) {
      const passed = this.skipString();
      this.to = this.at;
      return passed ? OPENED : FAILED;
    }
    this.plain = false;
    return this.skip() ? OPENED : FAILED;
  }

  skipValue(): boolean {
    return this.skip();
  }

  readValue(core: CodecCore): LookupResult {
    return this.readItem(core);
  }

  readElement(index: number, core: CodecCore): LookupResult {
    if (this.tag() === NULL) return undefined;
    const count = this.openList();
    if (count < -1) return this.#failure();
    if (count >= 0 && index >= count) return undefined;
    for (let left = index; left > 0; left--) {
      if (this.closes()) return undefined;
      if (!this.skip()) return this.#failure();
    }
    return count < 0 && this.closes() ? undefined : this.readItem(core);
  }

  readMillis(): number {
    const number = this.number();
    if (number !== undefined) return toMillis(Number(number));
    const tag = this.tag();
    if (!this.skip()) return FAILED;
    if (tag >= 0x20 && (tag < 0x30 || tag >= 0x34)) return 0;
    return this.plain ? digits(this.chunk, this.from, this.at) : 0;
  }

  readType(): number {
    const type = this.number();
    return typeof type === 'number' ? type : -1;
  }

  #null(): boolean {
    this.from = ++this.at;
    this.plain = true;
    return true;
  }

  #failure(): typeof NOT_REACHED | typeof UNREADABLE {
    return this.malformed || this.end === this.limit ? UNREADABLE : NOT_REACHED;
  }
}

/** Hessian 2.0 is what every Dubbo reads: answers that cannot be in the caller's serialization are in this. */
export const hessian2Writer: BodyWriter = { nothing: Buffer.from([NULL]), text: encodeString };

const attachments: AttachmentWriter = {
  string: encodeString,
  map: (pairs) => Buffer.concat([Buffer.from([0x48]), ...pairs, Buffer.from([0x5a])]),
  replaceable(chunk, at) {
    const tag = chunk[at] ?? 0;
    // strings, null, booleans and numbers; everything else may hold a reference or be the target of one
    return tag < 0x20 || (tag >= 0x30 && tag < 0x34) || tag >= 0x80 || SCALARS.has(tag);
  },
  writeMillis(chunk, at, ms) {
    const tag = chunk[at] ?? 0;
    if (tag < 0x20) return writeDigits(chunk, at + 1, at + 1 + tag, ms);
    if (tag >= 0xf0 || (tag >= 0xc0 && tag < 0xd0)) return writeSpread(chunk, at, ms, tag >= 0xf0 ? 0xf8 : 0xc8, 1, 7);
    if (tag >= 0xd0 && tag < 0xd8) return writeSpread(chunk, at, ms, 0xd4, 2, 3);
    if (tag >= 0x38 && tag < 0x40) return writeSpread(chunk, at, ms, 0x3c, 2, 3);
    if (tag >= 0xd8) return writeSpread(chunk, at, ms, 0xe0, 0, 15);
    if (tag >= 0x80) return writeSpread(chunk, at, ms, 0x90, 0, 47);
    if (tag !== 0x49 && tag !== 0x59 && tag !== 0x4c) return false;
    if (tag === 0x4c) writeInt32(chunk, at + 1, 0);
    writeInt32(chunk, tag === 0x4c ? at + 5 : at + 1, ms);
    return true;
  },
  lengthBytes: 0,
};

const SCALARS: ReadonlySet<number> = new Set([
  0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x44, 0x46, 0x49, 0x4c, 0x4e, 0x52, 0x53, 0x54, 0x59, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f,
]);

/** Hessian 2.0: ids 2 (hessian-lite) and 10 (Caucho's own). */
export function hessian2(): Serialization {
  return { name: 'hessian2', reader: new Hessian2Reader(), writer: hessian2Writer, attachments };
}
