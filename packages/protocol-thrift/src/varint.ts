/** The bytes at hand end too early. */
export const CUT = -1;
/** No bytes behind these can make them right. */
export const MALFORMED = -2;

/** Bytes of a varint of 64 bits. Some libraries write negative 32-bit numbers in as many. */
const LONGEST = 10;

/** Where the varint at `at` ends; CUT or MALFORMED. */
export function varintEnd(b: Buffer, at: number, to: number): number {
  const last = Math.min(to, at + LONGEST);
  for (let i = at; i < last; i++) if (b[i]! < 0x80) return i + 1;
  return last - at === LONGEST ? MALFORMED : CUT;
}

/** The lower 32 bits of the varint at [at, end). */
export function readVarint(b: Buffer, at: number, end: number): number {
  let value = 0;
  for (let i = at, shift = 0; i < end && shift < 32; i++, shift += 7) value |= (b[i]! & 0x7f) << shift;
  return value;
}

/** Bytes of the shortest varint of an int32, whose negative values take five. */
export function varintWidth(value: number): number {
  const bits = value >>> 0;
  if (bits < 0x80) return 1;
  if (bits < 0x4000) return 2;
  if (bits < 0x200000) return 3;
  return bits < 0x10000000 ? 4 : 5;
}

/** Writes the shortest varint; returns where it ends. */
export function writeVarint(b: Buffer, at: number, value: number): number {
  let bits = value >>> 0;
  let end = at;
  for (; bits > 0x7f; bits >>>= 7) b[end++] = (bits & 0x7f) | 0x80;
  b[end++] = bits;
  return end;
}

/** The shortest varint of an int32. */
export function varint(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(varintWidth(value));
  writeVarint(bytes, 0, value);
  return bytes;
}

/** A number of 32 bits or fewer from its zigzag form. */
export function unzigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
