import type { Peek } from '../protocol/spi.ts';

const EMPTY = Buffer.alloc(0);
/** Consumed chunks are forgotten in batches, so that a long queue is not moved for each. */
const FORGET_AT = 1024;
/** Smaller chunks behind others are gathered: kept one by one, a caller that trickles would cost hundreds of bytes for each of its own. */
const SMALL_BYTES = 256;
const GATHERED_BYTES = 4096;

/** Received chunks of one connection, in order. Never rewrites a chunk that it handed out, never gathers more than was asked for. */
export class Inbox implements Peek {
  available = 0;
  /** Where the last take() or front() found its bytes. */
  taken: Buffer = EMPTY;
  takenFrom = 0;
  #chunk: Buffer = EMPTY;
  #at = 0;
  #rest: Buffer[] | undefined = undefined;
  #restAt = 0;
  /**
   * The piece in which the last look behind the first chunk began, and the offset of its first byte: looks go forward, and a long queue is not
   * walked for each. An index below `#restAt` is the first chunk, -1 nothing: bytes were consumed since.
   */
  #lookIndex = -1;
  #lookBase = 0;
  /** Gathers small chunks; `#gathered`, the part of it that is in use, is the last of `#rest`. */
  #gathering: Buffer = EMPTY;
  #gathered: Buffer = EMPTY;

  push(chunk: Buffer): void {
    if (this.available === 0) {
      this.#chunk = chunk;
      this.#at = 0;
    } else {
      this.#rest ??= [];
      if (chunk.length < SMALL_BYTES) this.#append(this.#rest, chunk);
      else this.#rest.push(chunk);
    }
    this.available += chunk.length;
  }

  uint8(offset: number): number {
    const i = this.#at + offset;
    return i < this.#chunk.length ? (this.#chunk[i] as number) : this.view(offset, offset + 1).readUInt8(0);
  }
  uint16(offset: number): number {
    const i = this.#at + offset;
    const c = this.#chunk;
    return i + 2 <= c.length ? ((c[i] as number) << 8) | (c[i + 1] as number) : this.view(offset, offset + 2).readUInt16BE(0);
  }
  uint32(offset: number): number {
    const i = this.#at + offset;
    const c = this.#chunk;
    if (i + 4 > c.length) return this.view(offset, offset + 4).readUInt32BE(0);
    return (((c[i] as number) << 24) | ((c[i + 1] as number) << 16) | ((c[i + 2] as number) << 8) | (c[i + 3] as number)) >>> 0;
  }
  indexOf(byte: number, from: number): number {
    this.#look(from);
    let base = this.#lookBase;
    let index = this.#lookIndex;
    for (let piece = this.#piece(index); piece !== undefined; piece = this.#piece(++index)) {
      const found = piece.indexOf(byte, Math.max(from - base, 0));
      if (found >= 0) return base + found;
      base += piece.length;
    }
    return -1;
  }
  view(from: number, to: number): Buffer {
    if (this.#at + to <= this.#chunk.length) return this.#chunk.subarray(this.#at + from, this.#at + to);
    return this.#gather(from, to);
  }

  /** Looks at the first `length` bytes without consuming them: taken[takenFrom, takenFrom + length). */
  front(length: number): void {
    if (this.#at + length <= this.#chunk.length) {
      this.taken = this.#chunk;
      this.takenFrom = this.#at;
    } else {
      this.taken = this.#gather(0, length);
      this.takenFrom = 0;
    }
  }

  /** Consumes `length` bytes: taken[takenFrom, takenFrom + length). Copies only what straddles chunks. */
  take(length: number): void {
    const at = this.#at;
    const end = at + length;
    this.#lookIndex = -1;
    if (end < this.#chunk.length) {
      this.taken = this.#chunk;
      this.takenFrom = at;
      this.#at = end;
      this.available -= length;
      return;
    }
    this.front(length);
    this.skip(length);
  }

  /** Consumes up to `most` bytes of the first chunk as a view. */
  takePiece(most: number): Buffer {
    const size = Math.min(most, this.#chunk.length - this.#at);
    const piece = this.#chunk.subarray(this.#at, this.#at + size);
    this.skip(size);
    return piece;
  }

  skip(length: number): void {
    this.available -= length;
    this.#lookIndex = -1;
    let left = length;
    while (left >= this.#chunk.length - this.#at && this.#chunk !== EMPTY) {
      left -= this.#chunk.length - this.#at;
      this.#next();
    }
    this.#at += left;
  }

  /** Forgets what the last take() found, so that an idle connection pins no chunk. */
  release(): void {
    this.taken = EMPTY;
  }

  #gather(from: number, to: number): Buffer {
    const out = Buffer.allocUnsafe(to - from);
    let written = 0;
    this.#look(from);
    let base = this.#lookBase;
    let index = this.#lookIndex;
    for (let piece = this.#piece(index); piece !== undefined && base < to; piece = this.#piece(++index)) {
      const start = Math.max(from - base, 0);
      const stop = Math.min(to - base, piece.length);
      if (start < stop) written += piece.copy(out, written, start, stop);
      base += piece.length;
    }
    return out;
  }
  /** Finds the piece that holds the byte at `from`, else the last one, which may still grow. */
  #look(from: number): void {
    if (this.#lookIndex < 0 || from < this.#lookBase) {
      this.#lookIndex = this.#restAt - 1;
      this.#lookBase = -this.#at;
    }
    let piece = this.#piece(this.#lookIndex) ?? EMPTY;
    for (let next = this.#piece(this.#lookIndex + 1); next !== undefined; next = this.#piece(this.#lookIndex + 1)) {
      if (this.#lookBase + piece.length > from) return;
      this.#lookBase += piece.length;
      this.#lookIndex++;
      piece = next;
    }
  }
  #piece(index: number): Buffer | undefined {
    return index < this.#restAt ? this.#chunk : this.#rest?.[index];
  }
  #append(rest: Buffer[], chunk: Buffer): void {
    let used = this.#gathered.length;
    const goesOn = rest.length > 0 && rest[rest.length - 1] === this.#gathered && used + chunk.length <= this.#gathering.length;
    if (goesOn) {
      rest.pop();
    } else {
      this.#gathering = Buffer.allocUnsafeSlow(GATHERED_BYTES);
      used = 0;
    }
    chunk.copy(this.#gathering, used);
    this.#gathered = this.#gathering.subarray(0, used + chunk.length);
    rest.push(this.#gathered);
  }
  #next(): void {
    this.#at = 0;
    const rest = this.#rest;
    if (rest === undefined) {
      this.#chunk = EMPTY;
      return;
    }
    this.#chunk = rest[this.#restAt++] ?? EMPTY;
    if (this.#restAt >= rest.length) {
      this.#rest = undefined;
      this.#restAt = 0;
      this.#gathering = EMPTY;
      this.#gathered = EMPTY;
    } else if (this.#restAt >= FORGET_AT) {
      rest.splice(0, this.#restAt);
      this.#restAt = 0;
    }
  }
}
