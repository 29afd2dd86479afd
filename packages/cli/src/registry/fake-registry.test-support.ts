import type { Endpoint, RegistryAdapter, ServiceEntry, ServiceEntrySink } from '@polywire/core/spi';

/** A registry that says what a test makes it say. */
export class FakeRegistry implements RegistryAdapter {
  readonly name: string;
  #sink: ServiceEntrySink | undefined;

  constructor(name = 'fake') {
    this.name = name;
  }

  async start(sink: ServiceEntrySink): Promise<void> {
    this.#sink = sink;
  }

  async stop(): Promise<void> {
    this.#sink = undefined;
  }

  get sink(): ServiceEntrySink {
    if (this.#sink === undefined) throw new Error(`${this.name} is not started`);
    return this.#sink;
  }
}

export function endpoint(address: string, more: Partial<Endpoint> = {}): Endpoint {
  return { address, port: 20880, weight: 100, labels: new Map(), metadata: new Map(), origin: '/o', ...more };
}

export function entry(host: string, endpoints: readonly Endpoint[], more: Partial<ServiceEntry> = {}): ServiceEntry {
  return {
    host,
    aliases: [],
    identity: { name: host, group: undefined, version: undefined },
    protocol: 'dubbo',
    resolution: 'STATIC',
    location: 'MESH_INTERNAL',
    ports: [{ name: 'dubbo', number: 20880, protocol: 'TCP' }],
    endpoints,
    annotations: new Map([['polywire.io/service', host]]),
    origin: '/o',
    ...more,
  };
}
