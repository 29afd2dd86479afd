import type { BoundUpstream, StreamProtocol } from '../stream/stream.ts';
import { formatAddress } from '../transport/listen.ts';
import { loop } from '../transport/loop.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { type ConnectionRole, type PoolEvents, PooledConnection } from './pooled-connection.ts';

/** The bootstrap's `upstream`, in milliseconds. */
export interface PoolOptions {
  /** Connections shared by all callers of one endpoint. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** Silence before a keep-alive is sent; three times as much closes the connection. 0: never. */
  readonly heartbeatIntervalMs: number;
  readonly backoff: BackoffOptions;
}

/** What one endpoint did so far. */
class PoolStats {
  connects = 0;
  connectFailures = 0;
  requests = 0;
  failures = 0;
}

/** Exclusive connections kept for the next request that needs one. */
const IDLE_EXCLUSIVE = 8;
/** Silence is looked for this often per heartbeat interval. */
export const SWEEPS_PER_HEARTBEAT = 4;
const HEARTBEATS_MISSED = 3;

/** The connections to one address, for one protocol. */
export class Pool<Req, Res> implements PoolEvents<Req, Res> {
  activeRequests = 0;
  readonly stats = new PoolStats();
  readonly host: string;
  readonly port: number;
  readonly #protocol: StreamProtocol<Req, Res>;
  readonly #options: PoolOptions;
  readonly #backoff: Backoff;
  readonly #shared: (PooledConnection<Req, Res> | undefined)[];
  readonly #idle: PooledConnection<Req, Res>[] = [];
  readonly #all = new Set<PooledConnection<Req, Res>>();
  #turn = 0;
  #readEvent = 0;
  /** Connections on which the service takes no new requests. */
  #draining = 0;
  #retired = false;
  #lastFailure = '';

  constructor(protocol: StreamProtocol<Req, Res>, host: string, port: number, options: PoolOptions) {
    this.#protocol = protocol;
    this.host = host;
    this.port = port;
    this.#options = options;
    this.#backoff = new Backoff(options.backoff);
    this.#shared = new Array<PooledConnection<Req, Res> | undefined>(options.connections).fill(undefined);
  }

  /** Worth trying: not backing off after a failed connection, and not told to stay away. */
  get available(): boolean {
    return this.#draining === 0 && (this.#backoff.failures === 0 || this.#backoff.remainingMs(performance.now()) === 0);
  }
  /** Milliseconds until the next attempt to connect; 0: now. */
  get backoffMs(): number {
    return Math.ceil(this.#backoff.remainingMs(performance.now()));
  }
  get connectionCount(): number {
    return this.#all.size;
  }

  /** A connection for a whole small request; the same for one whole read event, so that adjacent frames leave as one range. */
  shared(): PooledConnection<Req, Res> | undefined {
    if (!this.#protocol.multiplexed) return this.exclusive();
    if (this.#readEvent !== loop.readEvent) {
      this.#readEvent = loop.readEvent;
      this.#turn = this.#turn + 1 >= this.#shared.length ? 0 : this.#turn + 1;
    }
    const first = this.#shared[this.#turn];
    if (first?.connection.usable) return first;
    for (let i = 0; i < this.#shared.length; i++) {
      const slot = (this.#turn + i) % this.#shared.length;
      const pooled = this.#shared[slot] ?? this.#open('shared', slot);
      if (pooled?.connection.usable) return pooled;
    }
    return undefined;
  }

  /** A connection that nobody else uses until it is released. */
  exclusive(): PooledConnection<Req, Res> | undefined {
    for (let pooled = this.#idle.pop(); pooled !== undefined; pooled = this.#idle.pop()) if (pooled.connection.usable) return pooled;
    return this.#open('exclusive', -1);
  }

  /** A connection for one caller alone, until either side goes. */
  bound(): (PooledConnection<Req, Res> & BoundUpstream) | undefined {
    return this.#open('bound', -1);
  }

  /** Gives an exclusive connection back. */
  release(pooled: PooledConnection<Req, Res>): void {
    if (pooled.role !== 'exclusive' || !pooled.connection.usable) return;
    if (this.#retired || this.#idle.length >= IDLE_EXCLUSIVE) pooled.retire();
    else this.#idle.push(pooled);
  }

  /** It is connected, and takes no more requests for now. Says nothing of a pool that gives a connection. */
  get overflowing(): boolean {
    return this.#draining === 0 && this.#shared.some((pooled) => pooled !== undefined);
  }

  /** Why no connection can be had, for the caller and the log. */
  describe(): string {
    const address = formatAddress(this.host, this.port);
    if (this.#draining > 0) return `${address} takes no new requests (it is shutting down)`;
    if (this.overflowing) return `every connection to ${address} has as many requests waiting as it may`;
    if (this.#retired) return `${address} is no longer in use`;
    const wait = this.backoffMs;
    return `${address} could not be reached: ${this.#lastFailure}${wait > 0 ? `; next attempt in ${wait} ms` : ''}`;
  }

  /** Called SWEEPS_PER_HEARTBEAT times in a heartbeat interval. */
  sweep(): void {
    const closeAfter = SWEEPS_PER_HEARTBEAT * HEARTBEATS_MISSED;
    for (const pooled of this.#all) pooled.sweep(SWEEPS_PER_HEARTBEAT, closeAfter);
  }

  /** No route leads here any more: connections close as they fall idle. True when none is left. */
  retire(): boolean {
    this.#retired = true;
    for (const pooled of this.#all) pooled.retire();
    return this.#all.size === 0;
  }
  close(reason: string): void {
    this.#retired = true;
    for (const pooled of this.#all) pooled.close(reason);
  }

  onConnectionDraining(pooled: PooledConnection<Req, Res>): void {
    this.#draining += pooled.connection.draining ? 1 : -1;
  }
  onConnectionClosed(pooled: PooledConnection<Req, Res>, reason: string): void {
    this.#all.delete(pooled);
    const slot = this.#shared.indexOf(pooled);
    if (slot >= 0) this.#shared[slot] = undefined;
    if (pooled.connection.draining) {
      // Dubbo 3.3 closes its connections two seconds after READONLY, while its port still accepts.
      this.#draining--;
      this.#lastFailure = 'it said that it is shutting down';
      this.#backoff.leave(performance.now());
    } else if (pooled.proven) {
      this.#backoff.succeeded();
    } else {
      this.stats.connectFailures++;
      this.#lastFailure = reason;
      this.#backoff.failed(performance.now());
    }
  }

  #open(role: ConnectionRole, slot: number): PooledConnection<Req, Res> | undefined {
    if (this.#retired || !this.available) return undefined;
    const target = { host: this.host, port: this.port, timeoutMs: this.#options.connectTimeoutMs };
    const pooled = new PooledConnection(this.#protocol, role, target, this);
    if (slot >= 0) this.#shared[slot] = pooled;
    this.#all.add(pooled);
    this.stats.connects++;
    return pooled;
  }
}
