/** Text is turned into strings in pieces: a call cannot take arbitrarily many arguments. */
const PIECE = 4096;

/** Decodes the Hessian string [from, to), tags and lengths included, which a walker found to be well formed. */
export function decodeText(b: Buffer, from: number, to: number): string {
  let text = '';
  const units: number[] = [];
  for (let at = from; at < to; ) {
    const tag = b[at]!;
    let left = tag < 0x20 ? tag : tag < 0x34 ? ((tag - 0x30) << 8) | b[at + 1]! : (b[at + 1]! << 8) | b[at + 2]!;
    at += tag < 0x20 ? 1 : tag < 0x34 ? 2 : 3;
    while (left > 0) {
      const byte = b[at]!;
      if (byte < 0x80) {
        units.push(byte);
        at += 1;
      } else if (byte < 0xe0) {
        units.push(((byte & 31) << 6) | (b[at + 1]! & 63));
        at += 2;
      } else if (byte < 0xf0) {
        units.push(((byte & 15) << 12) | ((b[at + 1]! & 63) << 6) | (b[at + 2]! & 63));
        at += 3;
      } else {
        const above = (((byte & 7) << 18) | ((b[at + 1]! & 63) << 12) | ((b[at + 2]! & 63) << 6) | (b[at + 3]! & 63)) - 0x10000;
        units.push(0xd800 + ((above >> 10) & 0x3ff), 0xdc00 + (above & 0x3ff));
        left--;
        at += 4;
      }
      left--;
      if (units.length >= PIECE) {
        text += String.fromCharCode(...units);
        units.length = 0;
      }
    }
  }
  return text + String.fromCharCode(...units);
}
