import { stringify } from 'yaml';
import type { ServiceName } from './peers.ts';

const PACKAGE = 'io.polywire.peers';
const SERVICES: readonly ServiceName[] = ['EchoService', 'CallService', 'ListenService'];
const PORT_NAME = 'dubbo';

/** An address of a service as written into a ServiceEntry. */
export interface MeshEndpoint {
  readonly port: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly weight?: number;
}

/** One entry of a VirtualService's `http`, with subsets of the same service as destinations. */
export interface MeshRoute {
  readonly match?: readonly object[];
  /** Weight by subset; the subset `''` is the whole service. */
  readonly to: Readonly<Record<string, number>>;
  readonly timeout?: string;
  readonly headers?: object;
}

/** A bootstrap with one Dubbo listener and an admin listener on free ports, and `mesh/*.yaml` as resources. */
export function bootstrap(more: Readonly<Record<string, unknown>> = {}): string {
  return stringify({
    listeners: [{ name: 'rpc', address: '127.0.0.1:0', protocols: ['dubbo'] }],
    admin: { address: '127.0.0.1:0' },
    resources: ['mesh/*.yaml'],
    ...more,
  });
}

/** ServiceEntries of a provider's services, at the given endpoints. */
export function entries(endpoints: readonly MeshEndpoint[], services: readonly ServiceName[] = SERVICES): string {
  return documents(
    services.map((service) => ({
      kind: 'ServiceEntry',
      name: service,
      annotations: { 'polywire.io/service': interfaceOf(service) },
      spec: {
        hosts: [`${service.toLowerCase()}.peers`],
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        ports: [{ name: PORT_NAME, number: 20880, protocol: 'TCP' }],
        endpoints: endpoints.map(({ port, ...rest }) => ({ address: '127.0.0.1', ports: { [PORT_NAME]: port }, ...rest })),
      },
    })),
  );
}

/** A DestinationRule with one subset per value of a label, named as the value. */
export function subsets(service: ServiceName, label: string, values: readonly string[]): string {
  return documents([
    {
      kind: 'DestinationRule',
      name: service,
      spec: {
        host: interfaceOf(service),
        // An empty value means that the label is absent.
        subsets: values.map((value) => ({ name: value === '' ? 'none' : value, labels: { [label]: value } })),
      },
    },
  ]);
}

export function routes(service: ServiceName, list: readonly MeshRoute[]): string {
  const host = interfaceOf(service);
  const http = list.map(({ to, ...rest }) => ({
    ...rest,
    route: Object.entries(to).map(([subset, weight]) => ({ destination: { host, ...(subset === '' ? {} : { subset }) }, weight })),
  }));
  return documents([{ kind: 'VirtualService', name: service, spec: { hosts: [host], http } }]);
}

function interfaceOf(service: ServiceName): string {
  return `${PACKAGE}.${service}`;
}

/** Resources of Istio's, as one YAML text. */
export function documents(resources: readonly { kind: string; name: string; annotations?: object; spec: object }[]): string {
  return resources
    .map(({ kind, name, annotations, spec }) => {
      const metadata = { name: name.toLowerCase(), ...(annotations === undefined ? {} : { annotations }) };
      return stringify({ apiVersion: 'networking.istio.io/v1', kind, metadata, spec });
    })
    .join('---\n');
}
