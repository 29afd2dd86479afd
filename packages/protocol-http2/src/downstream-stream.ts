import type { DownstreamStream, Exchange, HeaderEdits, HeaderField, LocalReply } from '@polywire/core/spi';
import { ENDED } from './closed-streams.ts';
import type { Http2DownstreamConnection } from './downstream-connection.ts';
import { responseFields } from './edit.ts';
import { inPlace } from './flow/in-place.ts';
import { INTERNAL_ERROR, NO_ERROR } from './frame.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import { localReply } from './reply.ts';
import { Http2Stream, type StreamEnd } from './stream.ts';

/** Data of so many bytes is copied: the engine may keep it until the answer begins, and a view would keep all that was received with it. */
const COPIED_BYTES = 4096;

/** One request of a caller. */
export class Http2DownstreamStream extends Http2Stream implements DownstreamStream<ResponseHead> {
  exchange: Exchange<ResponseHead> | undefined = undefined;
  readonly connection: Http2DownstreamConnection;
  readonly head: RequestHead;

  constructor(connection: Http2DownstreamConnection, id: number, head: RequestHead) {
    super(connection, id);
    this.connection = connection;
    this.head = head;
  }

  onData(chunk: Buffer, from: number, to: number, end: boolean): void {
    const { exchange } = this;
    if (exchange === undefined) return;
    const data = to - from <= COPIED_BYTES ? copyOf(chunk, from, to) : inPlace.view(chunk, from, to);
    if (!exchange.onRequestData(data, end)) this.pause();
    inPlace.end();
  }
  onReset(_code: number, detail: string, how: StreamEnd): void {
    if (how === 'by-error') this.connection.handler.onUnreadable(detail);
    this.exchange?.onRequestReset(how === 'by-peer' ? 'cancelled' : 'protocol-error');
  }
  onDrained(): void {
    this.exchange?.onDownstreamDrain();
  }
  onEndSent(): void {
    this.connection.guard.answered();
    if (this.remoteEnded) this.connection.remove(this, ENDED);
    // RFC 9113, section 8.1: the answer is whole, and the rest of the request is not wanted.
    else this.connection.resetStream(this, NO_ERROR);
  }

  respond(head: ResponseHead, edits: HeaderEdits | undefined, end: boolean): boolean {
    const fields = responseFields(head, edits);
    if (fields === undefined) return false;
    if (!this.closed) this.#headers(fields, end);
    return true;
  }
  respondInterim(head: ResponseHead): void {
    if (!this.closed) this.#headers(head.facts.fields, false);
  }
  respondData(chunk: Buffer, end: boolean): boolean {
    if (this.closed) return true;
    if (this.connection.sender.data(this, chunk, end)) return true;
    this.connection.onQueued(this);
    return false;
  }
  respondTrailers(trailers: readonly HeaderField[]): void {
    if (this.closed) return;
    this.connection.sender.trailers(this, trailers);
    this.connection.limitUnread();
  }
  reply(local: LocalReply): void {
    if (this.closed) return;
    const { fields, body } = localReply(this.head, local);
    this.#headers(fields, body === undefined);
    if (body !== undefined) this.respondData(body, true);
  }
  abort(_detail: string, code: number = INTERNAL_ERROR): void {
    // Without an error its receiver would take what came for the whole answer.
    this.connection.resetStream(this, code === NO_ERROR ? INTERNAL_ERROR : code);
  }
  finish(): void {
    this.abort('');
  }

  #headers(fields: readonly HeaderField[], end: boolean): void {
    this.connection.writer.headers(this.id, fields, end);
    if (end) this.onEndSent();
    this.connection.limitUnread();
  }
}

function copyOf(chunk: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  chunk.copy(copy, 0, from, to);
  return copy;
}
