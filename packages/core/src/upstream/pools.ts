import type { EndpointTls } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { StreamProtocol } from '../stream/stream.ts';
import type { SocketSecurity } from '../transport/socket-security.ts';
import { Pool, type PoolOptions, SWEEPS_PER_HEARTBEAT } from './pool.ts';
import { UpstreamEndpoint } from './upstream-endpoint.ts';

/** How often connections that nobody needs are looked for when there are no heartbeats. */
const IDLE_SWEEP_MS = 1000;

interface Shared<Req, Res> {
  readonly key: string;
  readonly pool: Pool<Req, Res>;
  users: number;
}

/** The protocol as an endpoint's metadata want it, and a name for what they want: equal names share connections. */
export interface EndpointProtocol<Req, Res> {
  readonly protocol: StreamProtocol<Req, Res>;
  readonly settings: string;
}

/** TLS towards an endpoint, and a name for it: equal names share connections. */
export interface EndpointSecurity {
  readonly security: SocketSecurity;
  readonly key: string;
}

/** All connections of one protocol to services: one pool an address and form, however many services and snapshots use it. */
export class Pools<Req, Res> {
  readonly #protocolOf: (endpoint: Endpoint) => EndpointProtocol<Req, Res>;
  readonly #options: PoolOptions;
  readonly #securityOf: ((tls: EndpointTls) => EndpointSecurity) | undefined;
  readonly #byKey = new Map<string, Shared<Req, Res>>();
  readonly #byPool = new Map<Pool<Req, Res>, Shared<Req, Res>>();
  /** Left by their last user, with requests still open. */
  readonly #retiring = new Set<Pool<Req, Res>>();
  #sweeper: NodeJS.Timeout | undefined = undefined;
  #closed = false;

  /** @param securityOf absent: all endpoints are connected to plainly */
  constructor(
    protocolOf: (endpoint: Endpoint) => EndpointProtocol<Req, Res>,
    options: PoolOptions,
    securityOf?: (tls: EndpointTls) => EndpointSecurity,
  ) {
    this.#protocolOf = protocolOf;
    this.#options = options;
    this.#securityOf = securityOf;
  }

  start(): void {
    const heartbeatMs = this.#options.heartbeatIntervalMs;
    this.#sweeper = setInterval(() => this.#sweep(), heartbeatMs > 0 ? Math.max(10, heartbeatMs / SWEEPS_PER_HEARTBEAT) : IDLE_SWEEP_MS);
    this.#sweeper.unref();
  }

  acquire(endpoint: Endpoint, tls?: EndpointTls): UpstreamEndpoint<Req, Res> {
    const { protocol, settings } = this.#protocolOf(endpoint);
    const secured = tls && this.#securityOf?.(tls);
    const key = `${endpoint.address} ${endpoint.port} ${settings} ${secured?.key ?? ''}`;
    let shared = this.#byKey.get(key);
    if (shared === undefined) {
      const pool = new Pool(protocol, endpoint.address, endpoint.port, this.#options, secured?.security);
      shared = { key, pool, users: 0 };
      this.#byKey.set(key, shared);
      this.#byPool.set(shared.pool, shared);
      // The proxy ends, and a caller that is not gone yet asks for what nobody would close.
      if (this.#closed) shared.pool.retire();
    }
    shared.users++;
    return new UpstreamEndpoint(endpoint, shared.pool);
  }

  release(upstream: UpstreamEndpoint<Req, Res>): void {
    const shared = this.#byPool.get(upstream.pool);
    if (shared === undefined) return;
    shared.users--;
    if (shared.users > 0) return;
    this.#byKey.delete(shared.key);
    this.#byPool.delete(shared.pool);
    if (!shared.pool.retire()) this.#retiring.add(shared.pool);
  }

  /** Pools in use, for the admin listener. */
  pools(): Pool<Req, Res>[] {
    return [...this.#byPool.keys()];
  }

  /** Closes all connections. No more are opened. */
  close(reason: string): void {
    this.#closed = true;
    clearInterval(this.#sweeper);
    for (const pool of this.#byPool.keys()) pool.close(reason);
    for (const pool of this.#retiring) pool.close(reason);
  }

  #sweep(): void {
    for (const pool of this.#byPool.keys()) {
      if (this.#options.heartbeatIntervalMs > 0) pool.sweep();
      pool.trim();
    }
    for (const pool of this.#retiring) if (pool.retire()) this.#retiring.delete(pool);
  }
}
