import type { Endpoint } from '../cluster/endpoint.ts';
import type { StreamProtocol } from '../stream/stream.ts';
import { Pool, type PoolOptions, SWEEPS_PER_HEARTBEAT } from './pool.ts';
import { UpstreamEndpoint } from './upstream-endpoint.ts';

/** How often retired pools are looked at when there are no heartbeats. */
const RETIRE_SWEEP_MS = 1000;

interface Shared<Req, Res> {
  readonly pool: Pool<Req, Res>;
  users: number;
}

/** All connections of one protocol to services: one pool an address, however many services and snapshots use it. */
export class Pools<Req, Res> {
  readonly #protocol: StreamProtocol<Req, Res>;
  readonly #options: PoolOptions;
  readonly #byAddress = new Map<string, Shared<Req, Res>>();
  /** Left by their last user, with requests still open. */
  readonly #retiring = new Set<Pool<Req, Res>>();
  #sweeper: NodeJS.Timeout | undefined = undefined;

  constructor(protocol: StreamProtocol<Req, Res>, options: PoolOptions) {
    this.#protocol = protocol;
    this.#options = options;
  }

  start(): void {
    const heartbeatMs = this.#options.heartbeatIntervalMs;
    this.#sweeper = setInterval(() => this.#sweep(), heartbeatMs > 0 ? Math.max(10, heartbeatMs / SWEEPS_PER_HEARTBEAT) : RETIRE_SWEEP_MS);
    this.#sweeper.unref();
  }

  acquire(endpoint: Endpoint): UpstreamEndpoint<Req, Res> {
    const key = `${endpoint.address} ${endpoint.port}`;
    let shared = this.#byAddress.get(key);
    if (shared === undefined) {
      shared = { pool: new Pool(this.#protocol, endpoint.address, endpoint.port, this.#options), users: 0 };
      this.#byAddress.set(key, shared);
    }
    shared.users++;
    return new UpstreamEndpoint(endpoint, shared.pool);
  }

  release(upstream: UpstreamEndpoint<Req, Res>): void {
    const key = `${upstream.endpoint.address} ${upstream.endpoint.port}`;
    const shared = this.#byAddress.get(key);
    if (shared === undefined || shared.pool !== upstream.pool) return;
    shared.users--;
    if (shared.users > 0) return;
    this.#byAddress.delete(key);
    if (!shared.pool.retire()) this.#retiring.add(shared.pool);
  }

  /** Pools in use, for the admin listener. */
  pools(): Pool<Req, Res>[] {
    return [...this.#byAddress.values()].map((shared) => shared.pool);
  }

  close(reason: string): void {
    clearInterval(this.#sweeper);
    for (const { pool } of this.#byAddress.values()) pool.close(reason);
    for (const pool of this.#retiring) pool.close(reason);
  }

  #sweep(): void {
    if (this.#options.heartbeatIntervalMs > 0) for (const { pool } of this.#byAddress.values()) pool.sweep();
    for (const pool of this.#retiring) if (pool.retire()) this.#retiring.delete(pool);
  }
}
