import { stringify } from 'yaml';
import { documents, type MeshEndpoint, type MeshRoute } from './mesh.ts';

const PORT_NAME = 'thrift';

/** A bootstrap with Thrift listeners and an admin listener on free ports, and `mesh/*.yaml` as resources. */
export function thriftBootstrap(
  /** Settings of each listener, by its name. */
  listeners: Readonly<Record<string, Readonly<Record<string, string>>>>,
  more: Readonly<Record<string, unknown>> = {},
): string {
  return stringify({
    listeners: Object.entries(listeners).map(([name, settings]) => ({
      name,
      address: '127.0.0.1:0',
      protocols: [Object.keys(settings).length === 0 ? 'thrift' : { name: 'thrift', settings }],
    })),
    admin: { address: '127.0.0.1:0' },
    resources: ['mesh/*.yaml'],
    ...more,
  });
}

export interface ThriftEntry {
  readonly service: string;
  readonly endpoints: readonly MeshEndpoint[];
  /** What the services are to be sent, by setting. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** ServiceEntries, one for each service. */
export function thriftEntries(entries: readonly ThriftEntry[]): string {
  return documents(
    entries.map(({ service, endpoints, settings = {} }) => ({
      kind: 'ServiceEntry',
      name: service,
      annotations: {
        'polywire.io/service': service,
        ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`thrift.polywire.io/${name}`, value])),
      },
      spec: {
        hosts: [`${service.toLowerCase()}.thrift`],
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        ports: [{ name: PORT_NAME, number: 9090, protocol: 'TCP' }],
        endpoints: endpoints.map(({ port, ...rest }) => ({ address: '127.0.0.1', ports: { [PORT_NAME]: port }, ...rest })),
      },
    })),
  );
}

/** A DestinationRule with one subset per value of the label `version`, named as the value. */
export function thriftSubsets(service: string, versions: readonly string[]): string {
  const subsets = versions.map((version) => ({ name: version, labels: { version } }));
  return documents([{ kind: 'DestinationRule', name: service, spec: { host: service, subsets } }]);
}

export function thriftRoutes(service: string, routes: readonly MeshRoute[]): string {
  const http = routes.map(({ to, ...rest }) => ({
    ...rest,
    route: Object.entries(to).map(([subset, weight]) => ({
      destination: { host: service, ...(subset === '' ? {} : { subset }) },
      weight,
    })),
  }));
  return documents([{ kind: 'VirtualService', name: service, spec: { hosts: [service], http } }]);
}
