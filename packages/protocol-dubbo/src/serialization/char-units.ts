/** Units that one call of String.fromCharCode takes. */
const STEP = 4096;

const REPLACEMENT = 0xfffd;

/**
 * Text of which each UTF-16 unit was written as one to three bytes of its own, surrogates too: Java's modified UTF-8 (DataOutput.writeUTF)
 * and Kryo's strings. Bytes that are neither become U+FFFD.
 */
export function decodeCharUnits(b: Uint8Array, from: number, to: number): string {
  const units = new Uint16Array(to - from);
  let count = 0;
  for (let at = from; at < to; ) {
    const lead = b[at]!;
    const bytes = unitBytes(lead);
    if (bytes === 1 || bytes === 0 || at + bytes > to) units[count++] = bytes === 1 ? lead : REPLACEMENT;
    else if (bytes === 2) units[count++] = ((lead & 0x1f) << 6) | (b[at + 1]! & 0x3f);
    else units[count++] = ((lead & 0x0f) << 12) | ((b[at + 1]! & 0x3f) << 6) | (b[at + 2]! & 0x3f);
    at += Math.max(1, bytes);
  }
  let text = '';
  for (let at = 0; at < count; at += STEP) text += String.fromCharCode(...units.subarray(at, Math.min(count, at + STEP)));
  return text;
}

/** How many bytes the unit has that begins with `lead`; 0 when none begins so. */
export function unitBytes(lead: number): 0 | 1 | 2 | 3 {
  if (lead < 0x80) return 1;
  if (lead < 0xc0 || lead >= 0xf0) return 0;
  return lead < 0xe0 ? 2 : 3;
}

/** Whether the bytes [from, to) are ASCII. */
export function isAscii(b: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (b[at]! >= 0x80) return false;
  return true;
}
