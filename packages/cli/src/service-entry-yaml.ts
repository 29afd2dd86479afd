import type { Endpoint, ServiceEntry } from '@polywire/core/spi';
import { stringify } from 'yaml';

/** Istio's resources as YAML documents, sorted in every respect, so that two dumps of one state are the same bytes. */
export function toIstioYaml(entries: Iterable<ServiceEntry>): string {
  const sorted = [...entries].sort((a, b) => compare(a.host, b.host));
  return sorted.map((entry) => stringify(toResource(entry), { lineWidth: 0 })).join('---\n');
}

function toResource(entry: ServiceEntry): object {
  const annotations = toObject(entry.annotations);
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: resourceName(entry.host), ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      hosts: [entry.host, ...entry.aliases],
      location: entry.location,
      resolution: entry.resolution,
      ports: entry.ports.map(({ name, number, protocol }) => ({ name, number, protocol })),
      endpoints: [...entry.endpoints].sort((a, b) => compare(a.address, b.address) || a.port - b.port).map((one) => toEndpoint(one, entry)),
    },
  };
}

function toEndpoint(endpoint: Endpoint, { ports: [first] }: ServiceEntry): object {
  const labels = toObject(endpoint.labels);
  return {
    address: endpoint.address,
    ...(first === undefined ? {} : { ports: { [first.name]: endpoint.port } }),
    weight: endpoint.weight,
    ...(labels === undefined ? {} : { labels }),
  };
}

/** A resource's name is a DNS name; a host is one already, wildcards and Polywire's file-only service keys apart. */
function resourceName(host: string): string {
  return host
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
}

function toObject(map: ReadonlyMap<string, string>): Record<string, string> | undefined {
  if (map.size === 0) return undefined;
  return Object.fromEntries([...map].sort(([a], [b]) => compare(a, b)));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
