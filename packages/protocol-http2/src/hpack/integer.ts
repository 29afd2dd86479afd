/** Larger integers, and those of more bytes behind the first, are refused: RFC 7541, section 5.1, leaves the limit to us. */
export const MAX_INTEGER = 0x7fff_ffff;
export const MAX_INTEGER_BYTES = 5;

/** Writes an integer behind the upper bits of `pattern`, with a prefix that can hold up to `most`; answers the position behind it. */
export function writeInteger(out: Uint8Array, at: number, pattern: number, most: number, value: number): number {
  if (value < most) {
    out[at] = pattern | value;
    return at + 1;
  }
  out[at++] = pattern | most;
  let rest = value - most;
  while (rest >= 0x80) {
    out[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[at] = rest;
  return at + 1;
}
