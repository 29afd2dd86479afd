import type { LimitsConfig } from '../config/bootstrap-model.ts';
import type { StreamCounter, StreamProtocol } from '../stream/stream.ts';
import type { Timed } from '../transport/timer-wheel.ts';
import type { Capability, Detection, FrameProtocol } from './spi.ts';

/** What the heads of one protocol are to core: nothing but objects that go back to the protocol that made them. */
export type Head = object;

/** What core lends to a protocol with streams of its own. */
export interface StreamEngine {
  readonly limits: LimitsConfig;
  /** One timer for all deadlines, within some 16 ms. Arming what is armed, and disarming what is not, is allowed. */
  readonly wheel: { arm(timed: Timed, ms: number): void; disarm(timed: Timed): void };
  /** Told of what should never be thrown. */
  onError(error: unknown): void;
}

/**
 * A protocol that brings its own streams: messages of many frames, interleaved on a connection and each with a flow of its own. Where a
 * FrameProtocol answers questions, it writes to transports itself.
 */
export interface StreamingProtocol {
  /** As configuration names it: `protocols: [name]`. Lower case. */
  readonly name: string;
  /** Other names under which ports of services announce it, lower case. */
  readonly aliases?: readonly string[];
  /** Names of it in TLS's negotiation (RFC 7301), the preferred one first. Absent: it is not negotiated. */
  readonly alpn?: readonly string[];
  /** What filters and routes may require of it. */
  readonly capabilities: readonly Capability[];
  /** Judges the first bytes of a connection, the caller speaking first. */
  detect?(head: Buffer): Detection;
  /** See FrameProtocol. @throws ConfigError for a setting or a value that it does not know */
  configure?(settings: ReadonlyMap<string, string>): StreamingProtocol;
  /** See FrameProtocol. */
  readonly settingSides?: ReadonlyMap<string, 'callers' | 'services'>;
  /** Called once for each form of the protocol that a listener or a service wants. */
  streams(engine: StreamEngine): StreamProtocol<Head, Head>;
  /** Over all its streams. */
  readonly counters?: readonly StreamCounter[];
}

/** What a plugin's protocols are. */
export type Protocol = FrameProtocol | StreamingProtocol;

/** Names of a protocol in TLS's negotiation, the preferred one first; empty: it has none. */
export function alpnOf(protocol: Protocol): readonly string[] {
  return 'streams' in protocol ? (protocol.alpn ?? []) : [];
}
