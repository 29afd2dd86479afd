import type { CodecCore } from '../protocol/spi.ts';

const LONGEST = 256;
const PROBES = 4;

/** Bytes -> one shared string without allocating, for values seen before. Bounded; long or unlucky values become fresh strings. */
export class Interner implements CodecCore {
  readonly #mask: number;
  readonly #bytes: (Buffer | undefined)[];
  readonly #text: string[];

  /** @param slots a power of two: at most so many strings are kept */
  constructor(slots = 16_384) {
    this.#mask = slots - 1;
    this.#bytes = new Array<Buffer | undefined>(slots).fill(undefined);
    this.#text = new Array<string>(slots).fill('');
  }

  intern(chunk: Buffer, from: number, to: number): string {
    return this.internHashed(chunk, from, to, fnv1a(chunk, from, to));
  }

  internHashed(chunk: Buffer, from: number, to: number, hash: number): string {
    const slot = hash & this.#mask;
    const known = this.#bytes[slot];
    if (known !== undefined && equal(chunk, from, to, known)) return this.#text[slot] as string;
    return this.#miss(chunk, from, to, slot);
  }

  #miss(chunk: Buffer, from: number, to: number, first: number): string {
    if (to - from > LONGEST) return chunk.toString('utf8', from, to);
    let free = -1;
    for (let probe = 1; probe < PROBES; probe++) {
      const slot = (first + probe) & this.#mask;
      const known = this.#bytes[slot];
      if (known === undefined) {
        if (free < 0) free = slot;
      } else if (equal(chunk, from, to, known)) return this.#text[slot] as string;
    }
    const text = chunk.toString('utf8', from, to);
    const slot = free < 0 || this.#bytes[first] === undefined ? first : free;
    this.#bytes[slot] = Buffer.from(chunk.subarray(from, to));
    this.#text[slot] = text;
    return text;
  }
}

function equal(chunk: Buffer, from: number, to: number, known: Buffer): boolean {
  const length = to - from;
  if (length !== known.length) return false;
  for (let i = 0; i < length; i++) if (chunk[from + i] !== known[i]) return false;
  return true;
}

function fnv1a(chunk: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (chunk[i] as number), 0x01000193);
  return hash;
}
