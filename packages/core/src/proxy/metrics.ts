import type { HistogramSnapshot } from '../observe/histogram.ts';
import { METRICS, type Metric, type MetricFamily } from '../observe/metrics.ts';
import { formatAddress } from '../transport/listen.ts';
import type { ListenerRuntime } from './listener-runtime.ts';
import type { ProtocolRuntime } from './protocol-runtime.ts';
import type { ProxyServer } from './proxy.ts';

type Labels = Readonly<Record<string, string>>;

/** Every series of the proxy at this moment, read off plain fields. */
export function* collectMetrics(proxy: ProxyServer): Generator<Metric> {
  yield metric(METRICS.uptime, process.uptime());
  yield metric(METRICS.residentMemory, process.memoryUsage.rss());
  for (const listener of proxy.listeners) yield* listenerMetrics(listener);
  for (const [name, runtime] of proxy.protocols) yield* protocolMetrics(name, runtime);
  yield* configMetrics(proxy);
  for (const source of proxy.store.sources()) {
    yield metric(METRICS.registryConnected, source.state === 'synced' ? 1 : 0, { registry: source.name });
    yield metric(METRICS.registryServices, source.services.length, { registry: source.name });
  }
  if (proxy.accessLog !== undefined) yield metric(METRICS.accessLogDropped, proxy.accessLog.dropped);
}

function* listenerMetrics({ config, protocol, stats, routing }: ListenerRuntime): Generator<Metric> {
  const labels = { listener: config.name, protocol };
  yield metric(METRICS.downstreamConnections, stats.connections, labels);
  yield metric(METRICS.downstreamConnectionsActive, stats.connectionsActive, labels);
  yield metric(METRICS.downstreamConnectionsRefused, stats.connectionsRefused, labels);
  yield metric(METRICS.downstreamProtocolErrors, stats.protocolErrors, labels);
  yield metric(METRICS.requestsActive, stats.requestsActive, labels);
  yield metric(METRICS.requestDuration, stats.duration.snapshot(), labels);
  for (const [outcome, count] of Object.entries(stats.outcomes)) yield metric(METRICS.requests, count, { ...labels, outcome });
  yield metric(METRICS.requests, stats.cancelled, { ...labels, outcome: 'cancelled' });
  yield metric(METRICS.requests, stats.oneway, { ...labels, outcome: 'oneway' });
  for (const [reason, count] of Object.entries(stats.localReplies)) yield metric(METRICS.localReplies, count, { ...labels, reason });
  if (routing === undefined) return;
  for (const [route, counts] of routing.stats) {
    yield metric(METRICS.routeRequests, counts.requests, { ...labels, route });
    yield metric(METRICS.unreadableLookups, counts.unreadable, { ...labels, route });
  }
}

function* protocolMetrics(protocol: string, { clusters, pools, counts }: ProtocolRuntime): Generator<Metric> {
  yield metric(METRICS.lateResponses, counts.late, { protocol });
  for (const cluster of clusters.all()) {
    const { stats } = cluster;
    const labels = { protocol, cluster: cluster.name };
    const outcomes = { ok: stats.ok, 'business-error': stats.businessErrors, timeout: stats.timeouts, failure: stats.failures };
    for (const [outcome, count] of Object.entries(outcomes)) yield metric(METRICS.clusterRequests, count, { ...labels, outcome });
    yield metric(METRICS.clusterRetries, stats.retries, labels);
    yield metric(METRICS.clusterEndpoints, cluster.endpoints.length, labels);
    yield metric(METRICS.clusterEndpointsAvailable, cluster.endpoints.filter(({ available }) => available).length, labels);
  }
  for (const pool of pools.pools()) {
    const labels = { protocol, endpoint: formatAddress(pool.host, pool.port) };
    yield metric(METRICS.endpointRequests, pool.stats.requests, labels);
    yield metric(METRICS.endpointFailures, pool.stats.failures, labels);
    yield metric(METRICS.endpointRequestsActive, pool.activeRequests, labels);
    yield metric(METRICS.endpointConnections, pool.stats.connects, labels);
    yield metric(METRICS.endpointConnectionsActive, pool.connectionCount, labels);
    yield metric(METRICS.endpointConnectFailures, pool.stats.connectFailures, labels);
  }
}

function* configMetrics({ config }: ProxyServer): Generator<Metric> {
  yield metric(METRICS.configReloads, config.reloads, { result: 'taken' });
  yield metric(METRICS.configReloads, config.rejected, { result: 'refused' });
  yield metric(METRICS.configLastSuccess, config.loadedAt / 1000);
  for (const severity of ['error', 'warning']) {
    yield metric(METRICS.configProblems, config.problems.filter((problem) => problem.severity === severity).length, { severity });
  }
}

function metric(family: MetricFamily, value: number | HistogramSnapshot, labels: Labels = {}): Metric {
  return { family, labels, value };
}
