import { isIP } from 'node:net';
import type { Endpoint, ServiceEntry, ServiceIdentity } from '@polywire/core/spi';
import { hostName } from './host-name.ts';
import { type LiveProvider, type OtherProvider, type Provider, readProvider } from './provider.ts';
import { serviceKey } from './service-key.ts';

/**
 * The port of every generated service, Dubbo's default. It names the service's port, which endpoints map to their own; a constant, so
 * that providers that come and go do not change the service.
 */
const SERVICE_PORT = { name: 'dubbo', number: 20_880, protocol: 'TCP' } as const;

/** The services of one interface, as last read. */
export class InterfaceView {
  /** By host. A service stays, without endpoints, while its interface exists. */
  readonly #entries = new Map<string, ServiceEntry>();
  #providers = new Map<string, Provider>();
  readonly #path: string;
  readonly #interfaceName: string;
  readonly #onOdd: (nodeName: string, provider: OtherProvider) => void;

  /**
   * @param path of the `providers` node
   * @param onOdd told once of each child that is no provider for us
   */
  constructor(path: string, interfaceName: string, onOdd: (nodeName: string, provider: OtherProvider) => void) {
    this.#path = path;
    this.#interfaceName = interfaceName;
    this.#onOdd = onOdd;
  }

  /** All services of the interface, those without endpoints too. */
  entries(): Iterable<ServiceEntry> {
    return this.#entries.values();
  }

  /**
   * Takes over the children. What is the same as before is the same object as before.
   * @returns the services that changed; without endpoints when their last provider is gone
   */
  update(children: readonly string[]): readonly ServiceEntry[] {
    const former = this.#providers;
    this.#providers = new Map(children.map((child) => [child, former.get(child) ?? this.#read(child)]));
    const services = this.#group();
    const upserts: ServiceEntry[] = [];
    for (const [host, old] of this.#entries) {
      if (!services.has(host) && old.endpoints.length > 0) upserts.push({ ...old, resolution: 'STATIC', endpoints: [] });
    }
    for (const [host, { identity, endpoints }] of services) {
      const old = this.#entries.get(host);
      if (old === undefined || !sameList(old.endpoints, endpoints)) upserts.push(this.#entry(host, identity, endpoints));
    }
    for (const entry of upserts) this.#entries.set(entry.host, entry);
    return upserts;
  }

  #read(child: string): Provider {
    const provider = readProvider(child, this.#interfaceName, `${this.#path}/${child}`);
    if (provider.kind !== 'provider') this.#onOdd(child, provider);
    return provider;
  }

  #group(): Map<string, { identity: ServiceIdentity; endpoints: Endpoint[] }> {
    const services = new Map<string, { identity: ServiceIdentity; byAddress: Map<string, LiveProvider> }>();
    for (const provider of this.#providers.values()) {
      if (provider.kind !== 'provider') continue;
      const host = hostName(provider.identity);
      let service = services.get(host);
      if (service === undefined) {
        service = { identity: provider.identity, byAddress: new Map() };
        services.set(host, service);
      }
      const address = `${provider.endpoint.address} ${provider.endpoint.port}`;
      const other = service.byAddress.get(address);
      if (other === undefined || isNewer(provider, other)) service.byAddress.set(address, provider);
    }
    return new Map(
      [...services].map(([host, { identity, byAddress }]) => [
        host,
        { identity, endpoints: [...byAddress.values()].map((provider) => provider.endpoint).sort(byAddressAndPort) },
      ]),
    );
  }

  #entry(host: string, identity: ServiceIdentity, endpoints: readonly Endpoint[]): ServiceEntry {
    return {
      host,
      aliases: [],
      identity,
      protocol: 'dubbo',
      resolution: endpoints.every((endpoint) => isIP(endpoint.address) !== 0) ? 'STATIC' : 'DNS',
      location: 'MESH_INTERNAL',
      ports: [SERVICE_PORT],
      endpoints,
      annotations: new Map([['polywire.io/service', serviceKey(identity)]]),
      origin: this.#path,
    };
  }
}

// A provider that was killed and started again is there twice until the session of the former one expires.
function isNewer(a: LiveProvider, b: LiveProvider): boolean {
  return a.timestamp === b.timestamp ? a.endpoint.origin > b.endpoint.origin : a.timestamp > b.timestamp;
}

function byAddressAndPort(a: Endpoint, b: Endpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.port - b.port;
}

// Endpoints of unchanged children are the same objects.
function sameList(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return a.length === b.length && a.every((endpoint, index) => endpoint === b[index]);
}
