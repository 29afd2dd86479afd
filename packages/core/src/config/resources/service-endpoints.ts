import { isIP } from 'node:net';
import type { Endpoint } from '../../cluster/endpoint.ts';
import { formatPosition } from '../../errors/config-error.ts';
import type { ServicePort } from '../../registry/registry.ts';
import { didYouMean } from '../suggest.ts';
import { isDnsName } from './hosts.ts';
import { type FieldTable, ignored, type ObjectReader, refused, type WrittenText } from './object-reader.ts';
import type { ChosenPort } from './service-port.ts';

/** Istio's WorkloadEntry, as it stands among the endpoints of a ServiceEntry. */
export const ENDPOINT_FIELDS: FieldTable = {
  address: 'read',
  ports: 'read',
  labels: 'read',
  weight: 'read',
  network: refused("the endpoint would be called directly instead of through its network's gateway"),
  locality: ignored('all endpoints count as equally near'),
  serviceAccount: ignored('names in certificates are compared with subjectAltNames of a DestinationRule'),
};

/** What endpoints are read against. */
export interface EndpointContext {
  readonly resolution: 'STATIC' | 'DNS';
  readonly ports: readonly ServicePort[];
  readonly chosen: ChosenPort;
  /** What every endpoint carries. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The written endpoints of a ServiceEntry. */
export function readEndpoints(spec: ObjectReader, context: EndpointContext): Endpoint[] {
  const endpoints = spec.objects('endpoints', ENDPOINT_FIELDS).flatMap((reader) => readEndpoint(reader, context) ?? []);
  if (endpoints.length > 0 && endpoints.every(({ weight }) => weight === 0)) {
    spec.error(`${spec.name('endpoints')}: the weights add up to 0, so no endpoint would take a request`, 'endpoints');
  }
  return endpoints;
}

/** The hosts of a DNS entry that lists no endpoints: their names are its addresses. */
export function hostEndpoints(
  spec: ObjectReader,
  hosts: readonly WrittenText[],
  chosen: ChosenPort,
  metadata: ReadonlyMap<string, string>,
): Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (const { text, position } of hosts) {
    if (text.includes('*')) {
      spec.error(`${spec.name('hosts')}: "${text}" has no address to look up: list the endpoints, or name each host`, 'hosts');
      continue;
    }
    const origin = formatPosition(position);
    endpoints.push({ address: text, port: chosen.targetPort, weight: 1, labels: new Map(), metadata, origin });
  }
  return endpoints;
}

function readEndpoint(reader: ObjectReader, { resolution, ports, chosen, metadata }: EndpointContext): Endpoint | undefined {
  const address = reader.requiredText('address');
  const port = readPort(reader, ports, chosen);
  const weight = reader.integer('weight', 0, 2 ** 31 - 1) ?? 1;
  const labels = reader.textMap('labels');
  if (reader.has('weight') && weight === 0) {
    reader.warn(`${reader.name('weight')} 0: the endpoint takes no requests here, though Istio reads 0 as 1`, 'weight');
  }
  if (address === undefined) return undefined;
  const fault = addressFault(address, resolution);
  if (fault !== undefined) reader.error(`${reader.name('address')}: ${fault}`, 'address');
  return { address, port, weight, labels, metadata, origin: formatPosition(reader.position()) };
}

function readPort(reader: ObjectReader, ports: readonly ServicePort[], chosen: ChosenPort): number {
  const written = reader.freeObject('ports');
  const names = ports.map(({ name }) => name);
  let port = chosen.targetPort;
  for (const name of written?.keys() ?? []) {
    const number = written?.integer(name, 1, 65_535);
    if (!names.includes(name)) {
      reader.error(`${reader.name('ports')}: the entry has no port "${name}".${didYouMean(name, names)}`, 'ports');
    }
    if (name === chosen.port.name && number !== undefined) port = number;
  }
  return port;
}

function addressFault(address: string, resolution: 'STATIC' | 'DNS'): string | undefined {
  if (isIP(address) !== 0) return undefined;
  if (address.startsWith('unix:')) return `"${address}" is not implemented: endpoints are reached by TCP`;
  if (resolution === 'STATIC') return `"${address}" is not an IP address, which resolution STATIC needs: write resolution: DNS for names`;
  return isDnsName(address) ? undefined : `"${address}" is neither an IP address nor a DNS name`;
}
