import type { StreamCalls } from '../protocol/calls.ts';
import type { Echo, HeaderEdits, HeaderScan, LocalReply, LocalReplyReason, Outcome, ScanRequest } from '../protocol/spi.ts';
import type { Transport, TransportUser } from '../transport/transport.ts';

/**
 * How the engine reads heads. A frame protocol's frame *is* its head: no second object. A reader instead of getters on the head keeps
 * both sides typed without touching prototypes.
 */
export interface HeadReader<Req, Res> {
  /** Methods are paths: what rules call `uri`, and not the last part of it. */
  readonly methodIsPath: boolean;
  service(request: Req): string;
  method(request: Req): string;
  /** @throws ConfigError for a name that this protocol can never have */
  scan(wanted: ScanRequest): HeaderScan<Req>;
  /** Why these changes can be made to no message at all; undefined: they can be made to some. Absent: each message is judged by itself. */
  editFault?(edits: HeaderEdits, of: 'request' | 'response'): string | undefined;
  /** Writes what is left into a remaining-time field, where there is one. */
  setRemainingMs(request: Req, ms: number): void;
  outcome(response: Res): Outcome;
  /** For protocols that say behind the body how it went; undefined: these trailers do not say it. */
  trailersOutcome?(trailers: readonly HeaderField[]): Outcome | undefined;
  /** What else a line of the access log should say of an exchange, in words without blanks: a status, for example. */
  notes?(request: Req, response: Res | undefined, trailers: readonly HeaderField[]): readonly string[];
  /** Bytes of the whole message on the wire, as far as they are known. */
  size(head: Req | Res): number;
}

/** A header as a neutral pair, for what core passes on without reading: the headers behind a body. */
export interface HeaderField {
  readonly name: string;
  /** One character a byte. */
  readonly value: string;
  /** Its sender wants it kept out of every compression table: RFC 7541, section 7.1.3. */
  readonly neverIndexed: boolean;
}

/** Why a stream ended without an answer. */
export type ResetReason = 'cancelled' | 'timeout' | 'connection-closed' | 'protocol-error' | 'local';

/**
 * One request and its answer inside the engine: both connections call the same object. A unary frame each way is two calls; data exists
 * for large frames, and for messages whose body follows their head. onRequestData and onResponseData answering false ask the sender to
 * pause; what still comes is taken. A chunk belongs to the receiver.
 */
export interface Exchange<Res> {
  onRequestData(chunk: Buffer, end: boolean): boolean;
  /** The request ends with these. */
  onRequestTrailers(trailers: readonly HeaderField[]): void;
  /** The caller went away, or broke off inside its frame. */
  onRequestReset(reason: ResetReason): void;
  /** The caller's connection can take data again. */
  onDownstreamDrain(): void;
  /** The service's connection can take data again. */
  onUpstreamDrain(): void;
  /** A one-way request was handed to its socket. */
  onRequestSent(): void;
  /** Whether a large response must be whole before onResponseHead, because its headers will be edited. */
  readonly wantsWholeResponse: boolean;
  /** A head before the answer's own, any number of times: the answer is still to come. */
  onResponseInterim(head: Res): void;
  onResponseHead(head: Res, end: boolean): void;
  onResponseData(chunk: Buffer, end: boolean): boolean;
  /** The answer ends with these. */
  onResponseTrailers(trailers: readonly HeaderField[]): void;
  /**
   * `processed` false: no byte of the request was sent, or its service said that it did nothing with it: another attempt is safe. `code`:
   * the service's own, of a protocol that has some.
   */
  onResponseReset(reason: ResetReason, processed: boolean, detail: string, code?: number): void;
}

/** The caller's side of one exchange: what the engine may do to it. */
export interface DownstreamStream<Res> {
  readonly connection: DownstreamConnection;
  /** `edits` undefined: bytes pass untouched but for the caller's id put back. False when the edits cannot be made: nothing was sent. */
  respond(head: Res, edits: HeaderEdits | undefined, end: boolean): boolean;
  /** Passes on a head before the answer's own. Protocols without such heads drop it. */
  respondInterim(head: Res): void;
  /** False asks to pause. */
  respondData(chunk: Buffer, end: boolean): boolean;
  /** Ends the answer. Protocols without headers behind a body end it with its last byte. */
  respondTrailers(trailers: readonly HeaderField[]): void;
  /** Answers in the caller's own dialect; once, and never after respond(). */
  reply(local: LocalReply): void;
  /** The answer broke off after respond(): what was begun cannot be completed. `code`: as the service said it. */
  abort(detail: string, code?: number): void;
  /** The request is over without an answer. */
  finish(): void;
  /** Whether the caller took data that waited for it, since this was last asked. */
  progressed(): boolean;
  /** Stops reading the caller while its large frame cannot be passed on. */
  pause(): void;
  resume(): void;
}

/** The service's side of one exchange. */
export interface UpstreamStream {
  /** False asks to pause. */
  sendData(chunk: Buffer, end: boolean): boolean;
  /** Ends the request. */
  sendTrailers(trailers: readonly HeaderField[]): void;
  /** Whether the service took data that waited for it, since this was last asked. */
  progressed(): boolean;
  /** A late answer is dropped from here on. */
  cancel(reason: ResetReason): void;
  /** Only on a connection that nobody shares, or of a protocol whose streams flow each by itself: see StreamProtocol.streaming. */
  pause(): void;
  resume(): void;
}

/** A caller's connection. Stops reading its own socket while its own output is full; never pauses for another connection's sake. */
export interface DownstreamConnection extends TransportUser {
  readonly transport: Transport;
  /** Requests that wait for their answer. */
  readonly open: number;
  /** Upstream connections of its own, by cluster: see HeaderScan.bindsConnection. */
  readonly bindings: Map<object, BoundUpstream>;
  /** Tells the caller to send no new requests here. */
  goAway(): void;
  /**
   * Nothing was open or heard for too long: ends the connection so that its caller knows what was not looked at. False: nothing was said, and
   * it is to be closed, as without this method.
   */
  endIdle?(): boolean;
}

/** What a caller's connection must know of an upstream connection of its own. */
export interface BoundUpstream {
  /** The caller is gone: nobody is left for the service to call back. */
  close(reason: string): void;
}

/** What an upstream connection made of a request; a text says why it cannot be sent there, and nothing was. */
export type SendResult<S> = S | string;

/** A connection to a service. */
export interface UpstreamConnection<Req, Res> extends TransportUser {
  readonly transport: Transport;
  /** Takes requests now: open, not draining, room in its queue. */
  readonly usable: boolean;
  /** The service said that it takes no new requests. */
  readonly draining: boolean;
  /** Requests that wait for their answer. */
  readonly open: number;
  /** The same, and one more while the service may still work on what was given up. */
  readonly unanswered: number;
  /** When the service last answered, or was idle and got a request: microseconds of the loop's clock. Only with `spread`. */
  readonly movedUs: number;
  /** A large request is being sent: nothing may come between. */
  readonly midRequest: boolean;
  /** `edits` undefined: bytes pass untouched but for the id. */
  send(head: Req, edits: HeaderEdits | undefined, end: boolean, exchange: Exchange<Res>): SendResult<UpstreamStream>;
  /** Sends a keep-alive; false when the protocol has none, or not now. */
  ping(): boolean;
  /** What the service calls back goes to this caller. Only for a connection that belongs to it alone. */
  bind(caller: DownstreamConnection): void;
}

/** What a connection to a service is made for. */
export interface ConnectionUse {
  /** One request at a time. */
  readonly alone: boolean;
  /** Of all its requests. */
  readonly dialect: number;
}

/** Who keeps a connection to a service, and what it is told. */
export interface UpstreamOwner {
  /** The service changed its mind about new requests: see UpstreamConnection.draining. */
  onDraining(): void;
  /**
   * This connection takes no new requests, and that says nothing of its service: another one takes its place, and it is closed once its
   * streams are over.
   */
  onLeaving(): void;
  /**
   * A request had the connection to itself, and its answer came, on a protocol whose services need not give ids back: whether this one did.
   * False: this answer is not to be trusted.
   */
  onEcho(echoed: boolean): boolean;
  /** An answer came so long after the one before it, or after its request when nothing else was open. Microseconds; only with `spread`. */
  onAnswered(us: number): void;
  /** It is about to be closed from here, since a request on it was given up: that says nothing of the service. */
  onGivenUp(): void;
  /** Before any of its streams hears of it. */
  onClosed(reason: string): void;
}

/** Who receives the requests of a listener's connections. */
export interface RequestHandler<Req, Res> {
  /** undefined: the head is a front and too little of it is here; asked again with more. */
  onRequest(stream: DownstreamStream<Res>, head: Req, end: boolean): Exchange<Res> | undefined;
  /** Bytes that are no frame, or a frame that cannot be read. */
  onUnreadable(detail: string): void;
  /** The connection answered a request by itself. */
  onLocalReply(reason: LocalReplyReason): void;
  onConnectionClosed(connection: DownstreamConnection, reason: string): void;
}

/** A number that a protocol's streams count, as metrics show it under `polywire_<protocol>_<name>`. */
export interface StreamCounter {
  /** `open_streams`: lower case, with its unit. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  value(): number;
}

/** What the engine runs. `frameProtocol(p)` makes one of a FrameProtocol; protocols with streams of their own implement it. */
export interface StreamProtocol<Req = unknown, Res = unknown> {
  readonly name: string;
  /** Many requests may be open on one connection at a time. */
  readonly multiplexed: boolean;
  /**
   * Heads are whole before their bodies begin, and a stream can be paused without others on its connection. So a request whose body is still
   * to come shares a connection, and its headers can be edited.
   */
  readonly streaming: boolean;
  /** See Multiplexing. */
  readonly echo: Echo;
  readonly spread: number | undefined;
  /** Whether a request may have others beside it on its connection. */
  sharable(head: Req): boolean;
  /** Whether dialect() tells requests apart. */
  readonly hasDialects: boolean;
  /** Requests that differ in it share no connection. */
  dialect(head: Req): number;
  /** Of a protocol without routing, it reads no service, no method and no header. */
  readonly heads: HeadReader<Req, Res>;
  readonly hasMediation: boolean;
  readonly caseSensitiveHeaders: boolean;
  /** A connection that a caller opened. */
  accept(transport: Transport, handler: RequestHandler<Req, Res>): DownstreamConnection;
  connect(transport: Transport, owner: UpstreamOwner, use: ConnectionUse): UpstreamConnection<Req, Res>;
  /** Absent: Polywire calls nobody over it on its own account. */
  readonly calls?: StreamCalls<Req, Res> | undefined;
}
