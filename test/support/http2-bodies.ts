import { createCipheriv, createHash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';

const ZEROS = Buffer.alloc(256 * 1024);

/** Bytes without a pattern that are the same in every run, given out in pieces: none of a body is ever whole in memory. */
export class Noise {
  readonly #cipher;
  #left: number;

  constructor(seed: number, bytes: number) {
    const key = Buffer.alloc(16);
    key.writeUInt32BE(seed);
    this.#cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
    this.#left = bytes;
  }

  get left(): number {
    return this.#left;
  }

  /** The next bytes, not more than are left. */
  next(most: number): Buffer {
    const bytes = Math.min(most, this.#left, ZEROS.length);
    this.#left -= bytes;
    return this.#cipher.update(ZEROS.subarray(0, bytes));
  }
}

/** Bytes and their hash, for comparison. */
export interface Sum {
  readonly bytes: number;
  readonly sha256: string;
}

export function noiseSum(seed: number, bytes: number): Sum {
  const hash = createHash('sha256');
  for (const noise = new Noise(seed, bytes); noise.left > 0; ) hash.update(noise.next(ZEROS.length));
  return { bytes, sha256: hash.digest('hex') };
}

/** Reads a body to its end. */
export async function sumOf(body: Readable): Promise<Sum> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Writes a body as fast as it is taken, and ends it. Does not end when nobody takes it. */
export function writeNoise(body: Writable, seed: number, bytes: number, pieceBytes = 50_000): void {
  const noise = new Noise(seed, bytes);
  const more = () => {
    while (noise.left > 0) {
      if (body.destroyed) return;
      if (!body.write(noise.next(pieceBytes))) {
        body.once('drain', more);
        return;
      }
    }
    body.end();
  };
  more();
}
