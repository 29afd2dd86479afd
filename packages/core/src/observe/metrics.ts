import type { HistogramSnapshot } from './histogram.ts';

/** What a family of metrics is and means. */
export interface MetricFamily {
  /** `polywire_…`; counters end in `_total`, durations in `_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
}

/** One series at one moment. Made when somebody asks: requests only count up plain number fields. */
export interface Metric {
  readonly family: MetricFamily;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | HistogramSnapshot;
}

function counter(name: string, help: string): MetricFamily {
  return { name, help, type: 'counter' };
}

function gauge(name: string, help: string): MetricFamily {
  return { name, help, type: 'gauge' };
}

function histogram(name: string, help: string): MetricFamily {
  return { name, help, type: 'histogram' };
}

/** Every family that the proxy exports. The names are stable; docs/observability.md lists their labels. */
export const METRICS = {
  uptime: gauge('polywire_uptime_seconds', 'Time since the process started.'),
  residentMemory: gauge('polywire_resident_memory_bytes', 'Resident memory of the process.'),

  downstreamConnections: counter('polywire_downstream_connections_total', 'Connections accepted from callers.'),
  downstreamConnectionsActive: gauge('polywire_downstream_connections_active', 'Open connections from callers.'),
  downstreamConnectionsRefused: counter(
    'polywire_downstream_connections_refused_total',
    'Connections closed at once: beyond the limit, or not to be accepted.',
  ),
  downstreamProtocolErrors: counter(
    'polywire_downstream_protocol_errors_total',
    'Frames and other bytes from callers that could not be read.',
  ),

  tlsHandshakes: counter('polywire_tls_handshakes_total', 'TLS handshakes with callers that ended, by how.'),
  detectedConnections: counter('polywire_detected_connections_total', 'Connections whose first bytes one of several protocols recognised.'),
  unrecognisedConnections: counter(
    'polywire_unrecognised_connections_total',
    'Connections that no protocol recognised, by what they look like.',
  ),
  opaqueConnections: counter('polywire_opaque_connections_total', 'Connections passed on as they are that ended, by how.'),
  opaqueConnectionsActive: gauge('polywire_opaque_connections_active', 'Open connections that are passed on as they are.'),
  opaqueReceivedBytes: counter('polywire_opaque_received_bytes_total', 'Bytes received from callers and passed on as they are.'),
  opaqueSentBytes: counter('polywire_opaque_sent_bytes_total', 'Bytes received from services and passed on as they are.'),

  requests: counter('polywire_requests_total', 'Requests that ended, by outcome.'),
  requestDuration: histogram('polywire_request_duration_seconds', 'Time from a request to the last byte of its answer.'),
  requestsActive: gauge('polywire_requests_active', 'Requests received and not yet answered.'),
  localReplies: counter('polywire_local_replies_total', 'Answers that the proxy made itself, by reason.'),
  unreadableLookups: counter(
    'polywire_unreadable_lookups_total',
    'Requests of which a header could not be read because of their serialization.',
  ),
  routeRequests: counter('polywire_route_requests_total', 'Requests that took a route.'),

  clusterRequests: counter('polywire_cluster_requests_total', 'Attempts sent to a cluster, by outcome.'),
  clusterRetries: counter('polywire_cluster_retries_total', 'Attempts after the first.'),
  clusterEndpoints: gauge('polywire_cluster_endpoints', 'Endpoints of a cluster.'),
  clusterEndpointsAvailable: gauge('polywire_cluster_endpoints_available', 'Endpoints that are not backing off after a failed connect.'),

  endpointRequests: counter('polywire_endpoint_requests_total', 'Attempts sent to an address.'),
  endpointFailures: counter(
    'polywire_endpoint_failures_total',
    'Attempts that an address did not answer well; a business error is a good answer.',
  ),
  endpointRequestsActive: gauge('polywire_endpoint_requests_active', 'Attempts not yet answered.'),
  endpointConnections: counter('polywire_endpoint_connections_total', 'Connections opened to an address.'),
  endpointConnectionsActive: gauge('polywire_endpoint_connections_active', 'Open connections to an address.'),
  endpointConnectFailures: counter(
    'polywire_endpoint_connect_failures_total',
    'Connections that failed or closed before a byte was received.',
  ),
  lateResponses: counter('polywire_late_responses_total', 'Responses dropped because their request had already ended.'),

  configReloads: counter('polywire_config_reloads_total', 'Configuration changes, by result.'),
  configLastSuccess: gauge('polywire_config_last_success_timestamp_seconds', 'When the configuration in force was loaded, in Unix time.'),
  configProblems: gauge('polywire_config_problems', 'Problems of the newest configuration, by severity.'),
  registryConnected: gauge('polywire_registry_connected', '1 when the registry is in sync, 0 while its last known data is in force.'),
  registryServices: gauge('polywire_registry_services', 'Services that a registry announces.'),
  registryGuardHolds: counter('polywire_registry_guard_holds_total', 'Losses of endpoints that were held because they were large.'),
  registryGuardedEndpoints: gauge(
    'polywire_registry_guarded_endpoints',
    'Endpoints that are in force although their registry announces them no more.',
  ),
  publishConnected: gauge('polywire_publish_connected', '1 while a publisher stands by its registry, 0 while that is away.'),
  publishServices: gauge('polywire_publish_services', 'Services that a publisher is to register, by whether they stand.'),
  accessLogDropped: counter('polywire_access_log_dropped_lines_total', 'Access log lines dropped because the sink was slow.'),
} as const satisfies Record<string, MetricFamily>;
