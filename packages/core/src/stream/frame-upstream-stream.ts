import type { Frame } from '../protocol/spi.ts';
import type { FrameUpstreamConnection } from './frame-upstream.ts';
import type { Pending } from './pending-table.ts';
import type { Exchange, ResetReason, UpstreamStream } from './stream.ts';
import type { TrailerPatch } from './trailer-patch.ts';

/** One request to a service. */
export class FrameUpstreamStream<F extends Frame> implements UpstreamStream, Pending {
  id = 0;
  cancelled = false;
  /** It bears its id on the wire. */
  identified = false;
  /** Its first bytes were handed to the socket. */
  sent = false;
  readonly exchange: Exchange<F>;
  /** Corrects the checksum behind a large request. */
  trailer: TrailerPatch | undefined = undefined;
  readonly #connection: FrameUpstreamConnection<F>;
  readonly head: F;
  /** No data follows the head. */
  readonly #whole: boolean;

  constructor(connection: FrameUpstreamConnection<F>, head: F, whole: boolean, exchange: Exchange<F>) {
    this.#connection = connection;
    this.head = head;
    this.#whole = whole;
    this.exchange = exchange;
  }

  get oneway(): boolean {
    return this.head.kind === 'oneway';
  }

  /** @param empty what stands for the bytes from here on: a request that waits for its answer must not pin the received chunk */
  flushed(empty: Buffer): void {
    this.sent = true;
    if (this.cancelled) return;
    this.head.chunk = empty;
    if (this.#whole && this.head.kind === 'oneway') this.exchange.onRequestSent();
  }

  sendData(chunk: Buffer, end: boolean): boolean {
    // From here on the request cannot be sent again: its data is not kept.
    this.sent = true;
    this.trailer?.apply(chunk);
    this.#connection.transport.write(chunk);
    if (end) {
      this.#connection.sendingEnded();
      if (this.head.kind === 'oneway') this.exchange.onRequestSent();
    }
    return !this.#connection.transport.full;
  }

  /** Frames have nothing behind a request. */
  sendTrailers(): void {}
  /** Frames that wait are their connection's affair. */
  progressed(): boolean {
    return false;
  }
  cancel(_reason: ResetReason): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.#connection.abandon(this);
  }
  pause(): void {
    this.#connection.transport.pause();
  }
  resume(): void {
    this.#connection.transport.resume();
  }
}
