import type { StreamEngine, UpstreamStream } from '@polywire/core/spi';
import { Http2Counters } from '../counters.ts';
import { Http2DownstreamConnection } from '../downstream-connection.ts';
import { type Http2Environment, KnownLimits } from '../environment.ts';
import { ACK, PREFACE, SETTINGS } from '../frame.ts';
import { DEFAULTS, type Http2Options } from '../options.ts';
import { Http2UpstreamConnection } from '../upstream-connection.ts';
import { describe, frame, GET, parseFrames, type RawFrame, settingsFrame } from './frames.ts';
import { request } from './heads.ts';
import { ManualWheel } from './manual-wheel.ts';
import { MemoryTransport } from './memory-transport.ts';
import { RecordedExchange, RecordingHandler, RecordingOwner } from './recorders.ts';

const LIMITS: StreamEngine['limits'] = {
  maxFrameBytes: 16 * 1024 * 1024,
  relayThresholdBytes: 64 * 1024,
  maxBufferedFrontBytes: 1024 * 1024,
  downstreamQueueBytes: 16 * 1024 * 1024,
  upstreamQueueBytes: 16 * 1024 * 1024,
  maxConnectionsPerListener: 100,
  maxPendingPerConnection: 65_536,
  idleTimeout: 0,
  streamIdleTimeout: 60_000,
  tlsHandshakeTimeout: 10_000,
};

/** What a test changes of the usual. */
export interface PeerOptions {
  readonly options?: Partial<Http2Options>;
  readonly limits?: Partial<StreamEngine['limits']>;
  readonly knownLimits?: KnownLimits;
}

/** One end of a connection in memory, the other being the code under test. */
abstract class Peer {
  readonly transport = new MemoryTransport();
  readonly wheel = new ManualWheel();
  readonly counters = new Http2Counters();
  readonly knownLimits: KnownLimits;
  protected readonly environment: Http2Environment;
  protected abstract get connection(): { onBytes(chunk: Buffer): void; onDrain(): void };

  constructor({ options, limits, knownLimits = new KnownLimits() }: PeerOptions) {
    this.knownLimits = knownLimits;
    const onError = (error: unknown) => {
      throw error;
    };
    const engine: StreamEngine = { limits: { ...LIMITS, ...limits }, wheel: this.wheel.wheel, onError };
    this.environment = { engine, options: { ...DEFAULTS, ...options }, counters: this.counters, knownLimits: this.knownLimits };
  }

  /** Sends in one chunk, and says what came back. */
  send(...frames: readonly Buffer[]): string[] {
    this.connection.onBytes(Buffer.concat(frames));
    return this.read();
  }
  /** What came since it was asked last. */
  read(): string[] {
    return this.readFrames().map(describe);
  }
  readFrames(): RawFrame[] {
    return parseFrames(this.transport.take());
  }
  drain(): string[] {
    this.transport.full = false;
    this.connection.onDrain();
    return this.read();
  }
}

/** A caller of a connection under test. It has said its preface and acknowledged SETTINGS. */
export class CallerPeer extends Peer {
  readonly handler = new RecordingHandler();
  readonly connection: Http2DownstreamConnection;

  constructor(options: PeerOptions = {}, greeting: readonly Buffer[] = [PREFACE, settingsFrame(), frame(SETTINGS, ACK, 0)]) {
    super(options);
    this.connection = new Http2DownstreamConnection(this.environment, this.transport, this.handler);
    if (greeting.length > 0) this.send(...greeting);
  }
  get exchange(): RecordedExchange {
    const last = this.handler.exchanges.at(-1);
    if (last === undefined) throw new Error('no request came');
    return last;
  }
}

/** A service of a connection under test. It has said and acknowledged SETTINGS. */
export class ServicePeer extends Peer {
  readonly owner = new RecordingOwner();
  readonly connection: Http2UpstreamConnection;

  constructor(options: PeerOptions = {}, settings: readonly (readonly [number, number])[] | 'silent' = []) {
    super(options);
    this.connection = new Http2UpstreamConnection(this.environment, this.transport, this.owner);
    const preface = this.transport.take().subarray(PREFACE.length);
    this.greeting = parseFrames(preface).map(describe);
    if (settings !== 'silent') this.send(settingsFrame(settings), frame(SETTINGS, ACK, 0));
  }
  /** What the service got before it said anything. */
  readonly greeting: readonly string[];

  /** Sends a request there. */
  open(end = true, fields: readonly (readonly [string, string])[] = GET): { exchange: RecordedExchange; stream: UpstreamStream } {
    const exchange = new RecordedExchange();
    const stream = this.connection.send(request(fields), undefined, end, exchange);
    if (typeof stream === 'string') throw new Error(stream);
    return { exchange, stream };
  }
}
