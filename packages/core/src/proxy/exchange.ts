import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import { combineEdits } from '../filter/edits.ts';
import type { FilterContext } from '../filter/filter.ts';
import type { HeaderEdits, LocalReply, LookupResult, Outcome } from '../protocol/spi.ts';
import type { Route } from '../route/route.ts';
import type { DownstreamStream, Exchange, HeaderField, ResetReason, UpstreamStream } from '../stream/stream.ts';
import { loop } from '../transport/loop.ts';
import type { Timed } from '../transport/timer-wheel.ts';
import type { PooledConnection } from '../upstream/pooled-connection.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';
import { RequestBody } from './request-body.ts';

/** What a request path does at each event of an exchange. */
export interface ExchangeEvents<Req, Res> {
  onResponse(exchange: ProxiedExchange<Req, Res>, head: Res, end: boolean): void;
  onResponseTrailers(exchange: ProxiedExchange<Req, Res>, trailers: readonly HeaderField[]): void;
  onResponseEnd(exchange: ProxiedExchange<Req, Res>): void;
  onReset(exchange: ProxiedExchange<Req, Res>, processed: boolean, detail: string, code: number | undefined): void;
  onDeadline(exchange: ProxiedExchange<Req, Res>): void;
  onCallerGone(exchange: ProxiedExchange<Req, Res>): void;
  onSent(exchange: ProxiedExchange<Req, Res>): void;
}

/** What of a request path never changes while it serves. */
export interface ExchangeFacts {
  readonly protocol: string;
  /** See StreamProtocol. */
  readonly streaming: boolean;
}

/** One request and its answer: the only object that the engine keeps for it, and what filters see of it. */
export class ProxiedExchange<Req, Res> implements Timed, Exchange<Res>, FilterContext {
  wheelTick = 0;
  wheelNext: Timed | undefined = undefined;
  wheelPrevious: Timed | undefined = undefined;
  readonly downstream: DownstreamStream<Res>;
  readonly head: Req;
  readonly service: string;
  readonly method: string;
  /** The whole request is in `head`. */
  readonly whole: boolean;
  readonly startedUs: number = loop.nowUs;
  route: Route<UpstreamEndpoint<Req, Res>> | undefined = undefined;
  cluster: Cluster<UpstreamEndpoint<Req, Res>> | undefined = undefined;
  target: UpstreamEndpoint<Req, Res> | undefined = undefined;
  pooled: PooledConnection<Req, Res> | undefined = undefined;
  upstream: UpstreamStream | undefined = undefined;
  attempt = 0;
  /** From the wire, in milliseconds; 0: not said. */
  wireTimeoutMs = 0;
  /** In force, in milliseconds; 0: none. */
  timeoutMs = 0;
  /** It holds for the whole exchange; else, of a stream, only while nothing moves. */
  timeoutIsFinal = true;
  bindsConnection = false;
  outcome: Outcome | undefined = undefined;
  localReply: LocalReply | undefined = undefined;
  requestEdits: HeaderEdits | undefined = undefined;
  responseEdits: HeaderEdits | undefined = undefined;
  /** The head of the answer was passed on and its end was not. */
  answering = false;
  /** Something of a large answer, or of a stream, moved since the deadline was armed: it is given up only when it stands still. */
  moved = false;
  over = false;
  /** Of the whole answer on the wire, as far as it came. */
  responseBytes = 0;
  /** Of a stream: what was passed on of its answer. */
  answer: Res | undefined = undefined;
  trailers: readonly HeaderField[] = NO_TRAILERS;
  /** Of a body that followed the request's head. */
  bodyBytes = 0;
  /** Values of the headers that filters declared, once the request's bytes may be gone. */
  captured: readonly LookupResult[] = NONE;
  readonly #events: ExchangeEvents<Req, Res>;
  readonly #facts: ExchangeFacts;
  #body: RequestBody | undefined = undefined;

  constructor(
    events: ExchangeEvents<Req, Res>,
    facts: ExchangeFacts,
    downstream: DownstreamStream<Res>,
    head: Req,
    service: string,
    method: string,
    whole: boolean,
  ) {
    this.#events = events;
    this.#facts = facts;
    this.downstream = downstream;
    this.head = head;
    this.service = service;
    this.method = method;
    this.whole = whole;
  }

  get protocol(): string {
    return this.#facts.protocol;
  }
  get streaming(): boolean {
    return this.#facts.streaming;
  }
  /** Nothing of it is lost yet: it could be sent again. */
  get repeatable(): boolean {
    return this.#body?.complete ?? true;
  }
  get peer(): string {
    return this.downstream.connection.transport.peer;
  }
  get endpoint(): Endpoint | undefined {
    return this.target?.endpoint;
  }
  get elapsedUs(): number {
    return (loop.nowUs - this.startedUs) >>> 0;
  }
  get elapsedMs(): number {
    return this.elapsedUs / 1000;
  }
  get wantsWholeResponse(): boolean {
    return this.responseEdits !== undefined || this.route?.needsWholeResponse === true;
  }
  header(index: number): LookupResult {
    return this.captured[index];
  }
  editRequest(edits: HeaderEdits): void {
    this.requestEdits = combineEdits(this.requestEdits, edits);
  }
  editResponse(edits: HeaderEdits): void {
    this.responseEdits = combineEdits(this.responseEdits, edits);
  }

  /** The request is on its way: what came meanwhile follows. */
  sendTo(upstream: UpstreamStream): void {
    this.upstream = upstream;
    this.#body?.sendTo(upstream);
    if (!this.#facts.streaming) this.#body = undefined;
    if (!this.whole) this.downstream.resume();
  }

  onRequestData(chunk: Buffer, end: boolean): boolean {
    if (this.over) return true;
    const upstream = this.upstream;
    this.bodyBytes += chunk.length;
    this.moved = true;
    if (upstream === undefined || this.#facts.streaming) {
      this.#body ??= new RequestBody();
      this.#body.add(chunk, end, upstream !== undefined);
    }
    return upstream !== undefined && (upstream.sendData(chunk, end) || end);
  }
  onRequestTrailers(trailers: readonly HeaderField[]): void {
    if (this.over) return;
    this.moved = true;
    this.#body ??= new RequestBody();
    this.#body.addTrailers(trailers);
    this.upstream?.sendTrailers(trailers);
  }
  onRequestReset(_reason: ResetReason): void {
    if (!this.over) this.#events.onCallerGone(this);
  }
  /** Something moved, or was taken by whom it waited for, since this was last asked. */
  progressed(): boolean {
    const moved = this.moved;
    this.moved = false;
    const up = this.upstream?.progressed() ?? false;
    const down = this.downstream.progressed();
    return moved || up || down;
  }
  onUpstreamDrain(): void {
    this.moved = true;
    this.downstream.resume();
  }
  onDownstreamDrain(): void {
    this.moved = true;
    if (this.#mayPause) this.upstream?.resume();
  }
  onRequestSent(): void {
    if (!this.over) this.#events.onSent(this);
  }
  onResponseInterim(head: Res): void {
    if (this.over) return;
    this.moved = true;
    this.downstream.respondInterim(head);
  }
  onResponseHead(head: Res, end: boolean): void {
    this.#body?.drop();
    if (!this.over) this.#events.onResponse(this, head, end);
  }
  onResponseData(chunk: Buffer, end: boolean): boolean {
    if (this.over) return true;
    this.moved = true;
    if (this.#facts.streaming) this.responseBytes += chunk.length;
    const more = this.downstream.respondData(chunk, end);
    if (end) this.#events.onResponseEnd(this);
    else if (!more && this.#mayPause) this.upstream?.pause();
    return more;
  }
  onResponseTrailers(trailers: readonly HeaderField[]): void {
    if (!this.over) this.#events.onResponseTrailers(this, trailers);
  }
  onResponseReset(_reason: ResetReason, processed: boolean, detail: string, code?: number): void {
    if (!this.over) this.#events.onReset(this, processed, detail, code);
  }
  onDeadline(): void {
    if (!this.over) this.#events.onDeadline(this);
  }

  /** Nobody else reads from a connection of one's own, so it may wait for a slow caller; and streams with flows of their own may anywhere. */
  get #mayPause(): boolean {
    return this.#facts.streaming || this.pooled?.role !== 'shared';
  }
}

const NONE: readonly LookupResult[] = [];
const NO_TRAILERS: readonly HeaderField[] = [];
