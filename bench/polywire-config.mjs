// The configuration Polywire is measured with: gray calls by an attachment, deadlines and stats on.
import { SERVICE } from './frames.mjs';

const serviceName = (index) => (index === 0 ? SERVICE : `com.acme.bench.Service${index}`);
const subset = (name, version) => ({ name, labels: { version } });

function resourcesOf(name, backendPort) {
  const resource = (kind, spec, annotations) => ({
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: { name: `${kind}-${name}`.toLowerCase().replaceAll('.', '-'), ...(annotations && { annotations }) },
    spec,
  });
  const host = name.toLowerCase();
  const endpoint = (version) => ({ address: '127.0.0.1', ports: { dubbo: backendPort }, labels: { version } });
  return [
    resource(
      'ServiceEntry',
      {
        hosts: [host],
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        ports: [{ number: backendPort, name: 'dubbo', protocol: 'TCP' }],
        endpoints: [endpoint('v1'), endpoint('v2')],
      },
      { 'polywire.io/service': name },
    ),
    resource('DestinationRule', { host, subsets: [subset('v1', 'v1'), subset('v2', 'v2')] }),
    resource('VirtualService', {
      hosts: [host],
      http: [
        { match: [{ headers: { 'dubbo.tag': { exact: 'gray' } } }], route: [{ destination: { host, subset: 'v2' } }] },
        { route: [{ destination: { host, subset: 'v1' } }] },
      ],
    }),
  ];
}

/** The texts of the bootstrap file and of the resources file, whose path is given. JSON is YAML. */
export function polywireConfig({ port, backendPort, services, resources }) {
  const bootstrap = {
    listeners: [{ name: 'bench', address: `127.0.0.1:${port}`, protocols: ['dubbo'] }],
    resources: [resources],
  };
  const documents = Array.from({ length: services }, (_, index) => resourcesOf(serviceName(index), backendPort)).flat();
  return { bootstrap: JSON.stringify(bootstrap), resources: documents.map((document) => JSON.stringify(document)).join('\n---\n') };
}
