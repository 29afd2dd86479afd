import { noise } from './wire/random.ts';

const POOL_BYTES = 64 * 1024;

/** Choices that are the same in every run with the same seed. */
export class Random {
  readonly seed: number;
  #pool: Buffer;
  #at = 0;
  #pools = 0;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#pool = noise(this.seed, POOL_BYTES);
  }

  /** 0 to below. */
  below(most: number): number {
    if (this.#at + 4 > this.#pool.length) {
      this.#pool = noise((this.seed + ++this.#pools * 0x1000003) >>> 0, POOL_BYTES);
      this.#at = 0;
    }
    const value = this.#pool.readUInt32BE(this.#at);
    this.#at += 4;
    return Math.floor((value / 2 ** 32) * most);
  }
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }
  /** So often of a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  of<T>(list: readonly T[]): T {
    const chosen = list[this.below(list.length)];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
  }
  /** Characters of an alphabet. */
  text(alphabet: string, least: number, most: number): string {
    return Array.from({ length: this.between(least, most) }, () => alphabet[this.below(alphabet.length)]).join('');
  }
  bytes(length: number): Buffer {
    return noise(this.below(2 ** 31), length);
  }
  /** Sizes of pieces that make up a whole. */
  pieces(total: number, most: number): number[] {
    const sizes: number[] = [];
    for (let left = total; left > 0; ) {
      const size = Math.min(left, this.chance(30) ? this.between(1, 10) : this.between(1, most));
      sizes.push(size);
      left -= size;
    }
    return sizes;
  }
}
