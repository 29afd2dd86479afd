import type { Echo } from '../protocol/spi.ts';
import type { BoundUpstream, StreamProtocol } from '../stream/stream.ts';
import { formatAddress } from '../transport/listen.ts';
import { loop } from '../transport/loop.ts';
import type { SocketSecurity } from '../transport/socket-security.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { Lane } from './lane.ts';
import { type ConnectionRole, type PoolEvents, PooledConnection } from './pooled-connection.ts';

/** The bootstrap's `upstream`, in milliseconds. */
export interface PoolOptions {
  /** Connections shared by all callers of one endpoint. */
  readonly connections: number;
  /** Most connections of all kinds. A request that needs one more finds the pool overflowing. */
  readonly maxConnections: number;
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
/** The same where every request needs one. Silent ones are closed as they get old. */
const IDLE_ONE_BY_ONE = 256;
/** Silence is looked for this often per heartbeat interval. */
export const SWEEPS_PER_HEARTBEAT = 4;
const HEARTBEATS_MISSED = 3;

/** The connections to one address, for one protocol. */
export class Pool<Req, Res> implements PoolEvents<Req, Res> {
  activeRequests = 0;
  readonly stats = new PoolStats();
  /** When this process first used the address, in milliseconds since 1970. */
  readonly knownSince = Date.now();
  readonly host: string;
  readonly port: number;
  readonly #protocol: StreamProtocol<Req, Res>;
  readonly #options: PoolOptions;
  readonly #security: SocketSecurity | undefined;
  readonly #backoff: Backoff;
  /** By dialect. */
  readonly #lanes: (Lane<PooledConnection<Req, Res>> | undefined)[] = [];
  readonly #all = new Set<PooledConnection<Req, Res>>();
  /** What this service was seen to do. */
  #echo: Echo;
  /** Connections on which the service takes no new requests. */
  #draining = 0;
  #retired = false;
  #lastFailure = '';

  /** @param security absent: plain connections */
  constructor(protocol: StreamProtocol<Req, Res>, host: string, port: number, options: PoolOptions, security?: SocketSecurity) {
    this.#protocol = protocol;
    this.host = host;
    this.port = port;
    this.#options = options;
    this.#security = security;
    this.#backoff = new Backoff(options.backoff);
    this.#echo = protocol.multiplexed ? protocol.echo : 'ignored';
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

  /** A connection for a whole small request. */
  shared(head: Req): PooledConnection<Req, Res> | undefined {
    const protocol = this.#protocol;
    if (this.#echo !== 'certain' || !protocol.sharable(head)) return this.exclusive(head);
    const lane = this.#laneOf(head);
    return protocol.spread === undefined ? this.#inTurn(lane) : this.#spread(lane, protocol.spread);
  }

  /** A connection that nobody else uses until it is released. */
  exclusive(head: Req): PooledConnection<Req, Res> | undefined {
    const lane = this.#laneOf(head);
    return lane.takeIdle() ?? this.#open('exclusive', lane);
  }

  /** A connection for one caller alone, until either side goes. */
  bound(head: Req): (PooledConnection<Req, Res> & BoundUpstream) | undefined {
    return this.#open('bound', this.#laneOf(head));
  }

  /** Gives an exclusive connection back. */
  release(pooled: PooledConnection<Req, Res>): void {
    if (pooled.role !== 'exclusive' || !pooled.connection.usable) return;
    const most = this.#echo === 'certain' ? IDLE_EXCLUSIVE : IDLE_ONE_BY_ONE;
    if (this.#retired || pooled.lane.idle.length >= most) pooled.retire();
    else pooled.lane.idle.push(pooled);
  }

  /** It is connected, and takes no more requests for now. Says nothing of a pool that gives a connection. */
  get overflowing(): boolean {
    if (this.#draining > 0) return false;
    return this.#full || this.#lanes.some((lane) => lane?.shared.some((pooled) => pooled !== undefined && !pooled.connection.usable));
  }

  /** Why no connection can be had, for the caller and the log. */
  describe(): string {
    const address = formatAddress(this.host, this.port);
    if (this.#draining > 0) return `${address} takes no new requests (it is shutting down)`;
    if (this.#full) return `${address} has ${this.#all.size} connections, as many as it may (upstream.maxConnections)`;
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
  /** Closes connections that were opened since others were full, and are idle now. */
  trim(): void {
    if (this.#protocol.streaming) for (const lane of this.#lanes) for (const pooled of lane?.extra() ?? []) pooled.retire();
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
  onConnectionLeaving(pooled: PooledConnection<Req, Res>): void {
    pooled.lane.remove(pooled);
  }
  onEcho(echoed: boolean): boolean {
    if (echoed) {
      if (this.#echo === 'unproven') this.#echo = 'certain';
      return true;
    }
    const trusted = this.#echo !== 'certain';
    this.#echo = 'ignored';
    return trusted;
  }
  onConnectionClosed(pooled: PooledConnection<Req, Res>, reason: string): void {
    this.#all.delete(pooled);
    pooled.lane.remove(pooled);
    if (pooled.connection.draining) {
      // Dubbo 3.3 closes its connections two seconds after READONLY, while its port still accepts.
      this.#draining--;
      this.#lastFailure = 'it said that it is shutting down';
      this.#backoff.leave(performance.now());
    } else if (pooled.proven) {
      this.#backoff.succeeded();
      pooled.lane.backoff.succeeded();
    } else if (!pooled.givenUp) {
      this.stats.connectFailures++;
      this.#lastFailure = reason;
      (pooled.established ? pooled.lane.backoff : this.#backoff).failed(performance.now());
    }
  }

  get #full(): boolean {
    return this.#all.size >= this.#options.maxConnections;
  }
  #laneOf(head: Req): Lane<PooledConnection<Req, Res>> {
    const dialect = this.#protocol.dialect(head);
    let lane = this.#lanes[dialect];
    if (lane === undefined) {
      const { spread, hasDialects } = this.#protocol;
      const backoff = hasDialects ? new Backoff(this.#options.backoff) : this.#backoff;
      lane = new Lane(dialect, spread === undefined ? this.#options.connections : 1, backoff);
      this.#lanes[dialect] = lane;
    }
    return lane;
  }
  #inTurn(lane: Lane<PooledConnection<Req, Res>>): PooledConnection<Req, Res> | undefined {
    const { shared, size } = lane;
    const turn = lane.turn(loop.readEvent);
    const first = shared[turn];
    if (first?.connection.usable) return first;
    for (let i = 0; i < size; i++) {
      const place = (turn + i) % size;
      const pooled = shared[place] ?? this.#openShared(lane, place);
      if (pooled?.connection.usable) return pooled;
    }
    return this.#protocol.streaming ? this.#additional(lane) : undefined;
  }
  /** Services of these protocols say how many requests a connection takes: more of them need more connections. */
  #additional(lane: Lane<PooledConnection<Req, Res>>): PooledConnection<Req, Res> | undefined {
    for (const pooled of lane.extra()) if (pooled.connection.usable) return pooled;
    return this.#openShared(lane, lane.place(Number.POSITIVE_INFINITY));
  }
  /** For the requests of one read event: a connection on which they hardly wait, else a new one, up to `most`. */
  #spread(lane: Lane<PooledConnection<Req, Res>>, most: number): PooledConnection<Req, Res> | undefined {
    const inUse = lane.inUse(loop.readEvent);
    if (inUse !== undefined) return inUse;
    let chosen = lane.free(loop.nowUs);
    if (chosen === undefined) {
      const place = lane.place(most);
      chosen = (place < 0 ? undefined : this.#openShared(lane, place)) ?? lane.least(loop.nowUs);
    }
    return lane.use(loop.readEvent, chosen);
  }
  #openShared(lane: Lane<PooledConnection<Req, Res>>, place: number): PooledConnection<Req, Res> | undefined {
    const pooled = this.#open('shared', lane);
    if (pooled !== undefined) lane.shared[place] = pooled;
    return pooled;
  }
  #open(role: ConnectionRole, lane: Lane<PooledConnection<Req, Res>>): PooledConnection<Req, Res> | undefined {
    if (this.#retired || this.#full || !this.available || lane.backoff.remainingMs(performance.now()) > 0) return undefined;
    const target = { host: this.host, port: this.port, timeoutMs: this.#options.connectTimeoutMs, security: this.#security };
    const pooled = new PooledConnection(this.#protocol, role, lane, target, this);
    this.#all.add(pooled);
    this.stats.connects++;
    return pooled;
  }
}
