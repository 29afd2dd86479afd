import { ClusterSet } from '../cluster/cluster-set.ts';
import type { LoadBalancerFactory } from '../cluster/load-balancer.ts';
import type { Bootstrap, OpaqueTarget } from '../config/bootstrap-model.ts';
import { OpaqueStats } from '../observe/opaque-stats.ts';
import type { ServiceEntryStore } from '../registry/service-entry-store.ts';
import { Route, RouteStats } from '../route/route.ts';
import { TcpRouting } from '../route/tcp-routing.ts';
import { formatAddress } from '../transport/listen.ts';
import { type OpaqueEndpoint, OpaqueEndpoints } from '../upstream/opaque-endpoint.ts';
import type { OpaqueConnection } from './opaque-connection.ts';
import { OpaquePath } from './opaque-path.ts';
import type { TlsRuntime } from './tls-runtime.ts';

/** What all listeners that pass bytes on share: the addresses of services, and their clusters. */
export class OpaqueRuntime {
  readonly endpoints: OpaqueEndpoints;
  readonly clusters: ClusterSet<OpaqueEndpoint>;

  constructor({ upstream }: Bootstrap, loadBalancers: ReadonlyMap<string, LoadBalancerFactory>, tls: TlsRuntime) {
    const backoff = { initialMs: upstream.backoff.initial, maxMs: upstream.backoff.max };
    this.endpoints = new OpaqueEndpoints({ connectTimeoutMs: upstream.connectTimeout, backoff }, (endpoint) => tls.endpoint(endpoint, []));
    // Each connection is balanced alone: nothing is gained by sending those of one read to the same endpoint.
    this.clusters = new ClusterSet({ endpoints: this.endpoints, loadBalancers, balance: 'request' });
  }
}

/** What the opaque side of a listener is made with. */
export interface ListenerOpaqueOptions {
  readonly listener: string;
  readonly target: OpaqueTarget;
  readonly runtime: OpaqueRuntime;
  readonly store: ServiceEntryStore;
  onEnd(connection: OpaqueConnection): void;
}

/** Where one listener passes bytes on to. */
export class ListenerOpaque {
  readonly stats = new OpaqueStats();
  /** undefined: it has one fixed address. */
  readonly routing: TcpRouting<OpaqueEndpoint> | undefined;
  readonly path: OpaquePath;

  constructor({ listener, target, runtime, store, onEnd }: ListenerOpaqueOptions) {
    const { clusters } = runtime;
    const common = { listener, stats: this.stats, onEnd };
    if (target.kind === 'service') {
      const routing = new TcpRouting({ listener, target, store, clusters });
      this.routing = routing;
      this.path = new OpaquePath({ ...common, target: target.host, findRoute: () => routing.route });
    } else {
      const route = fixedRoute(listener, target, clusters);
      this.routing = undefined;
      this.path = new OpaquePath({ ...common, target: route.name, findRoute: () => route });
    }
  }

  close(): void {
    this.routing?.close();
  }
}

function fixedRoute(listener: string, { host, port }: OpaqueTarget, clusters: ClusterSet<OpaqueEndpoint>): Route<OpaqueEndpoint> {
  const name = formatAddress(host, port);
  const origin = `listeners.${listener}`;
  const endpoint = { address: host, port, weight: 1, labels: new Map(), metadata: new Map(), origin };
  const cluster = clusters.acquire({
    id: `fixed ${name}`,
    name,
    loadBalancer: 'ROUND_ROBIN',
    origin,
    dependsOn: [],
    resolve: () => ({ chosen: [endpoint], leftOut: [], emptiness: '' }),
  });
  const options = { name, origin, requestEdits: undefined, responseEdits: undefined, timeoutMs: -1, stats: new RouteStats() };
  return new Route(options, [{ cluster, weight: 1 }]);
}
