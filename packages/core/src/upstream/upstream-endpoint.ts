import type { Endpoint } from '../cluster/endpoint.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { Pool } from './pool.ts';

const NO_TIMEOUTS: ReadonlyMap<string, number> = new Map();
const SUFFIX = '.timeout';

/** An endpoint of one service and the connections to its address, which other services may share. */
export class UpstreamEndpoint<Req, Res> implements BalancedEndpoint {
  readonly endpoint: Endpoint;
  readonly pool: Pool<Req, Res>;
  readonly #timeoutMs: number;
  readonly #methodTimeouts: ReadonlyMap<string, number>;

  constructor(endpoint: Endpoint, pool: Pool<Req, Res>) {
    this.endpoint = endpoint;
    this.pool = pool;
    this.#timeoutMs = milliseconds(endpoint.metadata.get('timeout')) ?? 0;
    this.#methodTimeouts = methodTimeouts(endpoint.metadata);
  }

  get activeRequests(): number {
    return this.pool.activeRequests;
  }
  get available(): boolean {
    return this.pool.available;
  }
  get knownSince(): number {
    return this.pool.knownSince;
  }

  /** The provider's own wish from the registry (`<method>.timeout`, `timeout`), in milliseconds; 0: none. */
  timeoutMs(method: string): number {
    return this.#methodTimeouts.get(method) ?? this.#timeoutMs;
  }
}

function methodTimeouts(metadata: ReadonlyMap<string, string>): ReadonlyMap<string, number> {
  let found: Map<string, number> | undefined;
  for (const [key, value] of metadata) {
    const ms = key.endsWith(SUFFIX) ? milliseconds(value) : undefined;
    if (ms === undefined) continue;
    found ??= new Map();
    found.set(key.slice(0, -SUFFIX.length), ms);
  }
  return found ?? NO_TIMEOUTS;
}

function milliseconds(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
