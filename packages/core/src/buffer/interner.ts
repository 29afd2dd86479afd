import type { CodecCore } from '../protocol/spi.ts';

const LONGEST = 256;
const PROBES = 4;
const PRIME = 0x01000193;

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
    const slot = hashOf(chunk, from, to) & this.#mask;
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

/** Of the length and twelve bytes: names differ at their ends, and what collides only costs a comparison more. */
function hashOf(chunk: Buffer, from: number, to: number): number {
  const length = to - from;
  let hash = length;
  if (length >= 12) {
    hash = Math.imul(hash ^ word(chunk, to - 4), PRIME);
    hash = Math.imul(hash ^ word(chunk, to - 8), PRIME);
    hash = Math.imul(hash ^ word(chunk, from + (length >> 2)), PRIME);
  } else {
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ (chunk[i] as number), PRIME);
  }
  return hash ^ (hash >>> 15);
}
function word(chunk: Buffer, at: number): number {
  return ((chunk[at] as number) << 24) | ((chunk[at + 1] as number) << 16) | ((chunk[at + 2] as number) << 8) | (chunk[at + 3] as number);
}
