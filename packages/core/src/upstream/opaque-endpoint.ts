import type { EndpointSource, EndpointTls } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { SocketSecurity } from '../transport/socket-security.ts';
import { SocketTransport } from '../transport/socket-transport.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import type { EndpointSecurity } from './pools.ts';

/** Of the bootstrap's `upstream`, what connections without frames need. */
export interface OpaqueEndpointOptions {
  readonly connectTimeoutMs: number;
  readonly backoff: BackoffOptions;
}

/** What is known of one address, whatever services and snapshots use it. */
export class OpaqueAddress {
  activeConnections = 0;
  readonly stats = { connects: 0, connectFailures: 0, failures: 0 };
  /** When this process first used it, in milliseconds since 1970. */
  readonly knownSince = Date.now();
  readonly host: string;
  readonly port: number;
  readonly #backoff: Backoff;
  readonly #connectTimeoutMs: number;
  readonly #security: SocketSecurity | undefined;

  constructor(host: string, port: number, { backoff, connectTimeoutMs }: OpaqueEndpointOptions, security: SocketSecurity | undefined) {
    this.host = host;
    this.port = port;
    this.#backoff = new Backoff(backoff);
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#security = security;
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
    const { host, port } = this;
    return SocketTransport.connect({ host, port, timeoutMs: this.#connectTimeoutMs, security: this.#security, halfOpen: true });
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
  /** Of its address among all. */
  readonly key: string;

  constructor(endpoint: Endpoint, address: OpaqueAddress, key: string) {
    this.endpoint = endpoint;
    this.address = address;
    this.key = key;
  }
  /** Open connections. */
  get activeRequests(): number {
    return this.address.activeConnections;
  }
  get available(): boolean {
    return this.address.available;
  }
  get knownSince(): number {
    return this.address.knownSince;
  }
}

/** All addresses that bytes are passed on to. */
export class OpaqueEndpoints implements EndpointSource<OpaqueEndpoint> {
  readonly #options: OpaqueEndpointOptions;
  readonly #securityOf: (tls: EndpointTls) => EndpointSecurity;
  readonly #byAddress = new Map<string, { readonly address: OpaqueAddress; users: number }>();

  constructor(options: OpaqueEndpointOptions, securityOf: (tls: EndpointTls) => EndpointSecurity) {
    this.#options = options;
    this.#securityOf = securityOf;
  }

  acquire(endpoint: Endpoint, tls?: EndpointTls): OpaqueEndpoint {
    const secured = tls && this.#securityOf(tls);
    const { address, port } = endpoint;
    const key = `${address} ${port} ${secured?.key ?? ''}`;
    let shared = this.#byAddress.get(key);
    if (shared === undefined) {
      shared = { address: new OpaqueAddress(address, port, this.#options, secured?.security), users: 0 };
      this.#byAddress.set(key, shared);
    }
    shared.users++;
    return new OpaqueEndpoint(endpoint, shared.address, key);
  }
  release({ key }: OpaqueEndpoint): void {
    const shared = this.#byAddress.get(key);
    if (shared !== undefined && --shared.users === 0) this.#byAddress.delete(key);
  }

  /** Addresses in use, for the admin listener. */
  addresses(): OpaqueAddress[] {
    return [...this.#byAddress.values()].map(({ address }) => address);
  }
}
