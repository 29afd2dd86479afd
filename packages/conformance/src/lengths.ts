import { CodecError, type Frame } from '@polywire/core/spi';
import { type ConformanceCase, fail } from './case.ts';
import type { Subject } from './subject.ts';

/** Length fields lie in headers; this far into a sample every window of bytes is taken for one. */
const WINDOW_BYTES = 64;
const LIES = [0, 1, -1, 0x7fff_ffff, -0x8000_0000, 0x00ff_ffff, 0x1_0000];

/** Every sample with every 1, 2 and 4 bytes of its beginning overwritten by lengths that lie, in both byte orders. */
function* liars(bytes: Buffer, headerBytes: number): Generator<{ readonly bytes: Buffer; readonly what: string }> {
  const end = Math.min(bytes.length, WINDOW_BYTES);
  for (const lie of [...LIES, headerBytes, headerBytes - 1, bytes.length - 1, bytes.length + 1]) {
    for (const width of [1, 2, 4]) {
      const big = Buffer.alloc(4);
      big.writeInt32BE(lie | 0);
      const field = big.subarray(4 - width);
      for (let at = 0; at + width <= end; at++) {
        for (const value of width === 1 ? [field] : [field, Buffer.from(field).reverse()]) {
          const lying = Buffer.from(bytes);
          value.copy(lying, at);
          yield { bytes: lying, what: `bytes ${at} to ${at + width} set to ${value.toString('hex')}` };
        }
      }
    }
  }
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
