import type { Peek } from '@polywire/core/spi';

/** A codec that looks at more bytes than this for each byte available, in one call, is taken to be in a loop that never ends. */
const LOOKS_PER_BYTE = 1000;

/** A plain Peek over received chunks. It refuses to look where nothing is, and counts the bytes looked at. */
export class ReferencePeek implements Peek {
  #chunks: Buffer[] = [];
  /** Offset of each chunk's first byte from the first unread byte; the first is negative when part of its chunk was taken. */
  #starts: number[] = [];
  #available = 0;
  /** Bytes looked at since the connection began. */
  looked = 0;
  #lookedBefore = 0;

  get available(): number {
    return this.#available;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#starts.push(this.#available);
    this.#available += chunk.length;
  }

  /** Marks the beginning of a codec's call. */
  begin(): void {
    this.#lookedBefore = this.looked;
  }

  uint8(offset: number): number {
    this.#look(offset, 1);
    const at = this.#chunkAt(offset);
    return this.#chunks[at]?.[offset - (this.#starts[at] ?? 0)] ?? 0;
  }

  uint16(offset: number): number {
    return this.view(offset, offset + 2).readUInt16BE(0);
  }

  uint32(offset: number): number {
    return this.view(offset, offset + 4).readUInt32BE(0);
  }

  indexOf(byte: number, from: number): number {
    if (from === this.#available) return -1;
    this.#look(from, 0);
    for (let at = this.#chunkAt(from); at < this.#chunks.length; at++) {
      const start = this.#starts[at] ?? 0;
      const chunk = this.#chunks[at] ?? Buffer.alloc(0);
      const skipped = Math.max(0, from - start);
      const found = chunk.indexOf(byte, skipped);
      this.#count((found === -1 ? chunk.length : found + 1) - skipped);
      if (found !== -1) return start + found;
    }
    return -1;
  }

  view(from: number, to: number): Buffer {
    this.#look(from, to - from);
    const at = this.#chunkAt(from);
    const chunk = this.#chunks[at] ?? Buffer.alloc(0);
    const start = this.#starts[at] ?? 0;
    if (to - start <= chunk.length) return chunk.subarray(from - start, to - start);
    return Buffer.concat(this.#chunks).subarray(from - (this.#starts[0] ?? 0), to - (this.#starts[0] ?? 0));
  }

  /** Takes the first `length` bytes: as a range of the chunk they lie in when they lie in one, else of a copy. */
  take(length: number): { readonly chunk: Buffer; readonly from: number; readonly to: number } {
    const first = this.#chunks[0] ?? Buffer.alloc(0);
    const from = -(this.#starts[0] ?? 0);
    const whole = from + length <= first.length;
    const taken = whole ? first : Buffer.concat(this.#chunks).subarray(from, from + length);
    this.#starts = this.#starts.map((start) => start - length);
    this.#available -= length;
    while (this.#chunks.length > 0 && (this.#starts[0] ?? 0) + (this.#chunks[0]?.length ?? 0) <= 0) {
      this.#chunks.shift();
      this.#starts.shift();
    }
    return whole ? { chunk: first, from, to: from + length } : { chunk: taken, from: 0, to: length };
  }

  #chunkAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #look(from: number, length: number): void {
    const inside = Number.isInteger(from) && Number.isInteger(length) && from >= 0 && length >= 0 && from + length <= this.#available;
    if (!inside) throw new Error(`the codec looked at [${from}, ${from + length}) when ${this.#available} bytes were available`);
    this.#count(length);
  }

  #count(bytes: number): void {
    this.looked += bytes;
    if (this.looked - this.#lookedBefore > (this.#available + 64) * LOOKS_PER_BYTE) {
      throw new Error(`the codec looked at ${this.looked - this.#lookedBefore} bytes in one call when ${this.#available} were available`);
    }
  }
}
