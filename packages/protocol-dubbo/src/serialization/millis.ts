/** Longest time that a JavaScript timer, and an int32, can hold. */
const MAX_MILLIS = 0x7fffffff;

/** Whole milliseconds within the range of a timer; 0 for what is no positive number. */
export function toMillis(value: number): number {
  return value > 0 ? Math.min(MAX_MILLIS, Math.ceil(value)) : 0;
}

/** Decimal digits [from, to) as milliseconds; 0 when they are none. */
export function digits(b: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = b[at]! - 0x30;
    if (digit < 0 || digit > 9) return 0;
    value = value * 10 + digit;
  }
  return Math.min(MAX_MILLIS, value);
}

/** Writes `ms` over the digits [from, to), with zeros in front, which Java's parseLong reads; false when they are none or too few. */
export function writeDigits(b: Buffer, from: number, to: number, ms: number): boolean {
  const text = String(ms).padStart(to - from, '0');
  if (text.length !== to - from || digits(b, from, to) === 0) return false;
  b.write(text, from, 'latin1');
  return true;
}

/**
 * Writes `value` into a number of one to three bytes whose tag holds what does not fit `bytes`: tag `zero` stands for none, and the tag
 * can hold at most `most`. False when it is too large. Hessian and JSONB share this form.
 */
export function writeSpread(b: Buffer, at: number, value: number, zero: number, bytes: 0 | 1 | 2, most: number): boolean {
  const inTag = Math.floor(value / 2 ** (8 * bytes));
  if (inTag > most) return false;
  b[at] = zero + inTag;
  if (bytes === 1) b[at + 1] = value & 255;
  if (bytes === 2) b.writeUInt16BE(value & 0xffff, at + 1);
  return true;
}
