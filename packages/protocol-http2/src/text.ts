import { isUtf8 } from 'node:buffer';

const ABOVE_ASCII = /[\x80-\xff]/;
const BEYOND_ASCII = /[^\0-\x7f]/;

/** A field's value as rules write it: its bytes are UTF-8, or else of Latin-1. */
export function toText(value: string): string {
  if (!ABOVE_ASCII.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : value;
}

/** A text's UTF-8, one character a byte. */
export function toValue(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text).toString('latin1') : text;
}
