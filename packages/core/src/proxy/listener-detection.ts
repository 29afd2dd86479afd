import type { DetectionConfig, ListenerConfig } from '../config/bootstrap-model.ts';
import { type Acceptor, DetectingConnection, type DetectionOptions } from '../downstream/detecting-connection.ts';
import { knownWire } from '../downstream/known-wires.ts';
import type { Log } from '../observe/log.ts';
import type { Protocol } from '../protocol/streaming.ts';
import type { SocketTransport } from '../transport/socket-transport.ts';
import type { TimerWheel } from '../transport/timer-wheel.ts';

/** What detection of a listener is made with. */
export interface ListenerDetectionOptions {
  readonly listener: ListenerConfig;
  readonly detection: DetectionConfig;
  readonly protocols: readonly Acceptor[];
  /** Loaded protocols that this listener does not speak. */
  readonly others: readonly Protocol[];
  readonly fallback: Acceptor | undefined;
  readonly wheel: TimerWheel;
  readonly log: Log;
}

/** Bytes of a connection that a log line shows. */
const SHOWN_BYTES = 16;

/** Finds out which of a listener's protocols a connection speaks, counts what it found, and says what it refused. */
export class ListenerDetection {
  /** Connections by protocol. */
  readonly recognised = new Map<string, number>();
  /** Connections of none of the protocols, by what they look like: a known wire's name, `silent` or `unknown`. */
  readonly unrecognised = new Map<string, number>();
  readonly #options: DetectionOptions;
  readonly #log: Log;
  readonly #listener: string;
  readonly #names: string;
  readonly #others: readonly Protocol[];

  constructor({ listener, detection, protocols, others, fallback, wheel, log }: ListenerDetectionOptions) {
    this.#log = log;
    this.#listener = listener.name;
    this.#others = others;
    this.#names = protocols.map(({ name }) => name).join(', ');
    this.#options = {
      acceptors: protocols,
      fallback,
      wheel,
      maxBytes: detection.maxBytes,
      timeoutMs: detection.timeout,
      onRecognised: (name) => count(this.recognised, name),
      onUnrecognised: (peer, head, refused) => this.#report(peer, head, refused),
      onClosed: (peer, reason) => log.debug('a caller left before its protocol was known', { listener: listener.name, peer, reason }),
    };
  }

  accept(transport: SocketTransport): DetectingConnection {
    return new DetectingConnection(this.#options, transport);
  }

  #report(peer: string, head: Buffer, refused: boolean): void {
    const wire = knownWire(head, this.#others);
    const seen = wire?.name ?? (head.length === 0 ? 'silent' : 'unknown');
    count(this.unrecognised, seen);
    const bytes = head.toString('hex', 0, SHOWN_BYTES);
    const fields = { listener: this.#listener, peer, seen, bytes };
    if (!refused) return this.#log.debug('a connection of none of the protocols is passed on as it is', fields);
    const advice = wire?.advice ?? 'let the caller speak one of these, or name its protocol in the listener';
    const pass = 'detection.fallback: {opaque: ...} would pass it on as it is';
    this.#log.warn(`a connection was refused: it speaks none of ${this.#names}: ${advice}; ${pass}`, fields);
  }
}

function count(counters: Map<string, number>, name: string): void {
  counters.set(name, (counters.get(name) ?? 0) + 1);
}
