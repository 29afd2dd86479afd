// Envoy's configuration for HTTP/2 with prior knowledge on both sides, as JSON.

const type = (name) => ({ '@type': `type.googleapis.com/envoy.extensions.${name}` });
const address = (port) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

const MANAGER = {
  name: 'envoy.filters.network.http_connection_manager',
  typed_config: {
    ...type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'bench',
    codec_type: 'HTTP2',
    route_config: {
      name: 'bench',
      virtual_hosts: [
        { name: 'bench', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'backend', timeout: '0s' } }] },
      ],
    },
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: type('filters.http.router.v3.Router') }],
  },
};

const http2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    ...type('upstreams.http.v3.HttpProtocolOptions'),
    explicit_http_config: { http2_protocol_options: {} },
  },
};

/** One listener in front of one cluster. Its breakers let the memory measurement's open streams through. */
export function envoyConfig(port, backendPort) {
  const cluster = {
    name: 'backend',
    type: 'STATIC',
    connect_timeout: '5s',
    typed_extension_protocol_options: http2,
    circuit_breakers: { thresholds: [{ max_connections: 100_000, max_pending_requests: 100_000, max_requests: 100_000 }] },
    load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [{ endpoint: { address: address(backendPort) } }] }] },
  };
  const listeners = [{ name: 'bench', address: address(port), filter_chains: [{ filters: [MANAGER] }] }];
  return JSON.stringify({ static_resources: { listeners, clusters: [cluster] } });
}
