import { hashText } from './hash.ts';

const SLOTS = 256;

/** Which literals an encoder wrote before: some of the last hundreds. */
export class Sightings {
  readonly #hashes = new Int32Array(SLOTS);

  /** Whether this one was noted before; it is now. */
  note(name: string, value: string): boolean {
    let hash = hashText(name, name.length);
    hash = hashText(value, hash ^ value.length);
    hash ^= hash >>> 15;
    const slot = hash & (SLOTS - 1);
    if (this.#hashes[slot] === hash) return true;
    this.#hashes[slot] = hash;
    return false;
  }
}
