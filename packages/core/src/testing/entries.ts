import type { Endpoint } from '../cluster/endpoint.ts';
import type { ServiceEntry } from '../registry/registry.ts';

/** An endpoint at port 1. */
export function endpointAt(address: string, more: Partial<Endpoint> = {}): Endpoint {
  return { address, port: 1, weight: 100, labels: new Map(), metadata: new Map(), origin: `/${address}`, ...more };
}

/** A service whose interface is its host. */
export function entryOf(host: string, addresses: readonly string[], more: Partial<ServiceEntry> = {}): ServiceEntry {
  return {
    host,
    aliases: [],
    identity: { name: host, group: undefined, version: undefined },
    protocol: 'toy',
    resolution: 'STATIC',
    location: 'MESH_INTERNAL',
    ports: [{ name: 'p', number: 1, protocol: 'TCP' }],
    endpoints: addresses.map((address) => endpointAt(address)),
    annotations: new Map(),
    origin: `/${host}`,
    ...more,
  };
}
