import { hashBytes } from './hash.ts';
import { decodeHuffman, huffmanRoom } from './huffman-decode.ts';

const SLOTS = 4096;
/** Longer ones are made anew: names are shorter, and so are most values that come again. */
const LONGEST = 64;

const bytes = new Uint8Array(SLOTS * LONGEST);
const lengths = new Uint8Array(SLOTS);
const texts = new Array<string>(SLOTS).fill('');
/** Of what was last seen but not kept: a string is kept when it is seen twice, so that values that never come again push nothing out. */
const seen = new Int32Array(SLOTS);

const scratch = Buffer.allocUnsafeSlow(huffmanRoom(4096));

/**
 * The string of coded bytes [from, to), one character a byte, for values that came before the same string object without allocating. Keyed
 * by the coded bytes, so that a known one is not decoded again. undefined when its Huffman code is bad.
 */
export function sharedString(chunk: Buffer, from: number, to: number, huffman: boolean): string | undefined {
  const length = to - from;
  if (length === 0) return '';
  if (length > LONGEST) return freshString(chunk, from, to, huffman);
  const hash = hashBytes(chunk, from, to, huffman ? -length : length);
  const slot = hash & (SLOTS - 1);
  const start = slot * LONGEST;
  const mark = huffman ? length | 0x80 : length;
  if (lengths[slot] === mark) {
    let i = 0;
    while (i < length && bytes[start + i] === chunk[from + i]) i++;
    if (i === length) return texts[slot];
  }
  const text = freshString(chunk, from, to, huffman);
  if (text === undefined) return undefined;
  if (seen[slot] !== hash) {
    seen[slot] = hash;
    return text;
  }
  lengths[slot] = mark;
  texts[slot] = text;
  for (let i = 0; i < length; i++) bytes[start + i] = chunk[from + i]!;
  return text;
}

/** The string of coded bytes [from, to), kept nowhere. undefined when its Huffman code is bad. */
export function freshString(chunk: Buffer, from: number, to: number, huffman: boolean): string | undefined {
  if (!huffman) return chunk.toString('latin1', from, to);
  const room = huffmanRoom(to - from);
  const out = room <= scratch.length ? scratch : Buffer.allocUnsafeSlow(room);
  const length = decodeHuffman(chunk, from, to, out);
  return length < 0 ? undefined : out.toString('latin1', 0, length);
}
