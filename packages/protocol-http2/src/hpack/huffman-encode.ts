import { CODE_BITS, CODES } from './huffman-code.ts';

/** Bytes that encodeHuffman() writes for a string of one byte a character. */
export function huffmanBytes(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += CODE_BITS[text.charCodeAt(i) & 0xff]!;
  return (bits + 7) >>> 3;
}

/** Writes a string's codes and padding at out[at...]; answers the position behind them, or 0 when that is behind `most`. */
export function encodeHuffman(text: string, out: Uint8Array, at: number, most: number): number {
  let end = at;
  let held = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    let code = CODES[symbol]!;
    let length = CODE_BITS[symbol]!;
    if (length > 24) {
      // with up to seven bits held, a longer code would not fit in 32
      held = (held << (length - 16)) | (code >>> 16);
      bits += length - 16;
      for (; bits >= 8; end++) {
        bits -= 8;
        out[end] = held >>> bits;
      }
      code &= 0xffff;
      length = 16;
    }
    held = (held << length) | code;
    bits += length;
    for (; bits >= 8; end++) {
      bits -= 8;
      out[end] = held >>> bits;
    }
    if (end > most) return 0;
  }
  if (bits > 0) out[end++] = (held << (8 - bits)) | (0xff >>> bits);
  return end > most ? 0 : end;
}
