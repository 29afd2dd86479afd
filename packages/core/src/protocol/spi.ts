/**
 * Codec SPI. A protocol plugin answers one question per facet; the facets present are its capabilities.
 *
 *   connection    how long is the frame, and what is it?
 *   multiplexing  whose is it?
 *   routing       who is it for, how long may it take, how did it go?
 *   mediation     what may be changed, and how do I say no?
 *   integrity     what does a change in front do to a checksum behind?
 *   calls         how does the proxy itself ask a service something?
 *
 * Core owns the loop, the limits, the buffers and the sockets. A codec measures, describes and patches.
 */

import type { FrameCalls } from './calls.ts';

/**
 * What a frame is to the engine. `goaway`: the sender takes no new requests on this connection; `resume`: it takes them again;
 * `control`: understood and of no interest, dropped.
 */
export type FrameKind = 'request' | 'oneway' | 'response' | 'ping' | 'pong' | 'goaway' | 'resume' | 'control';

/** One protocol data unit. A codec extends it with what it parsed; one class per codec keeps the hot path monomorphic. */
export interface Frame {
  readonly kind: FrameKind;
  /**
   * Wire bytes exactly as received: [from, to) of a received chunk, never a Buffer of its own (a subarray per frame costs 30 %).
   * The whole frame, or its front when `to - from < length` (large frames are relayed as they arrive). Core empties `chunk` once the
   * bytes were handed to a socket, so whatever is needed later (the caller's id, its serialization) parse() keeps in fields.
   */
  chunk: Buffer;
  from: number;
  to: number;
  /** Bytes of the whole frame on the wire. */
  readonly length: number;
  /** Set by parse() when the header is readable and the rest is not: core answers, counts, and goes on at the next frame. */
  readonly defect: string | undefined;
}

/** Unread bytes of one connection, owned by core. A codec only looks. Offsets count from the first unread byte. */
export interface Peek {
  readonly available: number;
  uint8(offset: number): number;
  uint16(offset: number): number;
  uint32(offset: number): number;
  /** Offset of the first `byte` at or after `from`; -1 when there is none yet. */
  indexOf(byte: number, from: number): number;
  /** A view of [from, to), contiguous; copies only when the range straddles two received chunks. */
  view(from: number, to: number): Buffer;
}

/** Level 1. One per connection; it may remember the connection's dialect or where a scan stopped, never a socket. */
export interface CodecConnection<F extends Frame> {
  /** Bytes needed before `measure` can say anything, at least 1. */
  readonly headerBytes: number;
  /**
   * Length in bytes of the frame at the front, > 0; undefined when more bytes are needed.
   * Protocols without a length scan and remember how far they got; core applies `maxFrameBytes` while they say undefined, and after a
   * number does not ask again until that frame is taken.
   * @throws CodecError when the bytes can never be valid (the connection closes)
   */
  measure(input: Peek): number | undefined;
  /**
   * What the frame at [from, to) of `chunk` is; `length` is what measure said. undefined asks for more of a large frame's front and is
   * never returned for a whole frame. Never throws once the fixed header is readable: see Frame.defect.
   * @throws CodecError when the frame's own checksum is wrong, so that not even its id and its length can be trusted
   */
  parse(chunk: Buffer, from: number, to: number, length: number): F | undefined;
  /** Level 4. A keep-alive in this connection's dialect. `id` comes from core so that it cannot collide with a request's. */
  ping?(id: number): Buffer;
  /** Level 4. The answer to `ping`, whose bytes are whole. undefined when it asks for none. */
  pong?(ping: F): Buffer | undefined;
  /** Level 4. Tells the peer to send no new requests on this connection. */
  goAway?(): Buffer;
  /**
   * A peer that speaks no frames (a health check, a person with telnet): what to say to `head`, the bytes that measure refused, before
   * the connection is closed. undefined: nothing.
   */
  refuse?(head: Buffer): Buffer | undefined;
}

/** New bytes for the first `replaces` bytes of a frame, when a rewrite changes their length or their form. */
export interface NewFront {
  readonly front: Buffer;
  readonly replaces: number;
}

/**
 * Whether services give a request's id back. `certain`: always. `unproven`: not all do, so until one has, each of its connections
 * carries one request at a time. `ignored`: one request at a time, always.
 */
export type Echo = 'certain' | 'unproven' | 'ignored';

/** Level 2. Core allocates ids; the codec kept the caller's at parse(), writes core's, and gives the caller's back. */
export interface Multiplexing<F extends Frame> {
  /** Largest id that core may allocate, at most 2^31 - 1. */
  readonly maxId: number;
  /** Absent: certain, also that one-way requests get no answer: they go as received. Else these get an id, too, so that no answer of theirs is taken for another's. */
  readonly echo?: Echo;
  /**
   * For services that work on the requests of one connection in turn: how many connections there may be, so that none waits for another.
   * A connection is shared only while its service is so fast that nobody notices. Absent: the bootstrap's `upstream.connections`, in turn.
   */
  readonly spread?: number;
  /** Fixed-width ids are patched in place (core guarantees that it owns the bytes); others return a new front. May be called again, for a retry. */
  assignId(request: F, id: number): NewFront | undefined;
  /** The id core assigned, read from a response; undefined when it is none that core could have assigned. */
  assignedId(response: F): number | undefined;
  /** `request` may have lost its bytes: its fields only. */
  restoreId(response: F, request: F): NewFront | undefined;
  /** False: this request's id cannot be rewritten. It goes as received, on a connection of its own, and its answer is known by that. Absent: all can. */
  assignable?(request: F): boolean;
  /** Why these services cannot be sent this request, in words for its caller; undefined: they can. */
  objection?(request: F): string | undefined;
  /**
   * For protocols whose callers tell answers apart by their order when they use an id twice: the caller's id, as an integer. Requests of
   * one connection with equal ids are sent on one after the other. Absent: callers never do.
   */
  callerId?(request: F): number;
}

/** The part of a large frame at hand ends before the header. */
export const NOT_REACHED: unique symbol = Symbol.for('polywire.not-reached');
/** Written in a serialization that this codec cannot walk. */
export const UNREADABLE: unique symbol = Symbol.for('polywire.unreadable');
/** A header's value; undefined when the frame has none. */
export type LookupResult = string | undefined | typeof NOT_REACHED | typeof UNREADABLE;

/** What a scan is compiled for. */
export interface ScanRequest {
  /** Headers, attachments or documented pseudo-headers (`:group`, `:argument[0]`), without repetition. */
  readonly names: readonly string[];
  /** Whether `timeoutMs` is wanted. */
  readonly timeout: boolean;
  /** Whether `bindsConnection` is wanted. */
  readonly affinity: boolean;
}

/** Several look-ups compiled into one walk. Results live in the scan until its next run: nothing is allocated per frame. */
export interface HeaderScan<H> {
  run(head: H): void;
  /** In the order of `ScanRequest.names`. */
  readonly values: readonly LookupResult[];
  /** Milliseconds the caller will wait, from the wire; 0 when it says nothing, or nothing readable. */
  readonly timeoutMs: number;
  /** This caller needs an upstream connection of its own from here on: the service will call back over it. */
  readonly bindsConnection: boolean;
}

/** How a response went, for stats, retries and outlier detection. A business error is an answer of a healthy service. */
export type Outcome = 'ok' | 'business-error' | 'overload' | 'not-found' | 'denied' | 'timeout' | 'failure';

/** Level 3. Everything is lazy, total over hostile bytes, and returns strings from core's interner. */
export interface Routing<F extends Frame> {
  /** Empty string when the frame has none. */
  service(request: F): string;
  /** Empty string when the frame has none. */
  method(request: F): string;
  /** Whether header names compare exactly. */
  readonly caseSensitiveHeaders: boolean;
  /**
   * Compiles the look-ups that a configuration snapshot needs, once, when it loads.
   * @throws ConfigError for a name that this protocol can never have
   */
  scan(wanted: ScanRequest): HeaderScan<F>;
  /** Every readable header of a whole frame, for `explain` and logs, not for the hot path. */
  headers(frame: F): Iterable<readonly [name: string, value: string]>;
  /** Writes what is left into a remaining-time field in place, if the frame has one of fixed width that can hold it. Milliseconds. */
  setRemainingMs?(request: F, ms: number): void;
  /** Unknown statuses are 'failure' or 'ok', never an exception. */
  outcome(response: F): Outcome;
}

/** Why the proxy answers itself. Each protocol says it in its own words. */
export type LocalReplyReason =
  | 'no-route'
  | 'no-healthy-upstream'
  | 'overflow'
  | 'timeout'
  | 'denied'
  | 'upstream-reset'
  | 'too-large'
  | 'bad-request'
  | 'internal';

/** An answer that the proxy makes itself. */
export interface LocalReply {
  readonly reason: LocalReplyReason;
  /** Never empty. */
  readonly message: string;
}

/** Header changes, applied in the order remove, set, add. `add` to a header that exists appends to it after a comma. */
export interface HeaderEdits {
  readonly remove: readonly string[];
  readonly set: ReadonlyMap<string, string>;
  readonly add: ReadonlyMap<string, string>;
}

/** Level 4. */
export interface Mediation<F extends Frame> {
  /**
   * The frame, which is whole, with only the edited headers changed, as pieces in wire order, every other byte the sender's; undefined
   * when this frame cannot be edited. Called after assignId or restoreId patched the frame in place, or with the front that they gave:
   * it begins the pieces, edited too.
   */
  edit(frame: F, edits: HeaderEdits, front?: NewFront): readonly Buffer[] | undefined;
  /** A response in the caller's dialect with the caller's id; `request` may have lost its bytes: its fields only. */
  localReply(request: F, reply: LocalReply): Buffer;
}

/**
 * For frames that end in a checksum of what is before it. On whole frames assignId, restoreId, setRemainingMs and edit see to it
 * themselves.
 */
export interface Integrity<F extends Frame> {
  /**
   * What the last bytes of a frame that is relayed as it arrives are XORed with, so that its checksum counts in what was patched in its
   * front: one that was right is right, one that was wrong stays wrong. undefined: nothing was. Asked when the front is sent.
   */
  trailerMask(front: F): Buffer | undefined;
}

/** What a detector says of a connection's first bytes. */
export type Detection = 'match' | 'no-match' | 'need-more';

/** What core lends to a codec. */
export interface CodecCore {
  /** One string object for equal bytes, so that `===` and Map look-ups hit by pointer; bounded, falls back to a fresh string. */
  intern(chunk: Buffer, from: number, to: number): string;
}

/** What a connection's codec is made with. */
export interface ConnectionOptions {
  readonly side: 'downstream' | 'upstream';
  readonly maxFrameBytes: number;
  /** Upstream: of the requests that it will carry. */
  readonly dialect: number;
}

/** A protocol whose connections are sequences of frames. Core supplies streams, pools and everything behind them. */
export interface FrameProtocol<F extends Frame = Frame> {
  /** As configuration names it: `protocols: [name]`. Lower case. */
  readonly name: string;
  /** Judges the first bytes of a connection, the caller speaking first. */
  detect?(head: Buffer): Detection;
  /**
   * The same protocol with settings: of a listener (`protocols: [{name, settings}]`) for what its callers leave unsaid, or of services
   * (annotations `<name>.polywire.io/<setting>` of a ServiceEntry) for what they need to hear. It shares its frames with all others.
   * @throws ConfigError for a setting or a value that it does not know. Absent: it has no settings
   */
  configure?(settings: ReadonlyMap<string, string>): FrameProtocol<F>;
  /**
   * What each setting is about, so that one that is written where it would do nothing is refused: about a listener's callers, or about
   * services. A listener with an `upstream` takes both, since nothing else speaks of the services behind it. Absent: all count anywhere.
   */
  readonly settingSides?: ReadonlyMap<string, 'callers' | 'services'>;
  /**
   * For protocols whose services fix something by the first frame of a connection (version, framing): a small integer, at least 0. Requests
   * that differ in it never share an upstream connection. Absent: all are 0.
   */
  dialect?(request: F): number;
  connection(options: ConnectionOptions): CodecConnection<F>;
  readonly multiplexing?: Multiplexing<F>;
  readonly routing?: Routing<F>;
  readonly mediation?: Mediation<F>;
  readonly integrity?: Integrity<F>;
  /** Absent: the proxy calls nobody over it on its own account. */
  readonly calls?: FrameCalls<F>;
}

/** Facets a filter or route may require, as errors name them. */
export type Capability = 'multiplexing' | 'routing' | 'mediation';
