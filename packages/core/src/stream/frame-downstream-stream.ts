import type { Frame, HeaderEdits, LocalReply } from '../protocol/spi.ts';
import type { FrameDownstreamConnection } from './frame-downstream.ts';
import type { Linked } from './linked-streams.ts';
import { trailerOf, withFront } from './patched-frame.ts';
import type { DownstreamStream, Exchange } from './stream.ts';
import type { TrailerPatch } from './trailer-patch.ts';

/** One request of a caller. */
export class FrameDownstreamStream<F extends Frame> implements DownstreamStream<F>, Linked<FrameDownstreamStream<F>> {
  next: FrameDownstreamStream<F> | undefined = undefined;
  previous: FrameDownstreamStream<F> | undefined = undefined;
  exchange: Exchange<F> | undefined = undefined;
  readonly connection: FrameDownstreamConnection<F>;
  readonly request: F;
  /** Corrects the checksum behind a large answer. */
  #trailer: TrailerPatch | undefined = undefined;
  #over = false;

  constructor(connection: FrameDownstreamConnection<F>, request: F) {
    this.connection = connection;
    this.request = request;
  }

  respond(head: F, edits: HeaderEdits | undefined, end: boolean): boolean {
    const connection = this.connection;
    const front = connection.protocol.multiplexing?.restoreId(head, this.request);
    if (edits !== undefined) {
      const pieces = end ? connection.protocol.mediation?.edit(head, edits, front) : undefined;
      if (pieces === undefined) return false;
      const whole = Buffer.concat(pieces);
      connection.emit(this, whole, 0, whole.length, true);
    } else if (front === undefined) {
      connection.emit(this, head.chunk, head.from, head.to, end);
    } else {
      const bytes = withFront(head, front);
      connection.emit(this, bytes, 0, bytes.length, end);
    }
    if (end) this.finish();
    else this.#trailer = trailerOf(connection.protocol, head);
    return true;
  }
  /** Frames have nothing before an answer. */
  respondInterim(): void {}
  respondData(chunk: Buffer, end: boolean): boolean {
    this.#trailer?.apply(chunk);
    this.connection.emit(this, chunk, 0, chunk.length, end);
    if (end) this.finish();
    return this.connection.mayWrite(this);
  }
  /** Frames have nothing behind an answer: its last byte was passed on. */
  respondTrailers(): void {
    this.finish();
  }
  reply(local: LocalReply): void {
    if (this.request.kind !== 'oneway') {
      const mediation = this.connection.protocol.mediation;
      if (mediation === undefined) {
        this.finish();
        this.connection.transport.destroy(local.message);
        return;
      }
      const bytes = mediation.localReply(this.request, local);
      this.connection.emit(this, bytes, 0, bytes.length, true);
    }
    this.finish();
  }
  abort(detail: string): void {
    this.finish();
    this.connection.transport.destroy(detail);
  }
  finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.connection.closed(this);
  }
  /** Frames that wait are their connection's affair. */
  progressed(): boolean {
    return false;
  }
  pause(): void {
    this.connection.pauseFor(this, true);
  }
  resume(): void {
    this.connection.pauseFor(this, false);
  }
}
