import { stringify } from 'yaml';
import { documents, type MeshEndpoint, type MeshRoute } from './mesh.ts';
import type { SofaRefer, SofaServiceName } from './sofa-peers.ts';

const PORT_NAME = 'bolt';
const SERVICES: readonly SofaServiceName[] = ['EchoService', 'CallService', 'NoteService'];

/** A bootstrap with one Bolt listener and an admin listener on free ports, and `mesh/*.yaml` as resources. */
export function boltBootstrap(more: Readonly<Record<string, unknown>> = {}): string {
  return stringify({
    listeners: [{ name: 'rpc', address: '127.0.0.1:0', protocols: ['bolt'] }],
    admin: { address: '127.0.0.1:0' },
    resources: ['mesh/*.yaml'],
    ...more,
  });
}

interface BoltEntry {
  readonly endpoints: readonly MeshEndpoint[];
  /** All three of a provider's when absent. */
  readonly services?: readonly SofaServiceName[];
  /** What follows the interface in the unique name: `2.0:blue`; every version and uniqueId when absent. */
  readonly version?: string;
}

/** ServiceEntries of a provider's services, at the given endpoints. */
export function boltEntries(entries: readonly BoltEntry[]): string {
  return documents(
    entries.flatMap(({ endpoints, services = SERVICES, version = '' }) =>
      services.map((service) => ({
        kind: 'ServiceEntry',
        name: hostPart(service, version),
        annotations: { 'polywire.io/service': serviceKey(service, version) },
        spec: {
          hosts: [`${hostPart(service, version)}.peers`],
          location: 'MESH_INTERNAL',
          resolution: 'STATIC',
          ports: [{ name: PORT_NAME, number: 12200, protocol: 'TCP' }],
          endpoints: endpoints.map(({ port, ...rest }) => ({ address: '127.0.0.1', ports: { [PORT_NAME]: port }, ...rest })),
        },
      })),
    ),
  );
}

/** A DestinationRule with one subset per value of the label `version`, named as the value. */
export function boltSubsets(service: SofaServiceName, versions: readonly string[]): string {
  const subsets = versions.map((version) => ({ name: version, labels: { version } }));
  return documents([{ kind: 'DestinationRule', name: service, spec: { host: serviceKey(service), subsets } }]);
}

/** `version`: as that of an entry. */
export function boltRoutes(service: SofaServiceName, routes: readonly MeshRoute[], version = ''): string {
  const host = serviceKey(service, version);
  const http = routes.map(({ to, ...rest }) => ({
    ...rest,
    route: Object.entries(to).map(([subset, weight]) => ({ destination: { host, ...(subset === '' ? {} : { subset }) }, weight })),
  }));
  return documents([{ kind: 'VirtualService', name: hostPart(service, version), spec: { hosts: [host], http } }]);
}

/** A reference to a loopback port. */
export function toBolt(port: number, on: string, service: SofaServiceName, more: Partial<SofaRefer> = {}): SofaRefer {
  const serialization = service === 'NoteService' ? 'protobuf' : 'hessian2';
  return { on, service, url: `bolt://127.0.0.1:${port}`, serialization, ...more };
}

/** A service as SOFARPC writes its unique name. */
function serviceKey(service: SofaServiceName, version = ''): string {
  return `io.polywire.peers.${service}${version === '' ? '' : `:${version}`}`;
}

function hostPart(service: SofaServiceName, version: string): string {
  return `${service.toLowerCase()}${version === '' ? '' : `-${version.replaceAll(/[.:]/g, '-')}`}`;
}
