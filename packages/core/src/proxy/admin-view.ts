import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { AdminSource, ClusterStatus, EndpointStatus } from '../observe/admin-source.ts';
import type { Frame } from '../protocol/spi.ts';
import { formatAddress } from '../transport/listen.ts';
import type { OpaqueEndpoint } from '../upstream/opaque-endpoint.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';
import { collectMetrics } from './metrics.ts';
import type { ProxyServer } from './proxy.ts';

/** What the admin listener shows of a proxy. */
export function adminView(proxy: ProxyServer): AdminSource {
  return {
    metrics: () => collectMetrics(proxy),
    *clusters() {
      for (const { clusters } of proxy.protocols.values())
        for (const cluster of clusters.all()) yield clusterStatus(cluster, endpointStatus);
      for (const cluster of proxy.opaque.clusters.all()) yield clusterStatus(cluster, opaqueEndpointStatus);
    },
    registries: () => proxy.store.sources(),
    configDump: () => ({ bootstrap: proxy.bootstrap, resources: proxy.resources, services: [...proxy.store.all()] }),
    readiness: () => proxy.ready,
    log: proxy.log,
  };
}

function clusterStatus<E extends BalancedEndpoint>(cluster: Cluster<E>, statusOf: (endpoint: E) => EndpointStatus): ClusterStatus {
  const { name, spec } = cluster;
  return { name, loadBalancer: spec.loadBalancer, origin: spec.origin, endpoints: cluster.endpoints.map(statusOf) };
}

function endpointStatus({ endpoint, pool }: UpstreamEndpoint<Frame, Frame>): EndpointStatus {
  const { available, backoffMs, activeRequests, connectionCount: connections } = pool;
  return { ...dataOf(endpoint), available, backoffMs, activeRequests, connections };
}

/** A connection stands for a request: there are no others. */
function opaqueEndpointStatus({ endpoint, address }: OpaqueEndpoint): EndpointStatus {
  const { available, backoffMs, activeConnections } = address;
  return { ...dataOf(endpoint), available, backoffMs, activeRequests: activeConnections, connections: activeConnections };
}

function dataOf({ address, port, weight, labels, origin }: Endpoint) {
  return { address: formatAddress(address, port), weight, labels: Object.fromEntries(labels), origin };
}
