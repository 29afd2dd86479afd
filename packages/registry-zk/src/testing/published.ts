import type { Endpoint, PublishedService, ServiceEntry } from '@polywire/core/spi';
import type { AnnouncedService } from '../follow/layout.ts';

/** A service as publishers are given it: of one registry, which announces these endpoints. */
export function publishedService(announced: AnnouncedService, endpoints: readonly Endpoint[]): PublishedService {
  const { host, identity, protocol, port, annotations } = announced;
  const entry: ServiceEntry = {
    ...{ host, aliases: [], identity, protocol, resolution: 'STATIC', location: 'MESH_INTERNAL', ports: [port], annotations, origin: '/' },
    endpoints,
  };
  return { identity, protocol: protocol === 'tri' ? 'http2' : protocol, entries: [entry], registered: [entry] };
}

/** A provider that says this of itself. */
export function providerOf(parameters: Readonly<Record<string, string>>, port = 1): Endpoint {
  const metadata = new Map(Object.entries(parameters));
  return { address: '10.0.0.1', port, weight: 100, labels: new Map(), metadata, origin: '/' };
}
