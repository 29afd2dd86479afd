import { messageOf } from '../errors/message-of.ts';
import { loop } from '../transport/loop.ts';
import type { SocketTransport } from '../transport/socket-transport.ts';
import type { Timed, TimerWheel } from '../transport/timer-wheel.ts';
import { type Detectable, detect } from './detection.ts';
import type { AcceptedConnection } from './listener.ts';

/** Takes the connections of one protocol. */
export interface Acceptor extends Detectable {
  readonly name: string;
  accept(transport: SocketTransport): AcceptedConnection;
}

/** What connections of a listener are detected by. */
export interface DetectionOptions {
  /** In the order in which they are asked. */
  readonly acceptors: readonly Acceptor[];
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Takes what none recognises, and callers that wait for the service to speak first; undefined: such connections are refused. */
  readonly fallback: Acceptor | undefined;
  readonly wheel: TimerWheel;
  /** Told of every connection that an acceptor recognised, with its name. */
  onRecognised(name: string): void;
  /** Told of every connection that no acceptor recognised. */
  onUnrecognised(peer: string, head: Buffer, refused: boolean): void;
  /** Told of every connection that ended before anything was decided. */
  onClosed(peer: string, reason: string): void;
}

const NOTHING = Buffer.alloc(0);

/** A connection of which nobody knows yet what it speaks. Hands it over, with all bytes received so far, once that is known. */
export class DetectingConnection implements AcceptedConnection, Timed {
  wheelTick = 0;
  wheelNext: Timed | undefined = undefined;
  wheelPrevious: Timed | undefined = undefined;
  readonly #options: DetectionOptions;
  readonly #transport: SocketTransport;
  #received: Buffer[] = [];
  #bytes = 0;
  /** Who has the connection since it was recognised. */
  #taker: AcceptedConnection | undefined = undefined;
  #refused = false;
  #leaving = false;

  constructor(options: DetectionOptions, transport: SocketTransport) {
    this.#options = options;
    this.#transport = transport;
    // A caller may open a connection long before its first request; only one that may be waiting for the service is not waited for.
    if (options.fallback !== undefined) options.wheel.arm(this, options.timeoutMs);
  }

  get open(): number {
    return this.#taker?.open ?? 0;
  }

  goAway(): void {
    this.#leaving = true;
    this.#taker?.goAway();
  }
  endIdle(): boolean {
    return this.#taker?.endIdle?.() === true;
  }

  onBytes(chunk: Buffer): void {
    if (this.#refused) return;
    if (this.#bytes === 0 && this.#options.fallback === undefined) this.#options.wheel.arm(this, this.#options.timeoutMs);
    this.#received.push(chunk);
    this.#bytes += chunk.length;
    this.#decide(this.#bytes >= this.#options.maxBytes);
  }

  onDeadline(): void {
    try {
      this.#decide(true);
    } catch (error) {
      loop.onError(error);
      this.#transport.destroy(`a bug: ${messageOf(error)}`);
    }
  }

  onEnd(): void {
    if (this.#refused) return;
    // Whoever comes and goes without a word checks that the port is open.
    if (this.#bytes === 0) this.#transport.end();
    else this.#decide(true);
    this.#taker?.onEnd();
  }

  onClose(reason: string): void {
    this.#options.wheel.disarm(this);
    if (!this.#refused) this.#options.onClosed(this.#transport.peer, reason);
  }

  onFlushed(): void {}
  onDrain(): void {}

  #decide(last: boolean): void {
    const { acceptors, fallback, onRecognised, onUnrecognised } = this.#options;
    const head = this.#head();
    const found = this.#bytes === 0 ? 'no-match' : detect(acceptors, head, last);
    if (found === 'need-more') return;
    this.#options.wheel.disarm(this);
    if (found !== 'no-match') {
      onRecognised(found.name);
      return this.#handOver(found);
    }
    this.#refused = fallback === undefined;
    onUnrecognised(this.#transport.peer, head, this.#refused);
    if (fallback !== undefined) return this.#handOver(fallback);
    this.#received = [];
    this.#transport.destroy('its first bytes are none of the protocols of this listener');
  }

  #handOver(acceptor: Acceptor): void {
    const received = this.#received;
    this.#received = [];
    this.#taker = acceptor.accept(this.#transport);
    this.#transport.handOver(this.#taker, received);
    if (this.#leaving) this.#taker.goAway();
  }

  /** A view of the first read, which nearly always is enough; a copy of few bytes otherwise. */
  #head(): Buffer {
    const [first, ...more] = this.#received;
    const most = this.#options.maxBytes;
    if (first === undefined) return NOTHING;
    return (more.length === 0 ? first : Buffer.concat(this.#received, Math.min(this.#bytes, most))).subarray(0, most);
  }
}
