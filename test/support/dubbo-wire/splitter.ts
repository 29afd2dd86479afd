import { createHash, type Hash } from 'node:crypto';
import { HEADER_BYTES, type WireFrame } from './frame.ts';

/** Larger bodies are hashed as they come and not kept. */
const KEPT_BYTES = 256 * 1024;

/** Cuts received bytes into frames. */
export class Splitter {
  readonly #onFrame: (frame: WireFrame) => void;
  #rest: Buffer = Buffer.alloc(0);
  /** The large frame being received. */
  #large: { header: Buffer; first: Buffer; left: number; hash: Hash } | undefined;

  constructor(onFrame: (frame: WireFrame) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#large === undefined && this.#rest.length > 0) bytes = Buffer.concat([this.#rest, chunk]);
    while (bytes.length > 0) {
      const left = this.#large === undefined ? this.#small(bytes) : this.#more(bytes);
      if (left === undefined) break;
      bytes = left;
    }
    this.#rest = bytes;
  }

  #small(bytes: Buffer): Buffer | undefined {
    if (bytes.length < HEADER_BYTES) return undefined;
    if (bytes.readUInt16BE(0) !== 0xdabb) throw new Error(`out of step: ${bytes.subarray(0, 32).toString('hex')}`);
    const length = bytes.readUInt32BE(12);
    if (length > KEPT_BYTES) {
      if (bytes.length < HEADER_BYTES + 4096) return undefined;
      const header = Buffer.from(bytes.subarray(0, HEADER_BYTES));
      const first = Buffer.from(bytes.subarray(HEADER_BYTES, HEADER_BYTES + 4096));
      this.#large = { header, first, left: length, hash: createHash('sha1') };
      return bytes.subarray(HEADER_BYTES);
    }
    if (bytes.length < HEADER_BYTES + length) return undefined;
    this.#emit(bytes, bytes.subarray(HEADER_BYTES, HEADER_BYTES + length), '');
    return bytes.subarray(HEADER_BYTES + length);
  }

  #more(bytes: Buffer): Buffer {
    const large = this.#large;
    if (large === undefined) return bytes;
    const piece = bytes.subarray(0, large.left);
    large.hash.update(piece);
    large.left -= piece.length;
    if (large.left === 0) {
      this.#large = undefined;
      this.#emit(large.header, large.first, large.hash.digest('hex'));
    }
    return bytes.subarray(piece.length);
  }

  #emit(header: Buffer, body: Buffer, digest: string): void {
    this.#onFrame({
      flags: header[2] ?? 0,
      status: header[3] ?? 0,
      id: header.readBigInt64BE(4),
      bodyBytes: header.readUInt32BE(12),
      body,
      digest,
    });
  }
}
