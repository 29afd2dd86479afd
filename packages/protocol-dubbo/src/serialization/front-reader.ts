import { type CodecCore, type LookupResult, NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import { type BodyReader, FAILED } from './serialization.ts';

const STRING: Buffer = Buffer.from('Ljava/lang/String');
const SEMICOLON = 0x3b;

/**
 * Reads the front of a body, arguments that are strings and the type that an answer begins with. What follows them is written by the
 * fields of classes that only the peers have: it cannot be passed, so attachments are never reached.
 */
export abstract class FrontReader implements BodyReader {
  at = 0;
  from = 0;
  to = 0;
  plain = false;
  malformed = false;
  readonly tied = false;
  readonly frontOnly = true;
  protected chunk: Buffer = Buffer.alloc(0);
  protected end = 0;
  protected limit = 0;

  begin(chunk: Buffer, at: number, end: number, limit: number, _body: number): void {
    this.chunk = chunk;
    this.at = at;
    this.end = end;
    this.limit = limit;
    this.from = this.to = 0;
    this.malformed = false;
  }

  abstract skipText(): boolean;

  abstract text(): string;

  /** Moves behind an argument that is a string; others are malformed, as far as this reader can tell. */
  protected abstract skipString(): boolean;

  skipItem(): boolean {
    return this.skipString();
  }

  readItem(core: CodecCore): LookupResult {
    if (!this.skipString()) return this.malformed || this.end === this.limit ? UNREADABLE : NOT_REACHED;
    return this.plain ? core.intern(this.chunk, this.from, this.to) : this.text();
  }

  readType(): number {
    return this.readByte();
  }

  readElement(): LookupResult {
    return UNREADABLE;
  }

  openAttachments(): typeof FAILED {
    this.malformed = true;
    return FAILED;
  }

  nextKey(): typeof FAILED {
    return this.openAttachments();
  }

  skipValue(): boolean {
    return this.bad();
  }

  readValue(): LookupResult {
    return UNREADABLE;
  }

  readMillis(): number {
    return this.openAttachments();
  }

  /** Moves behind a byte and answers it; FAILED where there is none. */
  protected readByte(): number {
    return this.has(1) ? this.chunk[this.at++]! : FAILED;
  }

  /** Whether `bytes` more are at hand; malformed when the body ends before them. */
  protected has(bytes: number): boolean {
    if (bytes > this.limit - this.at) return this.bad();
    return bytes <= this.end - this.at;
  }

  /** Whether the text that was passed last is a descriptor whose first type is a string, and its value comes next. */
  protected get stringFollows(): boolean {
    const { from, to, chunk } = this;
    const end = from + STRING.length;
    if (to !== this.at || end >= to || STRING.compare(chunk, from, end) !== 0) return false;
    // The last byte of a text may carry a mark.
    return (chunk[end]! & 0x7f) === SEMICOLON;
  }

  protected bad(): false {
    this.malformed = true;
    return false;
  }
}
