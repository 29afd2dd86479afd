import type { Cluster } from '../cluster/cluster.ts';
import type { AdminSource, ClusterStatus, EndpointStatus } from '../observe/admin-source.ts';
import type { Frame } from '../protocol/spi.ts';
import { formatAddress } from '../transport/listen.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';
import { collectMetrics } from './metrics.ts';
import type { ProxyServer } from './proxy.ts';

/** What the admin listener shows of a proxy. */
export function adminView(proxy: ProxyServer): AdminSource {
  return {
    metrics: () => collectMetrics(proxy),
    *clusters() {
      for (const { clusters } of proxy.protocols.values()) for (const cluster of clusters.all()) yield clusterStatus(cluster);
    },
    registries: () => proxy.store.sources(),
    configDump: () => ({ bootstrap: proxy.bootstrap, resources: proxy.resources, services: [...proxy.store.all()] }),
    readiness: () => proxy.ready,
    log: proxy.log,
  };
}

function clusterStatus(cluster: Cluster<UpstreamEndpoint<Frame, Frame>>): ClusterStatus {
  const { name, spec } = cluster;
  return { name, loadBalancer: spec.loadBalancer, origin: spec.origin, endpoints: cluster.endpoints.map(endpointStatus) };
}

function endpointStatus({ endpoint, pool }: UpstreamEndpoint<Frame, Frame>): EndpointStatus {
  return {
    address: formatAddress(endpoint.address, endpoint.port),
    weight: endpoint.weight,
    labels: Object.fromEntries(endpoint.labels),
    available: pool.available,
    backoffMs: pool.backoffMs,
    activeRequests: pool.activeRequests,
    connections: pool.connectionCount,
    origin: endpoint.origin,
  };
}
