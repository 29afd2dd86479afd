import type { Transport } from '@polywire/core/spi';

/**
 * A connection that keeps what is written to it. As a socket's queue it keeps the writer's own memory until the bytes are taken: who writes
 * over it meanwhile is found out. What counts as queued is for the test to say.
 */
export class MemoryTransport implements Transport {
  readonly peer = '127.0.0.1:1';
  readonly peerAddress = '127.0.0.1';
  queuedBytes = 0;
  full = false;
  closed = false;
  ended = false;
  /** Why it was destroyed. */
  reason: string | undefined = undefined;
  #written: Buffer[] = [];

  writeRange(buffer: Buffer, from: number, to: number): void {
    if (!this.closed) this.#written.push(buffer.subarray(from, to));
  }
  write(buffer: Buffer): void {
    this.writeRange(buffer, 0, buffer.length);
  }
  pause(): void {}
  resume(): void {}
  end(): void {
    this.ended = true;
  }
  destroy(reason: string): void {
    this.closed = true;
    this.reason ??= reason;
  }
  /** What was written since it was asked last. */
  take(): Buffer {
    const all = Buffer.concat(this.#written);
    this.#written = [];
    return all;
  }
}
