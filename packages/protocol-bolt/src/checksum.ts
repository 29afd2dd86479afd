import { crc32 } from 'node:zlib';
import { type BoltFrame, CHECKSUM_BYTES, idAt, readInt32, timeoutAt, writeInt32 } from './frame.ts';

/** CRC-32's polynomial without its highest power, as all here with the highest power in the lowest bit. */
const POLYNOMIAL = 0xedb88320 | 0;
/** The polynomials 1 and x^8. */
const ONE = 1 << 31;
const EIGHTH = 1 << 23;

/** Of each k that was needed: what the four bytes of a polynomial become, byte by byte, when it is multiplied by x^(8 * 2^k). */
const STEPS: (Int32Array | undefined)[] = [];

/** Whether a whole frame ends in the right checksum. */
export function isIntact(frame: BoltFrame): boolean {
  const { chunk, from, to } = frame;
  return checksumOf(chunk, from, to - CHECKSUM_BYTES) === readInt32(chunk, to - CHECKSUM_BYTES);
}

/** Writes an int32 at `at` of a frame. If the frame is whole and has a checksum, what this changes there is written, too. */
export function patch(frame: BoltFrame, at: number, value: number): void {
  const { chunk, from, to } = frame;
  const changed = readInt32(chunk, from + at) ^ value;
  if (changed === 0) return;
  writeInt32(chunk, from + at, value);
  if (!frame.checksummed || !frame.whole) return;
  const checksumAt = to - CHECKSUM_BYTES;
  writeInt32(chunk, checksumAt, readInt32(chunk, checksumAt) ^ checksumChange(changed, checksumAt - from - at - 4));
}

/** The checksum behind `pieces`, as a piece. */
export function checksumPiece(pieces: readonly Buffer[]): Buffer {
  const out = Buffer.allocUnsafe(CHECKSUM_BYTES);
  let crc = 0;
  for (const piece of pieces) crc = crc32(piece, crc);
  out.writeUInt32BE(crc, 0);
  return out;
}

/**
 * What the checksum behind a relayed frame is XORed with: the sum of what each place patched in its front contributes. CRC-32 is affine, so
 * that changing bytes by XOR changes the checksum by XOR, whatever the other bytes are.
 */
export function trailerMask(front: BoltFrame): Buffer | undefined {
  if (!front.checksummed || front.whole) return undefined;
  let mask = contribution(front, idAt(front), front.id);
  if (front.kind !== 'response') mask ^= contribution(front, timeoutAt(front), front.timeoutOrStatus);
  if (mask === 0) return undefined;
  const out = Buffer.allocUnsafe(CHECKSUM_BYTES);
  writeInt32(out, 0, mask);
  return out;
}

/** By how much the checksum changes because the int32 at `at` is no longer `before`. */
function contribution(front: BoltFrame, at: number, before: number): number {
  const changed = readInt32(front.chunk, front.from + at) ^ before;
  return changed === 0 ? 0 : checksumChange(changed, front.contentEnd - at - 4);
}

/** By how much a checksum changes when four bytes are XORed with `change`, big endian, and `behind` bytes follow these. */
export function checksumChange(change: number, behind: number): number {
  let sum = reversed(change);
  for (let left = behind + 4, k = 0; left > 0; left >>>= 1, k++) {
    if ((left & 1) === 0) continue;
    const step = STEPS[k] ?? stepOf(k);
    sum = step[sum & 255]! ^ step[256 + ((sum >>> 8) & 255)]! ^ step[512 + ((sum >>> 16) & 255)]! ^ step[768 + (sum >>> 24)]!;
  }
  return sum;
}

/** Makes a table of STEPS. Multiplication is linear: what a byte becomes is the sum of what its bits become. */
function stepOf(k: number): Int32Array {
  let power = EIGHTH;
  for (let squarings = k; squarings > 0; squarings--) power = multiply(power, power);
  const step = new Int32Array(1024);
  for (let bit = 0; bit < 32; bit++) {
    const place = (bit >> 3) * 256;
    const one = 1 << (bit & 7);
    const product = multiply(power, 1 << bit);
    for (let byte = one; byte < 256; byte++) if ((byte & one) !== 0) step[place + byte] = step[place + byte]! ^ product;
  }
  STEPS[k] = step;
  return step;
}

/** The product of two polynomials modulo CRC-32's. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = ONE, times = b; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= times;
    times = (times & 1) === 0 ? times >>> 1 : (times >>> 1) ^ POLYNOMIAL;
  }
  return product;
}

/** The four bytes in the other order: CRC-32 takes in the first byte at its lowest bits. */
function reversed(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

function checksumOf(chunk: Buffer, from: number, to: number): number {
  return crc32(chunk.subarray(from, to)) | 0;
}
