/** Longest string chunk that hessian-lite writes. */
const CHUNK_UNITS = 0x8000;

/** A Hessian 2.0 string value: in the shortest form, in chunks when longer than 32,768 UTF-16 units, surrogates as three bytes each. */
export function encodeString(text: string): Buffer {
  return encodeChunks(text, 0x52, headOf);
}

function headOf(units: number): number[] {
  return units < 0x20 ? [units] : units < 0x400 ? [0x30 + (units >> 8), units & 255] : [0x53, units >> 8, units & 255];
}

/**
 * A string in chunks, surrogates as three bytes each.
 * @param chunkTag the tag of a chunk that others follow
 * @param head tag and length of the final chunk, by its UTF-16 units
 */
export function encodeChunks(text: string, chunkTag: number, head: (units: number) => readonly number[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  while (text.length - from > CHUNK_UNITS) {
    // Java's reader joins surrogates within a chunk only.
    const last = text.charCodeAt(from + CHUNK_UNITS - 1);
    const to = from + CHUNK_UNITS - (last >= 0xd800 && last < 0xdc00 ? 1 : 0);
    const units = to - from;
    parts.push(Buffer.from([chunkTag, units >> 8, units & 255]), encodeUnits(text, from, to));
    from = to;
  }
  const units = text.length - from;
  parts.push(Buffer.from(head(units)), encodeUnits(text, from, text.length));
  return Buffer.concat(parts);
}

function encodeUnits(text: string, from: number, to: number): Buffer {
  const out = Buffer.allocUnsafe((to - from) * 3);
  let at = 0;
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      out[at++] = unit;
    } else if (unit < 0x800) {
      out[at++] = 0xc0 | (unit >> 6);
      out[at++] = 0x80 | (unit & 63);
    } else {
      out[at++] = 0xe0 | (unit >> 12);
      out[at++] = 0x80 | ((unit >> 6) & 63);
      out[at++] = 0x80 | (unit & 63);
    }
  }
  return out.subarray(0, at);
}
