// The configuration Polywire is measured with: gray calls by what each protocol has to tell them by, deadlines and stats on.
import { METHOD, SERVICE } from './frames.mjs';

/** How the service of the frames is called, and which calls are gray. */
const PROTOCOLS = {
  dubbo: { service: SERVICE, gray: { headers: { 'dubbo.tag': { exact: 'gray' } } }, listens: 'dubbo' },
  bolt: { service: `${SERVICE}:1.0`, gray: { headers: { zone: { exact: 'gray' } } }, listens: 'bolt' },
  thrift: {
    service: SERVICE,
    gray: { uri: { exact: `/${SERVICE}/${METHOD}` } },
    listens: { name: 'thrift', settings: { service: SERVICE } },
  },
};

const numbered = (name, index) => (index === 0 ? name : name.replace('UserService', `Service${index}`));
const subset = (name, version) => ({ name, labels: { version } });

function resourcesOf(protocol, index, { backendPort, settings }) {
  const service = numbered(PROTOCOLS[protocol].service, index);
  const host = numbered(SERVICE, index).toLowerCase();
  const resource = (kind, spec, annotations) => ({
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: { name: `${kind}-${host}`.toLowerCase().replaceAll('.', '-'), ...(annotations && { annotations }) },
    spec,
  });
  const endpoint = (version) => ({ address: '127.0.0.1', ports: { [protocol]: backendPort }, labels: { version } });
  const annotations = Object.entries(settings).map(([name, value]) => [`${protocol}.polywire.io/${name}`, value]);
  return [
    resource(
      'ServiceEntry',
      {
        hosts: [host],
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        ports: [{ number: backendPort, name: protocol, protocol: 'TCP' }],
        endpoints: [endpoint('v1'), endpoint('v2')],
      },
      { 'polywire.io/service': service, ...Object.fromEntries(annotations) },
    ),
    resource('DestinationRule', { host, subsets: [subset('v1', 'v1'), subset('v2', 'v2')] }),
    resource('VirtualService', {
      hosts: [host],
      http: [
        { match: [PROTOCOLS[protocol].gray], route: [{ destination: { host, subset: 'v2' } }] },
        { route: [{ destination: { host, subset: 'v1' } }] },
      ],
    }),
  ];
}

/**
 * The texts of the bootstrap file and of the resources file, whose path is given. JSON is YAML.
 * `settings`: of the services, as annotations.
 */
export function polywireConfig({ protocol, port, backendPort, services, settings, resources }) {
  const bootstrap = {
    listeners: [{ name: 'bench', address: `127.0.0.1:${port}`, protocols: [PROTOCOLS[protocol].listens] }],
    resources: [resources],
  };
  const documents = Array.from({ length: services }, (_, index) => resourcesOf(protocol, index, { backendPort, settings })).flat();
  return { bootstrap: JSON.stringify(bootstrap), resources: documents.map((document) => JSON.stringify(document)).join('\n---\n') };
}
