import type { Transport } from '@polywire/core/spi';
import { ClosedStreams, RESET_BY_PEER, RESET_HERE } from './closed-streams.ts';
import { Deadline, type Http2Environment } from './environment.ts';
import { ReceiveWindow } from './flow/receive-window.ts';
import { Sender } from './flow/sender.ts';
import {
  ConnectionError,
  ENHANCE_YOUR_CALM,
  FIRST_WINDOW,
  FLOW_CONTROL_ERROR,
  MAX_WINDOW,
  PROTOCOL_ERROR,
  SETTINGS,
  SETTINGS_TIMEOUT,
} from './frame.ts';
import { FrameWriter } from './frame-writer.ts';
import { Guard } from './guard.ts';
import { encodeSettings, type OwnSettings, PeerSettings } from './settings.ts';
import type { Http2Stream, StreamHost } from './stream.ts';
import { StreamTable } from './stream-table.ts';

/** How long a peer may take to read why its connection ends, and to end its side. Milliseconds. */
const LINGER_MS = 1000;
/** How often as long, when it still has to read. */
const MOST_LINGERS = 10;
/** Streams that may be opened before the peer says how many: RFC 9113, section 6.5.2, recommends no smaller limit. */
const ASSUMED_STREAMS = 100;

/** What one HTTP/2 connection holds, whichever side opened it: streams, windows, settings, and its end. */
export abstract class ConnectionBase<S extends Http2Stream> implements StreamHost {
  readonly transport: Transport;
  readonly environment: Http2Environment;
  readonly writer: FrameWriter;
  readonly sender: Sender;
  readonly guard: Guard;
  readonly peer: PeerSettings = new PeerSettings(ASSUMED_STREAMS);
  /** Ours, as far as the peer acknowledged it. */
  initialReceiveWindow: number = FIRST_WINDOW;
  protected readonly streams: StreamTable<S> = new StreamTable();
  protected readonly closedStreams: ClosedStreams;
  /** It ends, for an error or since all is done: nothing that comes is read. */
  protected ending = false;
  protected readonly receive: ReceiveWindow;
  #acknowledged = false;
  #settingsTime: Deadline | undefined = undefined;
  #linger: Deadline | undefined = undefined;
  /** Received and waiting for slow streams. */
  #held = 0;
  /** Answers to frames since the peer stopped to read. */
  #unread = 0;
  readonly #streamBatch: number;

  constructor(environment: Http2Environment, transport: Transport) {
    const { options, counters } = environment;
    this.environment = environment;
    this.transport = transport;
    this.writer = new FrameWriter(transport);
    this.guard = new Guard(options);
    this.sender = new Sender(transport, this.writer, this.guard, counters);
    this.receive = new ReceiveWindow(options.connectionWindow);
    this.closedStreams = new ClosedStreams(options.maxConcurrentStreams);
    this.#streamBatch = options.streamWindow >> 1;
  }

  /** Streams that are not over. */
  get open(): number {
    return this.streams.size;
  }
  get initialSendWindow(): number {
    return this.peer.initialWindow;
  }

  protected abstract get peerIsServer(): boolean;
  /** The peer may have opened it, and has not. */
  protected abstract isIdle(id: number): boolean;
  /** The last stream that the peer opened and that was looked at. */
  protected abstract get lastPeerId(): number;
  /** A stream is over. */
  protected abstract onRemoved(): void;
  /** It ends for an error: takes nothing new. */
  protected abstract onFailed(error: ConnectionError): void;

  /** Says who we are. */
  protected greet(own: OwnSettings): void {
    const settings = encodeSettings(own);
    this.writer.frame(SETTINGS, 0, 0, settings, 0, settings.length);
    const { connectionWindow } = this.environment.options;
    if (connectionWindow <= FIRST_WINDOW) return;
    this.writer.windowUpdate(0, connectionWindow - FIRST_WINDOW);
    this.receive.left = connectionWindow;
  }
  /** From here on the peer can know our SETTINGS. */
  protected awaitAcknowledgement(): void {
    if (this.#settingsTime !== undefined || this.#acknowledged) return;
    const { engine, options } = this.environment;
    const late = new ConnectionError(SETTINGS_TIMEOUT, `SETTINGS were not acknowledged within ${options.settingsTimeoutMs} ms`);
    this.#settingsTime = new Deadline(engine.wheel, () => this.fail(late));
    this.#settingsTime.arm(options.settingsTimeoutMs);
  }
  protected onAcknowledged(): void {
    if (this.#acknowledged) return this.guard.idleFrame('acknowledgements');
    this.#acknowledged = true;
    this.#settingsTime?.disarm();
    const { streamWindow } = this.environment.options;
    const change = streamWindow - this.initialReceiveWindow;
    this.initialReceiveWindow = streamWindow;
    for (const stream of this.streams.all()) stream.receiveWindow += change;
  }
  protected get acknowledged(): boolean {
    return this.#acknowledged;
  }

  /** The peer's SETTINGS changed what streams begin with. @throws ConnectionError when a stream's window gets too wide */
  protected changeWindows(before: number): void {
    const change = this.peer.initialWindow - before;
    if (change === 0) return;
    for (const stream of this.streams.all()) {
      if (!this.sender.growStream(stream, change)) throw new ConnectionError(FLOW_CONTROL_ERROR, 'SETTINGS make a window too wide');
    }
  }

  hold(_stream: Http2Stream, bytes: number): void {
    this.#held += bytes;
    this.environment.counters.heldBytes += bytes;
    if (bytes < 0) this.returnConnectionWindow();
  }
  /** More waits for slow streams than may. */
  protected get overfull(): boolean {
    return this.#held > this.environment.options.heldBytes;
  }
  returnWindow(stream: Http2Stream): void {
    if (stream.unreturned < this.#streamBatch || stream.remoteEnded) return;
    const increment = stream.unreturned;
    stream.unreturned = 0;
    stream.receiveWindow += increment;
    this.writer.windowUpdate(stream.id, increment);
  }
  /** What was received is given back at once, so that a slow stream stops no other: up to a limit where all are one caller's. */
  protected returnConnectionWindow(): void {
    if (this.ending || (this.overfull && !this.peerIsServer)) return;
    const increment = this.receive.giveBack();
    if (increment > 0) this.writer.windowUpdate(0, increment);
  }

  /** A frame had to be answered. @throws ConnectionError when its sender reads no answers */
  protected replied(): void {
    if (!this.transport.full) return;
    const most = this.environment.options.controlReplies;
    if (++this.#unread > most) {
      throw new ConnectionError(ENHANCE_YOUR_CALM, `${most} answers to frames wait for a peer that does not read (control-replies)`);
    }
  }

  /** Ends one stream that is not over. */
  resetStream(stream: S, code: number): void {
    if (stream.closed) return;
    this.writer.reset(stream.id, code);
    this.environment.counters.resetsSent++;
    this.remove(stream, RESET_HERE);
  }
  /** The stream has no place here any more: it ended, or was reset. */
  remove(stream: S, how: number): void {
    if (!this.streams.delete(stream)) return;
    stream.closed = true;
    this.sender.drop(stream);
    stream.release();
    this.closedStreams.add(stream.id, how);
    if (how === RESET_BY_PEER) this.environment.counters.resetsReceived++;
    this.onRemoved();
  }
  /** RFC 9113, section 5.4.2. @throws ConnectionError where it is an error of the connection, and when it is one too many */
  streamError(id: number, code: number, detail: string): void {
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.isIdle(id)) throw new ConnectionError(code, detail);
      this.writer.reset(id, code);
      this.environment.counters.resetsSent++;
    } else {
      this.resetStream(stream, code);
      stream.onReset(code, detail, 'by-error');
    }
    this.environment.counters.protocolErrors++;
    if (!this.peerIsServer) this.guard.streamError();
    this.replied();
  }

  /** RFC 9113, section 5.4.1. */
  fail(error: ConnectionError): void {
    if (this.ending) return;
    this.ending = true;
    const { counters } = this.environment;
    counters.protocolErrors++;
    if (error.code === ENHANCE_YOUR_CALM) counters.floods++;
    this.sayGoAway(this.lastPeerId, error.code, error.message);
    this.onFailed(error);
    for (const stream of this.streams.all()) {
      this.remove(stream, RESET_HERE);
      stream.onReset(error.code, error.message, 'by-connection');
    }
    this.endTransport();
  }
  protected sayGoAway(lastId: number, code: number, message: string): void {
    this.writer.goAway(lastId, code, message);
    this.environment.counters.goAwaysSent++;
  }
  /** Sends what is queued and ends; whoever does not end, too, is not waited for long. */
  protected endTransport(): void {
    this.ending = true;
    this.stopTimers();
    this.transport.end();
    this.#lingerOn(this.transport.queuedBytes, 0);
  }
  #lingerOn(queued: number, waited: number): void {
    this.#linger = new Deadline(this.environment.engine.wheel, () => {
      const left = this.transport.queuedBytes;
      if (left > 0 && (left < queued || waited < MOST_LINGERS)) this.#lingerOn(left, left < queued ? 0 : waited + 1);
      else this.transport.destroy('it was ended, and the other side did not end');
    });
    this.#linger.arm(LINGER_MS);
  }
  protected stopTimers(): void {
    this.#settingsTime?.disarm();
    this.#linger?.disarm();
  }

  onFlushed(): void {
    this.writer.flushed();
  }
  onDrain(): void {
    this.#unread = 0;
    this.sender.onDrain();
  }

  /** @throws ConnectionError when the peer opens more window than there can be, or none */
  protected widen(id: number, increment: number): void {
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE of 0');
      if (!this.sender.grow(increment)) throw new ConnectionError(FLOW_CONTROL_ERROR, `the connection's window is over ${MAX_WINDOW}`);
      return;
    }
    const stream = this.streams.get(id);
    if (increment === 0) return this.streamError(id, PROTOCOL_ERROR, 'WINDOW_UPDATE of 0');
    if (stream !== undefined) {
      if (!this.sender.growStream(stream, increment)) this.streamError(id, FLOW_CONTROL_ERROR, `the stream's window is over ${MAX_WINDOW}`);
    } else if (this.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, `WINDOW_UPDATE for stream ${id}, which is not open`);
  }
}
