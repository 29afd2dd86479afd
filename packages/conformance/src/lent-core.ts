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
}
