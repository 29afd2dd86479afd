import { CODE_BITS, CODES, EOS } from './huffman-code.ts';

/** Inner nodes of the code's tree: one less than its leaves. */
const STATES = EOS;
const FAIL = -1;

/**
 * What a byte does in a state (a node of the tree): the symbols that it completes, at most two since no code is shorter than five bits, in
 * bits 0-7 and 8-15, their number in 16-17, the next state in 18-25. FAIL where it would complete EOS.
 */
const STEPS = new Int32Array(STATES * 256);

/** States that a string may end in: up to seven bits of EOS behind the last symbol. */
const ENDS = new Uint8Array(STATES);

build();

function build(): void {
  const children = tree();
  for (let state = 0; state < STATES; state++) {
    for (let byte = 0; byte < 256; byte++) STEPS[state * 256 + byte] = step(children, state, byte);
  }
  for (let bits = 0, state = 0; bits < 8; bits++) {
    ENDS[state] = 1;
    state = children[state * 2 + 1]!;
  }
}

/** Two children a node: an inner node's number, or -1 - symbol. */
function tree(): Int16Array {
  const children = new Int16Array(STATES * 2);
  let nodes = 1;
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let node = 0;
    for (let bit = CODE_BITS[symbol]! - 1; bit > 0; bit--) {
      const child = node * 2 + ((CODES[symbol]! >>> bit) & 1);
      if (children[child] === 0) children[child] = nodes++;
      node = children[child]!;
    }
    children[node * 2 + (CODES[symbol]! & 1)] = -1 - symbol;
  }
  return children;
}

function step(children: Int16Array, from: number, byte: number): number {
  let state = from;
  let symbols = 0;
  let count = 0;
  for (let bit = 7; bit >= 0; bit--) {
    const next = children[state * 2 + ((byte >> bit) & 1)]!;
    state = Math.max(next, 0);
    if (next >= 0) continue;
    const symbol = -1 - next;
    if (symbol === EOS) return FAIL;
    symbols |= symbol << (8 * count++);
  }
  return symbols | (count << 16) | (state << 18);
}

/** Bytes that `length` coded bytes can become, and two more that decodeHuffman() may touch. */
export function huffmanRoom(length: number): number {
  return Math.floor((length * 8) / 5) + 2;
}

/**
 * Decodes bytes [from, to) into `out` from its beginning, which must have huffmanRoom() bytes. The number of bytes decoded; -1 when EOS
 * occurs or the padding is not up to seven of its first bits.
 */
export function decodeHuffman(chunk: Uint8Array, from: number, to: number, out: Uint8Array): number {
  let state = 0;
  let length = 0;
  for (let at = from; at < to; at++) {
    const step = STEPS[(state << 8) | chunk[at]!]!;
    if (step === FAIL) return -1;
    out[length] = step;
    out[length + 1] = step >> 8;
    length += (step >> 16) & 3;
    state = step >> 18;
  }
  return ENDS[state] === 1 ? length : -1;
}

/** The length of what decodeHuffman() would decode, or -1, without decoding it. */
export function huffmanLength(chunk: Uint8Array, from: number, to: number): number {
  let state = 0;
  let length = 0;
  for (let at = from; at < to; at++) {
    const step = STEPS[(state << 8) | chunk[at]!]!;
    if (step === FAIL) return -1;
    length += (step >> 16) & 3;
    state = step >> 18;
  }
  return ENDS[state] === 1 ? length : -1;
}
