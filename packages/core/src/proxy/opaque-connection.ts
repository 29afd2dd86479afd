import type { Cluster } from '../cluster/cluster.ts';
import type { AcceptedConnection } from '../downstream/listener.ts';
import type { OpaqueEnd } from '../observe/opaque-stats.ts';
import { OpaqueRelay, type RelayEnd } from '../protocol/opaque-relay.ts';
import type { Route } from '../route/route.ts';
import { loop } from '../transport/loop.ts';
import type { SocketTransport } from '../transport/socket-transport.ts';
import type { OpaqueEndpoint } from '../upstream/opaque-endpoint.ts';
import type { OpaqueOptions } from './opaque-path.ts';

/** What one connection is passed on by. */
interface OpaqueConnectionOptions extends OpaqueOptions {
  readonly route: Route<OpaqueEndpoint>;
  readonly cluster: Cluster<OpaqueEndpoint>;
}

/** More endpoints than this are not tried for one caller. */
const MOST_ATTEMPTS = 5;

/**
 * A caller's connection while an endpoint for it is looked for: the caller is not read, what it said before waits, and an endpoint that
 * cannot be connected to is followed by another. Then a relay has both sockets.
 */
export class OpaqueConnection implements AcceptedConnection {
  readonly target: string;
  readonly listener: string;
  readonly peer: string;
  readonly route: Route<OpaqueEndpoint>;
  readonly cluster: Cluster<OpaqueEndpoint>;
  /** Of the last attempt. */
  endpoint: OpaqueEndpoint | undefined = undefined;
  attempts = 0;
  /** Why it ended, for the log; empty while it has not. */
  reason = '';
  end: OpaqueEnd = 'ok';
  /** 1 while the proxy is shutting down: nothing says whether a connection without requests is at rest. */
  open = 0;
  readonly #options: OpaqueConnectionOptions;
  readonly #transport: SocketTransport;
  readonly #startedAt = performance.now();
  #waiting: Buffer[] = [];
  #callerEnded = false;
  #relay: OpaqueRelay | undefined = undefined;
  #connecting: SocketTransport | undefined = undefined;
  #over = false;

  constructor(options: OpaqueConnectionOptions, transport: SocketTransport) {
    this.#options = options;
    this.#transport = transport;
    this.target = options.target;
    this.listener = options.listener;
    this.peer = transport.peer;
    this.route = options.route;
    this.cluster = options.cluster;
    options.stats.connections++;
    options.stats.connectionsActive++;
    transport.pause();
    this.#connect();
  }

  get received(): number {
    return this.#relay?.received ?? this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }
  get sent(): number {
    return this.#relay?.sent ?? 0;
  }
  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  goAway(): void {
    this.open = 1;
  }

  /** What was received before the connection came here, or slipped in with the pause. */
  onBytes(chunk: Buffer): void {
    this.#waiting.push(chunk);
  }
  onEnd(): void {
    this.#callerEnded = true;
  }
  /** The caller went away while there was no service for it yet. */
  onClose(reason: string): void {
    this.#callerClosed(reason);
    this.#connecting?.destroy(reason);
  }
  onFlushed(): void {}
  onDrain(): void {}

  #connect(): void {
    const { cluster } = this;
    const next = cluster.pick(loop.readEvent, this.endpoint);
    if (next === undefined) return this.#giveUp(cluster.describeEmptiness());
    // The first attempt is made in any case: it may succeed, and giving up cannot.
    if (this.attempts > 0 && (next === this.endpoint || !next.available || this.attempts >= MOST_ATTEMPTS)) {
      return this.#giveUp(this.reason);
    }
    if (this.attempts++ > 0) cluster.stats.retries++;
    cluster.stats.requests++;
    this.endpoint = next;
    this.#attempt(next);
  }

  #attempt(endpoint: OpaqueEndpoint): void {
    const { address } = endpoint;
    const service = address.connect();
    this.#connecting = service;
    service.start({
      onBytes: () => undefined,
      onFlushed: () => undefined,
      onEnd: () => undefined,
      // Of a connection that was not there yet, the first that is heard is that it takes bytes, or that it failed.
      onDrain: () => {
        address.connected();
        this.#connecting = undefined;
        if (this.#over) service.reset(this.reason);
        else this.#join(service, endpoint);
      },
      onClose: (reason) => {
        if (this.#over) return address.closed();
        address.failed();
        this.cluster.stats.failures++;
        this.reason = `service: ${service.peer}: ${reason}`;
        this.#connect();
      },
    });
  }

  #join(service: SocketTransport, endpoint: OpaqueEndpoint): void {
    const { stats } = this.#options;
    const relay = new OpaqueRelay(this.#transport, service, stats, (end) => this.#onRelayEnd(end, endpoint));
    const waiting = this.#waiting;
    this.#relay = relay;
    this.#waiting = [];
    service.handOver(relay.service, []);
    this.#transport.handOver(relay.caller, waiting);
    if (this.#callerEnded) relay.caller.onEnd();
    if (!service.full) this.#transport.resume();
  }

  #onRelayEnd({ side, fault }: RelayEnd, { address }: OpaqueEndpoint): void {
    address.closed();
    if (side === 'proxy') return this.#finish('closed', 'ended by the proxy');
    if (fault === undefined) {
      this.cluster.stats.ok++;
      return this.#finish('ok', `ended by the ${side}`);
    }
    if (side === 'caller') return this.#callerClosed(fault);
    address.stats.failures++;
    this.cluster.stats.failures++;
    this.#finish('service-reset', `service: ${fault}`);
  }

  #callerClosed(reason: string): void {
    if (this.#transport.closedHere) this.#finish('closed', reason);
    else this.#finish('caller-reset', `caller: ${reason}`);
  }

  #giveUp(reason: string): void {
    this.#finish('no-service', reason);
    this.#transport.reset(reason);
  }

  #finish(end: OpaqueEnd, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.end = end;
    this.reason = reason;
    const { stats } = this.#options;
    stats.connectionsActive--;
    stats.ends[end]++;
    this.#options.onEnd(this);
  }
}
