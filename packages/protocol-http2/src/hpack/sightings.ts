const SLOTS = 256;
const PRIME = 0x01000193;

/** Which literals an encoder wrote before: some of the last hundreds. */
export class Sightings {
  readonly #hashes = new Int32Array(SLOTS);

  /** Whether this one was noted before; it is now. */
  note(name: string, value: string): boolean {
    let hash = name.length;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), PRIME);
    for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), PRIME);
    hash ^= hash >>> 15;
    const slot = hash & (SLOTS - 1);
    if (this.#hashes[slot] === hash) return true;
    this.#hashes[slot] = hash;
    return false;
  }
}
