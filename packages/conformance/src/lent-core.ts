import type { CodecCore } from '@polywire/core/spi';

/** What the suite lends to a codec in core's place: an interner that checks what it is given. */
export class LentCore implements CodecCore {
  readonly #strings = new Map<string, string>();

  intern(chunk: Buffer, from: number, to: number): string {
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= chunk.length)) {
      throw new Error(`core.intern was given [${from}, ${to}) of a chunk of ${chunk.length} bytes`);
    }
    const text = chunk.toString('utf8', from, to);
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    this.#strings.set(text, text);
    return text;
  }

  internHashed(chunk: Buffer, from: number, to: number, hash: number): string {
    const text = this.intern(chunk, from, to);
    const expected = fnv1a(chunk, from, to);
    if (hash >>> 0 !== expected)
      throw new Error(`core.internHashed was given hash ${hash >>> 0} for "${text}", whose FNV-1a hash is ${expected}`);
    return text;
  }
}

function fnv1a(chunk: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (const byte of chunk.subarray(from, to)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
