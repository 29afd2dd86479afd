import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { AdminSource, ClusterStatus, EndpointStatus, ListenerStatus } from '../observe/admin-source.ts';
import type { Head } from '../protocol/streaming.ts';
import { formatAddress } from '../transport/listen.ts';
import type { OpaqueEndpoint } from '../upstream/opaque-endpoint.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';
import type { ListenerRuntime } from './listener-runtime.ts';
import { collectMetrics } from './metrics.ts';
import type { ProxyServer } from './proxy.ts';

/** What the admin listener shows of a proxy. */
export function adminView(proxy: ProxyServer): AdminSource {
  return {
    metrics: () => collectMetrics(proxy),
    listeners: () => proxy.listeners.map(listenerStatus),
    clusters: () => distinct(clusterStatuses(proxy)),
    registries: () => proxy.store.sources(),
    services: (name) => [...new Set([...proxy.store.byHost(name.toLowerCase()), ...proxy.store.byInterface(name)])],
    unread: (name) => proxy.store.unreadOf(name),
    publishers: () => proxy.publishings.statuses(),
    configDump: () => ({ bootstrap: proxy.bootstrap, resources: proxy.resources, services: [...proxy.store.all()] }),
    readiness: () => proxy.ready,
    log: proxy.log,
  };
}

function* clusterStatuses(proxy: ProxyServer): Generator<ClusterStatus> {
  for (const { clusters } of proxy.protocols.values()) for (const cluster of clusters.all()) yield clusterStatus(cluster, endpointStatus);
  for (const cluster of proxy.opaque.clusters.all()) yield clusterStatus(cluster, opaqueEndpointStatus);
}

/** Services that share a destination may have clusters of their own for it, of which there is nothing different to see. */
function distinct(all: Iterable<ClusterStatus>): Iterable<ClusterStatus> {
  // Each renews the weights of what warms up when it is its own turn.
  const seen = (key: string, value: unknown): unknown => (key === 'warming' ? undefined : value);
  return new Map([...all].map((status) => [JSON.stringify(status, seen), status])).values();
}

function listenerStatus({ config, listener, names, stats }: ListenerRuntime): ListenerStatus {
  const { detection, opaque, upstream, tls } = config;
  const settingsOf = (name: string) => config.protocols.find((protocol) => protocol.name === name)?.settings ?? [];
  const fallback = detection?.fallback;
  const to = opaque ?? upstream;
  return {
    name: config.name,
    address: listener.address,
    protocols: names.map((name) => ({ name, settings: Object.fromEntries(settingsOf(name)) })),
    fallback: fallback === undefined || fallback === 'refuse' ? fallback && 'refused' : formatAddress(fallback.host, fallback.port),
    upstream: to && formatAddress(to.host, to.port),
    ...(tls && { tls: tls.clientCa === undefined ? 'server' : 'mutual' }),
    connections: stats.connectionsActive,
  };
}

function clusterStatus<E extends BalancedEndpoint>(cluster: Cluster<E>, statusOf: (endpoint: E) => EndpointStatus): ClusterStatus {
  const { name, spec } = cluster;
  const endpoints = cluster.endpoints.map((endpoint, index) => {
    const warming = cluster.warming(index);
    return { ...statusOf(endpoint), ...(warming && { warming: { ...warming, until: new Date(warming.until).toISOString() } }) };
  });
  return { name, loadBalancer: spec.loadBalancer, tls: spec.tls?.mode, origin: spec.origin, endpoints };
}

function endpointStatus({ endpoint, pool }: UpstreamEndpoint<Head, Head>): EndpointStatus {
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
