import { stringify } from 'yaml';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { ServiceEntry, ServicePort } from './registry.ts';

/** Istio's ServiceEntry, as a file or the Kubernetes API takes it. Keys come in one order, so that equal entries are equal text. */
export interface IstioServiceEntry {
  /** Served by every Istio since 1.6; v1 is not. */
  readonly apiVersion: 'networking.istio.io/v1beta1';
  readonly kind: 'ServiceEntry';
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: IstioServiceEntrySpec;
}

interface IstioServiceEntrySpec {
  readonly hosts: string[];
  readonly location: ServiceEntry['location'];
  readonly resolution: ServiceEntry['resolution'];
  readonly ports: { readonly name: string; readonly number: number; readonly protocol: string }[];
  readonly endpoints?: IstioEndpoint[];
}

interface IstioEndpoint {
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly weight: number;
}

/**
 * A service entry as Istio's resource. Metadata of endpoints stays behind: it changes with each start of a provider, and Istio has no
 * place for it. So do endpoints of weight 0, which Istio would read as 1.
 */
export function toIstio(entry: ServiceEntry): IstioServiceEntry {
  const ports = distinctPorts(entry.ports);
  const [main] = ports;
  const endpoints = main === undefined ? [] : entry.endpoints.filter(({ weight }) => weight > 0).sort(byAddress);
  return {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'ServiceEntry',
    metadata: { name: resourceName(entry.host), ...optional('annotations', entry.annotations) },
    spec: {
      hosts: [entry.host, ...entry.aliases],
      location: entry.location,
      resolution: entry.resolution,
      ports: ports.map(({ name, number, protocol }) => ({ name, number, protocol })),
      ...(main === undefined || endpoints.length === 0 ? {} : { endpoints: endpoints.map((endpoint) => toEndpoint(endpoint, main)) }),
    },
  };
}

/** Service entries as one text of YAML documents, sorted by host. Equal entries give equal text, in whatever order they come. */
export function dumpEntries(entries: Iterable<ServiceEntry>): string {
  const resources = [...entries].sort((a, b) => compare(a.host, b.host)).map(toIstio);
  return resources.map((resource) => stringify(resource, { lineWidth: 0 })).join('---\n');
}

function toEndpoint(endpoint: Endpoint, port: ServicePort): IstioEndpoint {
  return {
    address: endpoint.address,
    ports: { [port.name]: endpoint.port },
    ...optional('labels', endpoint.labels),
    weight: Math.max(1, Math.round(endpoint.weight)),
  };
}

// Istio refuses an entry in which two ports share a name or a number.
function distinctPorts(ports: readonly ServicePort[]): ServicePort[] {
  const isFirst = (port: ServicePort, index: number): boolean =>
    ports.findIndex((other) => other.name === port.name || other.number === port.number) === index;
  return ports.filter(isFirst);
}

/** A resource's name is a DNS name. A host is one already, except for wildcards and service keys in files. */
function resourceName(host: string): string {
  return host
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
}

function optional<K extends string>(key: K, map: ReadonlyMap<string, string>): Partial<Record<K, Record<string, string>>> {
  if (map.size === 0) return {};
  const sorted = Object.fromEntries([...map].sort(([a], [b]) => compare(a, b)));
  const result: Partial<Record<K, Record<string, string>>> = {};
  result[key] = sorted;
  return result;
}

function byAddress(a: Endpoint, b: Endpoint): number {
  return compare(a.address, b.address) || a.port - b.port;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
