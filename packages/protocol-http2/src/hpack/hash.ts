const PRIME = 0x01000193;

/** Of all bytes of [from, to), four at a time. */
export function hashBytes(chunk: Uint8Array, from: number, to: number, start: number): number {
  let hash = start;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    hash = Math.imul(hash ^ ((chunk[at]! << 24) | (chunk[at + 1]! << 16) | (chunk[at + 2]! << 8) | chunk[at + 3]!), PRIME);
    hash ^= hash >>> 15;
  }
  for (; at < to; at++) hash = Math.imul(hash ^ chunk[at]!, PRIME);
  return hash ^ (hash >>> 13);
}

/** Of at most sixteen characters: for answers that may be wrong now and then. */
export function hashText(text: string, start: number): number {
  let hash = start;
  const step = 1 + (text.length >> 4);
  for (let i = 0; i < text.length; i += step) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return hash;
}
