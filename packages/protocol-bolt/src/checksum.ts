import { crc32 } from 'node:zlib';
import { type BoltFrame, CHECKSUM_BYTES, idAt, readInt32, timeoutAt, writeInt32 } from './frame.ts';

/** CRC-32's polynomial without its highest power, as all here with the highest power in the lowest bit. */
const POLYNOMIAL = 0xedb88320 | 0;
/** The polynomial 1. */
const ONE = 1 << 31;

/** x^(2^k) modulo CRC-32's polynomial. */
const POWERS: Int32Array = new Int32Array(32);
POWERS[0] = 1 << 30;
for (let k = 1; k < 32; k++) POWERS[k] = multiply(POWERS[k - 1]!, POWERS[k - 1]!);

/** Whether a whole frame ends in the right checksum. */
export function isIntact(frame: BoltFrame): boolean {
  const { chunk, from, to } = frame;
  return checksumOf(chunk, from, to - CHECKSUM_BYTES) === readInt32(chunk, to - CHECKSUM_BYTES);
}

/** Makes the checksum of a whole frame right again, if it has one, after bytes of it changed. */
export function seal(frame: BoltFrame): void {
  if (!frame.checksummed || !frame.whole) return;
  const { chunk, from, to } = frame;
  writeInt32(chunk, to - CHECKSUM_BYTES, checksumOf(chunk, from, to - CHECKSUM_BYTES));
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
  return multiply(powerOfByte(behind + 4), reversed(change));
}

/** x^(8n) modulo CRC-32's polynomial, by squaring. */
function powerOfByte(n: number): number {
  let power = ONE;
  for (let left = n, k = 3; left > 0; left >>>= 1, k++) if ((left & 1) !== 0) power = multiply(POWERS[k & 31]!, power);
  return power;
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
