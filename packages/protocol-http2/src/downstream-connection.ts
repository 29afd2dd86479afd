import type { BoundUpstream, DownstreamConnection, RequestHandler, Transport } from '@polywire/core/spi';
import { ENDED, NEVER_OPEN, RESET_BY_PEER, RESET_HERE } from './closed-streams.ts';
import { Http2Connection } from './connection.ts';
import { Http2DownstreamStream } from './downstream-stream.ts';
import { Deadline, type Http2Environment } from './environment.ts';
import {
  CANCEL,
  ConnectionError,
  ENHANCE_YOUR_CALM,
  MAX_STREAM_ID,
  NO_ERROR,
  PING,
  PREFACE,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './frame.ts';
import { Malformed, RequestHead, type ResponseHead } from './head.ts';
import type { HeaderBlock } from './header-block.ts';
import { textReply } from './reply.ts';
import { readRequest } from './request-rules.ts';
import { readTrailers } from './trailer-rules.ts';

/** Callers that get a GOAWAY may have sent requests before they read it: how long their answer to a PING is waited for. Milliseconds. */
const DRAIN_PING_MS = 1000;
const DRAIN_PING = Buffer.from('draining', 'latin1');
/** Methods of HTTP/1, whose callers read what is said to them. */
const HTTP1_START = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) /;
const HTTP1_START_BYTES = 8;
const HTTP1_REFUSAL = Buffer.from(
  'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 30\r\n\r\nthis port speaks HTTP/2 alone\n',
  'latin1',
);

/** A TLS record of the type handshake begins with this byte: RFC 8446, section 5.1. */
const TLS_HANDSHAKE = 0x16;

/** A caller's connection. */
export class Http2DownstreamConnection extends Http2Connection<Http2DownstreamStream> implements DownstreamConnection {
  readonly bindings: Map<object, BoundUpstream> = new Map();
  readonly handler: RequestHandler<RequestHead, ResponseHead>;
  readonly #maxStreams: number;
  #prefaceBytes = 0;
  #lastId = 0;
  /** It was told to go: #lastKeptId is the last stream that is served, once that is fixed. */
  #leaving = false;
  #lastKeptId: number = MAX_STREAM_ID;
  #drainTime: Deadline | undefined = undefined;
  #stallTime: Deadline | undefined = undefined;

  constructor(environment: Http2Environment, transport: Transport, handler: RequestHandler<RequestHead, ResponseHead>) {
    super(environment, transport);
    this.handler = handler;
    this.#maxStreams = Math.min(environment.options.maxConcurrentStreams, environment.engine.limits.maxPendingPerConnection);
    environment.counters.callerConnections++;
  }

  protected get peerIsServer(): boolean {
    return false;
  }
  protected get lastPeerId(): number {
    return this.#lastId;
  }
  protected isIdle(id: number): boolean {
    return (id & 1) === 0 || id > this.#lastId;
  }

  override onBytes(chunk: Buffer): void {
    if (this.#prefaceBytes === PREFACE.length) return super.onBytes(chunk);
    if (this.ending) return;
    const rest = this.#readPreface(chunk);
    if (rest === undefined) return this.#refuse(chunk);
    if (this.#prefaceBytes < PREFACE.length) return this.timeHeaders(true);
    const { options } = this.environment;
    this.greet({ ...options, noPush: false, maxConcurrentStreams: this.#maxStreams, initialWindow: options.streamWindow });
    this.awaitAcknowledgement();
    super.onBytes(rest);
  }
  /** Who ends its side can open no window and acknowledge nothing: it is gone, as other servers take it, too. */
  onEnd(): void {
    if (this.ending) return;
    this.#forgetStreams();
    if (!this.ending) this.endTransport();
  }
  onClose(reason: string): void {
    this.ending = true;
    this.stopTimers();
    this.environment.counters.callerConnections--;
    this.#forgetStreams();
    this.handler.onConnectionClosed(this, reason);
  }

  goAway(): void {
    if (this.#leaving || this.ending) return;
    this.#leaving = true;
    if (this.#prefaceBytes < PREFACE.length) return this.endTransport();
    this.sayGoAway(MAX_STREAM_ID, NO_ERROR, 'shutting down');
    this.writer.frame(PING, 0, 0, DRAIN_PING, 0, DRAIN_PING.length);
    this.#drainTime = new Deadline(this.environment.engine.wheel, () => this.#fixLastStream());
    this.#drainTime.arm(DRAIN_PING_MS);
  }

  /** RFC 9113, section 9.1: whoever sends a request just now learns that it was not looked at, and may send it again. */
  endIdle(): boolean {
    if (this.ending || this.#prefaceBytes < PREFACE.length) return false;
    this.sayGoAway(this.#lastId, NO_ERROR, 'idle');
    this.endTransport();
    return true;
  }

  /** Heads and trailers have no windows: what waits of them is bounded with everything else that the socket does not take. */
  limitUnread(): void {
    const { transport } = this;
    if (!transport.full || transport.queuedBytes <= this.environment.engine.limits.downstreamQueueBytes) return;
    transport.destroy(`the caller does not read its answers: ${transport.queuedBytes} bytes queued`);
  }
  /** A stream's answer waits for the caller. */
  onQueued(stream: Http2DownstreamStream): void {
    const { downstreamQueueBytes, streamIdleTimeout } = this.environment.engine.limits;
    this.limitUnread();
    if (this.transport.closed) return;
    if (this.sender.queuedBytes > downstreamQueueBytes) return this.#giveUp(stream, ENHANCE_YOUR_CALM, 'limits.downstreamQueueBytes');
    if (streamIdleTimeout <= 0 || this.#stallTime?.armed) return;
    this.#stallTime ??= new Deadline(this.environment.engine.wheel, () => this.#lookForStalls());
    this.#stallTime.arm(streamIdleTimeout);
  }

  protected onHeaders(id: number, block: HeaderBlock, end: boolean, fault: string | undefined): void {
    const stream = this.streams.get(id);
    if (stream !== undefined) return this.#onTrailers(stream, block, end, fault);
    if ((id & 1) === 0) throw new ConnectionError(PROTOCOL_ERROR, `stream ${id} is not a client's to open`);
    if (id <= this.#lastId) return this.#onLateHeaders(id);
    this.#lastId = id;
    if (this.open >= this.#maxStreams || id > this.#lastKeptId) return this.#refuseStream(id);
    if (fault !== undefined) return this.#refuseMalformed(id, fault);
    if (block.overLimit) return this.#refuseHeaders(id, end);
    const facts = readRequest(block);
    if (facts instanceof Malformed) return this.#refuseMalformed(id, facts.detail);
    if (end && facts.contentLength > 0) return this.#refuseMalformed(id, 'no data, though content-length says so');
    const opened = new Http2DownstreamStream(this, id, new RequestHead(facts, block.listBytes));
    opened.remoteEnded = end;
    opened.expected = facts.contentLength;
    this.streams.add(opened);
    this.environment.counters.callerStreams++;
    if (facts.isConnect) {
      this.handler.onLocalReply('bad-request');
      return opened.reply({ reason: 'bad-request', message: 'CONNECT is not supported' });
    }
    opened.exchange = this.handler.onRequest(opened, opened.head, end);
  }
  protected onResetFrame(stream: Http2DownstreamStream, code: number): void {
    stream.onReset(code, '', 'by-peer');
    this.guard.reset();
  }
  protected onGoAwayFrame(): void {
    this.environment.counters.goAwaysReceived++;
  }
  protected onPong(): void {
    if (this.#leaving) this.#fixLastStream();
  }
  protected onSettings(): void {}
  protected onFailed(error: ConnectionError): void {
    this.handler.onUnreadable(error.message);
  }
  protected onRemoved(): void {
    this.environment.counters.callerStreams--;
    this.#endWhenIdle();
  }
  protected override stopTimers(): void {
    super.stopTimers();
    this.#drainTime?.disarm();
    this.#stallTime?.disarm();
  }

  /** What follows the preface; undefined: this is none. */
  #readPreface(chunk: Buffer): Buffer | undefined {
    const at = this.#prefaceBytes;
    const bytes = Math.min(chunk.length, PREFACE.length - at);
    if (PREFACE.compare(chunk, 0, bytes, at, at + bytes) !== 0) return undefined;
    this.#prefaceBytes += bytes;
    return chunk.subarray(bytes);
  }
  #refuse(chunk: Buffer): void {
    const isFirst = this.#prefaceBytes === 0;
    const isHttp1 = isFirst && HTTP1_START.test(chunk.toString('latin1', 0, HTTP1_START_BYTES));
    const isTls = isFirst && chunk[0] === TLS_HANDSHAKE;
    const seen = isTls ? ': the caller begins with TLS, which this listener does not take' : isHttp1 ? ': the caller speaks HTTP/1' : '';
    this.handler.onUnreadable(`the connection does not begin as HTTP/2 does${seen}`);
    this.environment.counters.protocolErrors++;
    if (isHttp1) this.transport.write(HTTP1_REFUSAL);
    this.endTransport();
  }

  #onTrailers(stream: Http2DownstreamStream, block: HeaderBlock, end: boolean, fault: string | undefined): void {
    const { id } = stream;
    if (stream.remoteEnded) return this.streamError(id, STREAM_CLOSED, 'HEADERS behind the end of their stream');
    if (fault !== undefined) return this.streamError(id, PROTOCOL_ERROR, fault);
    if (!end) return this.streamError(id, PROTOCOL_ERROR, 'trailers that do not end their stream');
    if (block.overLimit) return this.streamError(id, ENHANCE_YOUR_CALM, 'trailers over the limit (max-header-list)');
    const trailers = readTrailers(block);
    if (trailers instanceof Malformed) return this.streamError(id, PROTOCOL_ERROR, trailers.detail);
    const short = stream.count(0, true);
    if (short !== undefined) return this.streamError(id, PROTOCOL_ERROR, short);
    stream.remoteEnded = true;
    stream.exchange?.onRequestTrailers(trailers);
  }

  /** RFC 9113, sections 5.1 and 5.1.1. */
  #onLateHeaders(id: number): void {
    switch (this.closedStreams.how(id)) {
      case RESET_HERE:
        return;
      case ENDED:
        throw new ConnectionError(STREAM_CLOSED, `HEADERS for stream ${id}, which was ended`);
      case NEVER_OPEN:
        throw new ConnectionError(PROTOCOL_ERROR, `stream ${id} comes after stream ${this.#lastId}`);
      default:
        this.streamError(id, STREAM_CLOSED, `HEADERS for stream ${id}, which is over`);
    }
  }
  #refuseStream(id: number): void {
    this.#resetUnopened(id, REFUSED_STREAM);
    this.environment.counters.refusedStreams++;
    // Until it acknowledges them, the caller may not know our limits.
    if (this.acknowledged && !this.#leaving) this.guard.streamError();
  }
  #refuseMalformed(id: number, detail: string): void {
    this.#resetUnopened(id, PROTOCOL_ERROR);
    this.environment.counters.protocolErrors++;
    this.handler.onUnreadable(detail);
    this.guard.streamError();
  }
  #resetUnopened(id: number, code: number): void {
    this.writer.reset(id, code);
    this.environment.counters.resetsSent++;
    this.closedStreams.add(id, RESET_HERE);
    this.replied();
  }
  /** RFC 9113, section 10.5.1. */
  #refuseHeaders(id: number, end: boolean): void {
    this.handler.onLocalReply('too-large');
    this.writer.headers(id, textReply(431, '').fields, true);
    if (end) this.closedStreams.add(id, ENDED);
    else this.#resetUnopened(id, NO_ERROR);
    this.guard.streamError();
    this.replied();
  }

  #giveUp(stream: Http2DownstreamStream, code: number, why: string): void {
    this.environment.counters.stalledStreams++;
    this.resetStream(stream, code);
    this.handler.onUnreadable(`the caller does not take its answer (${why})`);
    stream.exchange?.onRequestReset('local');
  }
  /** The caller is gone. */
  #forgetStreams(): void {
    for (const stream of this.streams.all()) {
      this.remove(stream, RESET_BY_PEER);
      stream.exchange?.onRequestReset('connection-closed');
    }
  }
  /** Answers of which nothing was taken since the last look. What core waits for has deadlines; these may be over for it. */
  #lookForStalls(): void {
    let waiting = false;
    for (const stream of this.streams.all()) {
      if (stream.queue === undefined) continue;
      if (stream.queue.moved) {
        stream.queue.moved = false;
        waiting = true;
      } else this.#giveUp(stream, CANCEL, 'limits.streamIdleTimeout');
    }
    if (waiting && !this.ending) this.#stallTime?.arm(this.environment.engine.limits.streamIdleTimeout);
  }

  /** The caller had time to hear that it should go: what comes later is refused. */
  #fixLastStream(): void {
    if (this.#lastKeptId !== MAX_STREAM_ID || this.ending) return;
    this.#drainTime?.disarm();
    this.#lastKeptId = this.#lastId;
    this.sayGoAway(this.#lastId, NO_ERROR, '');
    this.#endWhenIdle();
  }
  #endWhenIdle(): void {
    if (this.ending || this.open > 0) return;
    if (this.#lastKeptId !== MAX_STREAM_ID) this.endTransport();
  }
}
