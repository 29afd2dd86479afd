import type {
  DownstreamConnection,
  Exchange,
  HeaderEdits,
  SendResult,
  Transport,
  UpstreamConnection,
  UpstreamOwner,
} from '@polywire/core/spi';
import { ENDED, RESET_BY_PEER } from './closed-streams.ts';
import { Http2Connection } from './connection.ts';
import { requestFields } from './edit.ts';
import type { Http2Environment } from './environment.ts';
import {
  CANCEL,
  ConnectionError,
  ENHANCE_YOUR_CALM,
  errorName,
  NO_ERROR,
  PING,
  PREFACE,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './frame.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import type { HeaderBlock } from './header-block.ts';
import { Http2UpstreamStream } from './upstream-stream.ts';

const KEEP_ALIVE = Buffer.from('polywire', 'latin1');
/** What most ports for TLS do with a plain caller. */
const CLOSED_UNHEARD =
  'the service closed the connection before it said anything in HTTP/2: does its port take TLS (trafficPolicy.tls of a DestinationRule), or another protocol?';

/** A connection to a service. */
export class Http2UpstreamConnection extends Http2Connection<Http2UpstreamStream> implements UpstreamConnection<RequestHead, ResponseHead> {
  readonly draining = false;
  readonly midRequest = false;
  readonly movedUs = 0;
  readonly #owner: UpstreamOwner;
  #nextId = 1;
  /** Streams up to here were handed to the socket. */
  #flushedId = 0;
  /** It takes no new requests. */
  #leaving = false;
  /** Streams of which something waits for a slow caller, in the order in which they began to. */
  readonly #holding = new Set<Http2UpstreamStream>();

  constructor(environment: Http2Environment, transport: Transport, owner: UpstreamOwner) {
    super(environment, transport);
    this.#owner = owner;
    environment.counters.serviceConnections++;
    const { options, knownLimits } = environment;
    this.peer.maxConcurrentStreams = knownLimits.get(transport.peer) ?? this.peer.maxConcurrentStreams;
    transport.write(PREFACE);
    this.greet({ ...options, noPush: true, maxConcurrentStreams: undefined, initialWindow: options.streamWindow });
  }

  get usable(): boolean {
    if (this.#leaving || this.ending || this.transport.closed) return false;
    const { open, transport } = this;
    const { limits } = this.environment.engine;
    if (open >= this.peer.maxConcurrentStreams || open >= limits.maxPendingPerConnection) return false;
    return !transport.full || transport.queuedBytes + this.sender.queuedBytes < limits.upstreamQueueBytes;
  }
  get unanswered(): number {
    return this.open;
  }
  protected get peerIsServer(): boolean {
    return true;
  }
  protected get lastPeerId(): number {
    return 0;
  }
  protected isIdle(id: number): boolean {
    return (id & 1) === 0 || id >= this.#nextId;
  }

  send(head: RequestHead, edits: HeaderEdits | undefined, end: boolean, exchange: Exchange<ResponseHead>): SendResult<Http2UpstreamStream> {
    const fields = requestFields(head, edits);
    if (fields === undefined) return 'a rule changes headers of this request in a way that HTTP/2 does not allow';
    const id = this.#nextId;
    this.#nextId = id + 2;
    const stream = new Http2UpstreamStream(this, id, head, end, exchange);
    this.streams.add(stream);
    this.environment.counters.serviceStreams++;
    this.writer.headers(id, fields, end);
    if (this.#nextId > this.environment.options.maxStreamId) this.#leave();
    return stream;
  }
  ping(): boolean {
    if (this.ending) return false;
    this.writer.frame(PING, 0, 0, KEEP_ALIVE, 0, KEEP_ALIVE.length);
    return true;
  }
  /** Services that speak HTTP/2 call nobody back. */
  bind(_caller: DownstreamConnection): void {}

  override onFlushed(): void {
    super.onFlushed();
    this.#flushedId = this.#nextId - 2;
    this.awaitAcknowledgement();
  }
  onEnd(): void {
    if (this.open > 0) return this.transport.destroy(this.greeted ? 'the service closed the connection' : CLOSED_UNHEARD);
    this.#leave();
    if (!this.ending) this.endTransport();
  }
  onClose(reason: string): void {
    this.ending = true;
    this.#leaving = true;
    this.stopTimers();
    this.environment.counters.serviceConnections--;
    this.#owner.onClosed(reason);
    const flushed = this.#flushedId;
    for (const stream of this.streams.all()) {
      this.remove(stream, RESET_BY_PEER);
      stream.exchange.onResponseReset('connection-closed', stream.id <= flushed, reason);
    }
  }

  /** The last of an answer came. */
  onAnswerEnd(stream: Http2UpstreamStream): void {
    stream.remoteEnded = true;
    if (stream.localEnded) this.remove(stream, ENDED);
    // RFC 9113, section 8.1: nobody needs the rest of the request.
    else this.resetStream(stream, NO_ERROR);
  }

  /**
   * The callers of others must not wait for slow ones: when there is no room left for what is not read, whoever has not read for the longest
   * loses its answer. A download that flows waits, too, but never for long.
   */
  override hold(stream: Http2UpstreamStream, bytes: number): void {
    super.hold(stream, bytes);
    if (bytes < 0) {
      this.#holding.delete(stream);
      return;
    }
    this.#holding.add(stream);
    for (const longest of this.#holding) {
      if (!this.overfull) return;
      this.environment.counters.stalledStreams++;
      this.resetStream(longest, CANCEL);
      longest.exchange.onResponseReset('local', true, 'its caller does not read it (held-bytes)', ENHANCE_YOUR_CALM);
    }
  }

  protected onHeaders(id: number, block: HeaderBlock, end: boolean, fault: string | undefined): void {
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, `HEADERS for stream ${id}, which is not open`);
      if (this.closedStreams.how(id) === ENDED) throw new ConnectionError(STREAM_CLOSED, `HEADERS for stream ${id}, which was ended`);
      return;
    }
    if (fault !== undefined) return this.streamError(id, PROTOCOL_ERROR, fault);
    stream.onHeaders(block, end);
  }
  protected onResetFrame(stream: Http2UpstreamStream, code: number): void {
    if (code === REFUSED_STREAM) stream.onReset(code, 'the service refused the stream', 'unprocessed');
    else stream.onReset(code, '', 'by-peer');
  }
  protected onGoAwayFrame(lastId: number, code: number, text: string): void {
    this.environment.counters.goAwaysReceived++;
    this.#leave();
    const detail = `the service sent GOAWAY with ${errorName(code)}${text === '' ? '' : `: ${text}`}`;
    for (const stream of this.streams.all()) {
      if (stream.id <= lastId) continue;
      this.remove(stream, RESET_BY_PEER);
      stream.onReset(code, detail, 'unprocessed');
    }
    this.#endWhenIdle();
  }
  protected onPong(): void {}
  /** Who takes no streams may take them later, but a connection that waits for that is one too many for each request meanwhile. */
  protected onSettings(): void {
    const { maxConcurrentStreams } = this.peer;
    this.environment.knownLimits.set(this.transport.peer, Math.max(1, maxConcurrentStreams));
    if (maxConcurrentStreams > 0) return;
    this.#leave();
    this.#endWhenIdle();
  }
  protected onFailed(): void {
    this.#leave();
  }
  protected onRemoved(): void {
    this.environment.counters.serviceStreams--;
    this.#endWhenIdle();
  }

  #leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#owner.onLeaving();
  }
  #endWhenIdle(): void {
    if (!this.#leaving || this.ending || this.open > 0) return;
    this.#owner.onGivenUp();
    this.sayGoAway(0, NO_ERROR, '');
    this.endTransport();
  }
}
