/** Text is turned into strings in pieces: a call cannot take arbitrarily many arguments. */
const PIECE = 4096;

/** Decodes the Hessian string [from, to), tags and lengths included, which a walker found to be well formed. */
export function decodeText(b: Buffer, from: number, to: number): string {
  const decoder = new Decoder(b, from);
  while (decoder.at < to) {
    const at = decoder.at;
    const tag = b[at]!;
    const units = tag < 0x20 ? tag : tag < 0x34 ? ((tag - 0x30) << 8) | b[at + 1]! : (b[at + 1]! << 8) | b[at + 2]!;
    decoder.at += tag < 0x20 ? 1 : tag < 0x34 ? 2 : 3;
    decoder.read(units, to);
  }
  return decoder.finish();
}

/** Decodes the text [from, to), without tag and length, which a walker found to be well formed. */
export function decodeUnits(b: Buffer, from: number, to: number): string {
  const decoder = new Decoder(b, from);
  decoder.read(to - from, to);
  return decoder.finish();
}

class Decoder {
  at: number;
  readonly #b: Buffer;
  readonly #units: number[] = [];
  #text = '';

  constructor(b: Buffer, at: number) {
    this.#b = b;
    this.at = at;
  }

  /** Reads `count` UTF-16 units, or as many as there are in front of `to`. */
  read(count: number, to: number): void {
    const b = this.#b;
    const units = this.#units;
    let at = this.at;
    for (let left = count; left > 0 && at < to; left--) {
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
      if (units.length >= PIECE) this.#flush();
    }
    this.at = at;
  }

  finish(): string {
    this.#flush();
    return this.#text;
  }

  #flush(): void {
    this.#text += String.fromCharCode(...this.#units);
    this.#units.length = 0;
  }
}
