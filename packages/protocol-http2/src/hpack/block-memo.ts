import type { HeaderBlock } from '../header-block.ts';
import { hashBytes } from './hash.ts';

const SLOTS = 64;
const TAGS = 256;
/** Longer blocks are decoded each time. */
export const LONGEST_MEMO = 256;

interface Known {
  readonly bytes: Uint8Array;
  readonly generation: number;
  readonly block: HeaderBlock;
}

/** Bytes -> the block they were decoded to, for one state of the table. Bounded; a block is kept when its bytes came twice. */
export class BlockMemo {
  readonly #known = new Array<Known | undefined>(SLOTS).fill(undefined);
  readonly #tags = new Int32Array(TAGS);
  /** Of the bytes that find() was asked for. */
  #hash = 0;

  find(chunk: Buffer, from: number, to: number, generation: number): HeaderBlock | undefined {
    const hash = hashBytes(chunk, from, to, to - from);
    this.#hash = hash;
    const known = this.#known[hash & (SLOTS - 1)];
    if (known === undefined || known.generation !== generation) return undefined;
    const { bytes } = known;
    if (bytes.length !== to - from) return undefined;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== chunk[from + i]) return undefined;
    return known.block;
  }

  /** What find() did not find. */
  keep(chunk: Buffer, from: number, to: number, generation: number, block: HeaderBlock): void {
    const hash = this.#hash;
    const tag = (hash >>> 8) & (TAGS - 1);
    if (this.#tags[tag] !== hash) this.#tags[tag] = hash;
    else this.#known[hash & (SLOTS - 1)] = { bytes: Uint8Array.prototype.slice.call(chunk, from, to), generation, block };
  }
}
