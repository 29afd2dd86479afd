const SLOTS = 256;
const PRIME = 0x01000193;

/** Which literals an encoder wrote before: some of the last hundreds. */
export class Sightings {
  readonly #hashes = new Int32Array(SLOTS);

  /** Whether this one was noted before; it is now. */
  note(name: string, value: string): boolean {
    let hash = mix(name.length, name);
    hash = mix(hash ^ value.length, value);
    hash ^= hash >>> 15;
    const slot = hash & (SLOTS - 1);
    if (this.#hashes[slot] === hash) return true;
    this.#hashes[slot] = hash;
    return false;
  }
}

/** Of at most sixteen characters: to be wrong now and then costs little, and this runs for each literal. */
function mix(start: number, text: string): number {
  let hash = start;
  const step = 1 + (text.length >> 4);
  for (let i = 0; i < text.length; i += step) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return hash;
}
