import type { EndpointSource } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import { SocketTransport } from '../transport/socket-transport.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';

/** Of the bootstrap's `upstream`, what connections without frames need. */
export interface OpaqueEndpointOptions {
  readonly connectTimeoutMs: number;
  readonly backoff: BackoffOptions;
}

/** What is known of one address, whatever services and snapshots use it. */
export class OpaqueAddress {
  activeConnections = 0;
  readonly stats = { connects: 0, connectFailures: 0, failures: 0 };
  readonly host: string;
  readonly port: number;
  readonly #backoff: Backoff;
  readonly #connectTimeoutMs: number;

  constructor(host: string, port: number, { backoff, connectTimeoutMs }: OpaqueEndpointOptions) {
    this.host = host;
    this.port = port;
    this.#backoff = new Backoff(backoff);
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** Not backing off after a connection that failed. */
  get available(): boolean {
    return this.backoffMs === 0;
  }
  /** Milliseconds until balancers choose it again; 0: they do. */
  get backoffMs(): number {
    return Math.ceil(this.#backoff.remainingMs(performance.now()));
  }

  /** Starts a connection, which counts as active until closed() or failed(). */
  connect(): SocketTransport {
    this.activeConnections++;
    this.stats.connects++;
    return SocketTransport.connect({ host: this.host, port: this.port, timeoutMs: this.#connectTimeoutMs, halfOpen: true });
  }
  connected(): void {
    this.#backoff.succeeded();
  }
  /** It could not be connected to. */
  failed(): void {
    this.activeConnections--;
    this.stats.connectFailures++;
    this.#backoff.failed(performance.now());
  }
  closed(): void {
    this.activeConnections--;
  }
}

/** An endpoint of one service, to which bytes are passed on as they are: a connection for each of its callers. */
export class OpaqueEndpoint implements BalancedEndpoint {
  readonly endpoint: Endpoint;
  readonly address: OpaqueAddress;

  constructor(endpoint: Endpoint, address: OpaqueAddress) {
    this.endpoint = endpoint;
    this.address = address;
  }
  /** Open connections. */
  get activeRequests(): number {
    return this.address.activeConnections;
  }
  get available(): boolean {
    return this.address.available;
  }
}

/** All addresses that bytes are passed on to. */
export class OpaqueEndpoints implements EndpointSource<OpaqueEndpoint> {
  readonly #options: OpaqueEndpointOptions;
  readonly #byAddress = new Map<string, { readonly address: OpaqueAddress; users: number }>();

  constructor(options: OpaqueEndpointOptions) {
    this.#options = options;
  }

  acquire(endpoint: Endpoint): OpaqueEndpoint {
    const key = keyOf(endpoint);
    let shared = this.#byAddress.get(key);
    if (shared === undefined) {
      shared = { address: new OpaqueAddress(endpoint.address, endpoint.port, this.#options), users: 0 };
      this.#byAddress.set(key, shared);
    }
    shared.users++;
    return new OpaqueEndpoint(endpoint, shared.address);
  }
  release({ endpoint }: OpaqueEndpoint): void {
    const key = keyOf(endpoint);
    const shared = this.#byAddress.get(key);
    if (shared !== undefined && --shared.users === 0) this.#byAddress.delete(key);
  }

  /** Addresses in use, for the admin listener. */
  addresses(): OpaqueAddress[] {
    return [...this.#byAddress.values()].map(({ address }) => address);
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
