// Envoy's configuration for the same routes, as JSON.
import { METHOD, SERVICE } from './frames.mjs';

const type = (name) => ({ '@type': `type.googleapis.com/envoy.extensions.filters.network.${name}` });
const any = { safe_regex: { regex: '.*' } };

const FILTERS = {
  dubbo: {
    name: 'envoy.filters.network.dubbo_proxy',
    typed_config: {
      ...type('dubbo_proxy.v3.DubboProxy'),
      stat_prefix: 'bench',
      protocol_type: 'Dubbo',
      serialization_type: 'Hessian2',
      route_config: [
        {
          name: 'bench',
          interface: SERVICE,
          routes: [
            {
              match: { method: { name: any }, headers: [{ name: 'dubbo.tag', string_match: { exact: 'gray' } }] },
              route: { cluster: 'v2' },
            },
            { match: { method: { name: any } }, route: { cluster: 'v1' } },
          ],
        },
      ],
    },
  },
  thrift: {
    name: 'envoy.filters.network.thrift_proxy',
    typed_config: {
      ...type('thrift_proxy.v3.ThriftProxy'),
      stat_prefix: 'bench',
      transport: 'FRAMED',
      protocol: 'BINARY',
      route_config: {
        name: 'bench',
        routes: [
          { match: { method_name: METHOD }, route: { cluster: 'v2' } },
          { match: { method_name: '' }, route: { cluster: 'v1' } },
        ],
      },
    },
  },
};

/** One listener for `protocol`, with the same backend as v1 and v2. */
export function envoyConfig(protocol, port, backendPort) {
  const address = (value) => ({ socket_address: { address: '127.0.0.1', port_value: value } });
  const cluster = (name) => ({
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(backendPort) } }] }] },
  });
  const listeners = [{ name: 'bench', address: address(port), filter_chains: [{ filters: [FILTERS[protocol]] }] }];
  return JSON.stringify({ static_resources: { listeners, clusters: [cluster('v1'), cluster('v2')] } });
}
