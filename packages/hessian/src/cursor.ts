import { decodeText } from './text.ts';

/**
 * Moves over bytes that hold values: what the final Hessian 2.0 grammar and its draft have in common. Every move answers false (or what
 * stands for it) when it cannot be made, and then `malformed` tells bytes that can never be a value from bytes that end too early. Nothing
 * throws, and nothing is allocated but by `text()`.
 */
export abstract class Cursor {
  /** Offset of the next value. Without meaning after a move that answered false. */
  at = 0;
  /** After a string was read: where its text begins. It ends at `at`. */
  from = 0;
  /** After a string was read: its bytes [from, at) are ASCII and in one piece, so that they are the text. Else ask `text()`. */
  plain = false;
  /** Whether the last failure is the bytes' own fault, rather than their end. */
  malformed = false;

  protected chunk: Buffer = Buffer.alloc(0);
  /** Where the bytes at hand end. */
  protected end = 0;
  /** Where the bytes of the whole body end. */
  protected limit = 0;
  /** Where the last string that is not plain began, its tag included. */
  protected start = 0;

  /**
   * Starts at `at` of `chunk`. `end` is where the bytes at hand end, `limit` where those of the whole body will: lengths and counts are
   * checked against `limit`. The cursor keeps `chunk` until the next call.
   */
  begin(chunk: Buffer, at: number, end: number, limit: number): void {
    this.chunk = chunk;
    this.at = at;
    this.end = end;
    this.limit = limit;
    this.malformed = false;
  }

  /** Tag of the next value; -1 when there is no byte of it. */
  tag(): number {
    return this.at < this.end ? this.chunk[this.at]! : -1;
  }

  /** The text of the string that was read last, surrogates joined. Builds a string: for text that is not `plain`, or rarely asked. */
  text(): string {
    return this.plain ? this.chunk.toString('latin1', this.from, this.at) : decodeText(this.chunk, this.start, this.at);
  }

  protected bad(): false {
    this.malformed = true;
    return false;
  }

  protected advance(bytes: number): boolean {
    this.at += bytes;
    if (this.at <= this.end) return true;
    if (this.at > this.limit) this.malformed = true;
    return false;
  }

  /** An int in any of its forms; undefined when it is none or not whole. */
  protected int(): number | undefined {
    const b = this.chunk;
    const at = this.at;
    const tag = this.tag();
    const size = tag < 0x80 ? (tag === 0x49 ? 5 : 0) : tag < 0xc0 ? 1 : tag < 0xd0 ? 2 : tag < 0xd8 ? 3 : 0;
    if (size === 0) {
      if (tag >= 0) this.malformed = true;
      return undefined;
    }
    if (at + size > this.end) return undefined;
    this.at = at + size;
    if (size === 1) return tag - 0x90;
    if (size === 2) return ((tag - 0xc8) << 8) + b[at + 1]!;
    if (size === 3) return ((tag - 0xd4) << 16) + ((b[at + 1]! << 8) | b[at + 2]!);
    return b.readInt32BE(at + 1);
  }

  /** An int that says how many values follow, or units of text, each at least a byte long. */
  protected count(): number | undefined {
    const count = this.int();
    if (count === undefined) return undefined;
    if (count >= 0 && count <= this.limit - this.at) return count;
    this.malformed = true;
    return undefined;
  }

  /**
   * Moves behind `units` UTF-16 units of text, byte by byte. Every unit is a sequence of one to three bytes; four bytes stand for two
   * units, which Java's readers refuse and some peers write.
   */
  protected skipWide(units: number): boolean {
    const b = this.chunk;
    const end = this.end;
    let at = this.at;
    if (units > this.limit - at) return this.bad();
    let left = units;
    while (left > 0) {
      if (at >= end) return false;
      const byte = b[at]!;
      const bytes = byte < 0x80 ? 1 : byte < 0xc0 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf8 ? 4 : 0;
      left -= bytes === 4 ? 2 : 1;
      if (bytes === 0 || left < 0) return this.bad();
      at += bytes;
    }
    this.at = at;
    return at <= end;
  }
}
