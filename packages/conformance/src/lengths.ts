import { CodecError, type Frame } from '@polywire/core/spi';
import { type ConformanceCase, fail } from './case.ts';
import type { Subject } from './subject.ts';

/** Length fields lie in headers; this far into a sample every window of bytes is taken for one. */
const WINDOW_BYTES = 64;
const LIES = [0, 1, -1, 0x7fff_ffff, -0x8000_0000, 0x00ff_ffff, 0x1_0000];

/** Every sample with every 1, 2 and 4 bytes of its beginning overwritten by lengths that lie, in both byte orders. */
function* liars(bytes: Buffer, headerBytes: number): Generator<{ readonly bytes: Buffer; readonly what: string }> {
  const end = Math.min(bytes.length, WINDOW_BYTES);
  for (const value of fields([...LIES, headerBytes, headerBytes - 1, bytes.length - 1, bytes.length + 1])) {
    for (let at = 0; at + value.length <= end; at++) {
      const lying = Buffer.from(bytes);
      value.copy(lying, at);
      yield { bytes: lying, what: `bytes ${at} to ${at + value.length} set to ${value.toString('hex')}` };
    }
  }
}

/** Numbers in the widths and orders of length fields, each once: in one byte many of them are the same. */
function fields(numbers: readonly number[]): Buffer[] {
  const found = new Map<string, Buffer>();
  for (const number of numbers) {
    const big = Buffer.alloc(4);
    big.writeInt32BE(number | 0);
    const little = Buffer.from(big).reverse();
    for (const width of [1, 2, 4]) {
      for (const field of [big.subarray(4 - width), little.subarray(0, width)]) found.set(field.toString('hex'), field);
    }
  }
  return [...found.values()];
}

/** Decodes whatever it is; only a CodecError may come of it. */
export function decodeHostile(subject: Subject, side: 'downstream' | 'upstream', bytes: Buffer, what: string): Frame[] {
  try {
    return subject.decode(side, [bytes]);
  } catch (error) {
    if (error instanceof CodecError) return [];
    return fail(`${what}: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
  }
}

/** Level 1: lengths that lie. */
export const lengthCases: readonly ConformanceCase[] = [
  {
    facet: 'framing',
    name: 'lengths that lie (0, -1, huge, one off, header only) end in a CodecError, a defect or a wait',
    run(subject) {
      for (const { side, label, bytes } of subject.known) {
        const { headerBytes } = subject.connection(side);
        for (const liar of liars(bytes, headerBytes)) {
          const what = `${label} with ${liar.what}`;
          decodeHostile(subject, side, liar.bytes, what);
        }
      }
    },
  },
];
