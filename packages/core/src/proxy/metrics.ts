import type { Cluster } from '../cluster/cluster.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import { OPAQUE_PROTOCOL } from '../identity/opaque-protocol.ts';
import type { HistogramSnapshot } from '../observe/histogram.ts';
import { METRICS, type Metric, type MetricFamily } from '../observe/metrics.ts';
import type { RouteStats } from '../route/route.ts';
import type { StreamCounter } from '../stream/stream.ts';
import { formatAddress } from '../transport/listen.ts';
import type { ListenerProtocol } from './listener-protocol.ts';
import type { ListenerRuntime } from './listener-runtime.ts';
import type { ListenerOpaque, OpaqueRuntime } from './opaque-runtime.ts';
import type { ProtocolRuntime } from './protocol-runtime.ts';
import type { ProxyServer } from './proxy.ts';

type Labels = Readonly<Record<string, string>>;

/** Every series of the proxy at this moment, read off plain fields. */
export function* collectMetrics(proxy: ProxyServer): Generator<Metric> {
  yield metric(METRICS.uptime, process.uptime());
  yield metric(METRICS.residentMemory, process.memoryUsage.rss());
  for (const listener of proxy.listeners) yield* listenerMetrics(listener);
  for (const [name, runtime] of proxy.protocols) yield* protocolMetrics(name, runtime);
  yield* opaqueServiceMetrics(proxy.opaque);
  yield* configMetrics(proxy);
  for (const source of proxy.store.sources()) {
    yield metric(METRICS.registryConnected, source.state === 'synced' ? 1 : 0, { registry: source.name });
    yield metric(METRICS.registryServices, source.services.length, { registry: source.name });
  }
  yield* publishMetrics(proxy);
  for (const { name: registry, guard } of proxy.registries) {
    if (guard === undefined) continue;
    yield metric(METRICS.registryGuardHolds, guard.begun, { registry });
    yield metric(METRICS.registryGuardedEndpoints, guard.kept, { registry });
  }
  if (proxy.accessLog !== undefined) yield metric(METRICS.accessLogDropped, proxy.accessLog.dropped);
}

function* listenerMetrics({ config, names, stats, protocols, detection, opaque, tls }: ListenerRuntime): Generator<Metric> {
  const listener = config.name;
  const labels = { listener, protocol: names.join(',') };
  yield metric(METRICS.downstreamConnections, stats.connections, labels);
  yield metric(METRICS.downstreamConnectionsActive, stats.connectionsActive, labels);
  yield metric(METRICS.downstreamConnectionsRefused, stats.connectionsRefused, labels);
  for (const [protocol, count] of detection?.recognised ?? []) yield metric(METRICS.detectedConnections, count, { listener, protocol });
  for (const [seen, count] of detection?.unrecognised ?? []) yield metric(METRICS.unrecognisedConnections, count, { listener, seen });
  for (const [result, count] of tls?.handshakes ?? []) yield metric(METRICS.tlsHandshakes, count, { listener, result });
  for (const protocol of protocols) yield* requestMetrics(listener, protocol);
  if (opaque !== undefined) yield* opaqueMetrics(listener, opaque);
}

function* requestMetrics(listener: string, { name: protocol, stats, routing }: ListenerProtocol): Generator<Metric> {
  const labels = { listener, protocol };
  yield metric(METRICS.downstreamProtocolErrors, stats.protocolErrors, labels);
  yield metric(METRICS.requestsActive, stats.requestsActive, labels);
  yield metric(METRICS.requestDuration, stats.duration.snapshot(), labels);
  for (const [outcome, count] of Object.entries(stats.outcomes)) yield metric(METRICS.requests, count, { ...labels, outcome });
  yield metric(METRICS.requests, stats.cancelled, { ...labels, outcome: 'cancelled' });
  yield metric(METRICS.requests, stats.oneway, { ...labels, outcome: 'oneway' });
  for (const [reason, count] of Object.entries(stats.localReplies)) yield metric(METRICS.localReplies, count, { ...labels, reason });
  yield* routeMetrics(labels, routing?.stats ?? new Map());
}

function* opaqueMetrics(listener: string, { stats, routing }: ListenerOpaque): Generator<Metric> {
  for (const [end, count] of Object.entries(stats.ends)) yield metric(METRICS.opaqueConnections, count, { listener, end });
  yield metric(METRICS.opaqueConnectionsActive, stats.connectionsActive, { listener });
  yield metric(METRICS.opaqueReceivedBytes, stats.received, { listener });
  yield metric(METRICS.opaqueSentBytes, stats.sent, { listener });
  yield* routeMetrics({ listener, protocol: OPAQUE_PROTOCOL }, routing?.stats ?? new Map());
}

function* routeMetrics(labels: Labels, stats: ReadonlyMap<string, RouteStats>): Generator<Metric> {
  for (const [route, counts] of stats) {
    yield metric(METRICS.routeRequests, counts.requests, { ...labels, route });
    yield metric(METRICS.unreadableLookups, counts.unreadable, { ...labels, route });
  }
}

function* protocolMetrics(protocol: string, { clusters, pools, counts, counters }: ProtocolRuntime): Generator<Metric> {
  yield metric(METRICS.lateResponses, counts.late, { protocol });
  for (const counter of counters) yield metric(familyOf(protocol, counter), counter.value());
  yield* clusterMetrics(protocol, clusters.all());
  const addresses = pools.pools().map(
    ({ host, port, stats, activeRequests, connectionCount }): AddressCounts => [
      formatAddress(host, port),
      [
        [METRICS.endpointRequests, stats.requests],
        [METRICS.endpointFailures, stats.failures],
        [METRICS.endpointRequestsActive, activeRequests],
        [METRICS.endpointConnections, stats.connects],
        [METRICS.endpointConnectionsActive, connectionCount],
        [METRICS.endpointConnectFailures, stats.connectFailures],
      ],
    ],
  );
  yield* addressMetrics(protocol, addresses);
}

/** Names and words are the protocol's own. */
function familyOf(protocol: string, { name, help, kind }: StreamCounter): MetricFamily {
  return { name: `polywire_${protocol.replaceAll('-', '_')}_${name}`, help, type: kind };
}

function* opaqueServiceMetrics({ clusters, endpoints }: OpaqueRuntime): Generator<Metric> {
  yield* clusterMetrics(OPAQUE_PROTOCOL, clusters.all());
  const counts = [...endpoints.addresses()].map(
    ({ host, port, stats, activeConnections }): AddressCounts => [
      formatAddress(host, port),
      [
        [METRICS.endpointFailures, stats.failures],
        [METRICS.endpointConnections, stats.connects],
        [METRICS.endpointConnectionsActive, activeConnections],
        [METRICS.endpointConnectFailures, stats.connectFailures],
      ],
    ],
  );
  yield* addressMetrics(OPAQUE_PROTOCOL, counts);
}

type AddressCounts = readonly [endpoint: string, counts: readonly (readonly [MetricFamily, number])[]];

/** An address that is spoken to in several ways, plainly and by TLS, say, is one series. */
function* addressMetrics(protocol: string, all: Iterable<AddressCounts>): Generator<Metric> {
  const sums = new Map<string, Map<MetricFamily, number>>();
  for (const [endpoint, counts] of all) {
    const sum = sums.get(endpoint) ?? new Map<MetricFamily, number>();
    sums.set(endpoint, sum);
    for (const [family, count] of counts) sum.set(family, (sum.get(family) ?? 0) + count);
  }
  for (const [endpoint, sum] of sums) for (const [family, count] of sum) yield metric(family, count, { protocol, endpoint });
}

function* clusterMetrics<E extends BalancedEndpoint>(protocol: string, clusters: Iterable<Cluster<E>>): Generator<Metric> {
  // Those of one name, for several services or of several configurations, count together; the newest says what endpoints there are.
  const whole = [...clusters].filter(({ spec }) => spec.partOf === undefined);
  const newest = new Map(whole.map((cluster) => [cluster.name, cluster]));
  for (const { name: cluster, stats, endpoints } of newest.values()) {
    const labels = { protocol, cluster };
    const outcomes = { ok: stats.ok, 'business-error': stats.businessErrors, timeout: stats.timeouts, failure: stats.failures };
    for (const [outcome, count] of Object.entries(outcomes)) yield metric(METRICS.clusterRequests, count, { ...labels, outcome });
    yield metric(METRICS.clusterRetries, stats.retries, labels);
    yield metric(METRICS.clusterEndpoints, endpoints.length, labels);
    yield metric(METRICS.clusterEndpointsAvailable, endpoints.filter(({ available }) => available).length, labels);
  }
}

function* publishMetrics({ publishings }: ProxyServer): Generator<Metric> {
  for (const { name: publisher, session, services } of publishings.statuses()) {
    yield metric(METRICS.publishConnected, session === undefined ? 0 : 1, { publisher });
    for (const state of ['published', 'pending', 'failed']) {
      yield metric(METRICS.publishServices, services.filter((service) => service.state === state).length, { publisher, state });
    }
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
