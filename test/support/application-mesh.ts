import { stringify } from 'yaml';
import { documents } from './mesh.ts';
import type { Owner } from './owner.ts';
import { Consumer } from './peers.ts';
import { Polywire } from './polywire.ts';
import type { ZooKeeper } from './zookeeper.ts';

/**
 * A Polywire that follows a ZooKeeper, and routes both of Dubbo's protocols.
 * @param triGroups groups of CallService that are called over Triple
 */
export function applicationFiles({ address }: ZooKeeper, triGroups: readonly string[]): Record<string, string> {
  const http = triGroups.map((group) => ({
    match: [{ headers: { 'tri-service-group': { exact: group } } }],
    route: [{ destination: { host: `io.polywire.peers.call-service.0-0-0-${group}.tri` } }],
  }));
  return {
    'polywire.yaml': stringify({
      listeners: [
        { name: 'rpc', address: '127.0.0.1:0', protocols: ['dubbo'] },
        { name: 'tri', address: '127.0.0.1:0', protocols: ['http2'] },
      ],
      admin: { address: '127.0.0.1:0' },
      registries: [{ type: 'zookeeper', address, sessionTimeout: '2s' }],
      resources: ['mesh/*.yaml'],
      upstream: { balance: 'request' },
    }),
    'mesh/tri.yaml': documents([{ kind: 'VirtualService', name: 'tri', spec: { hosts: ['127.0.0.1'], http } }]),
  };
}

/** Such a Polywire, and a Dubbo 3 consumer that calls groups of CallService through it. */
export class ApplicationMesh {
  readonly #proxy: Polywire;
  readonly #consumer: Consumer;

  private constructor(proxy: Polywire, consumer: Consumer) {
    this.#proxy = proxy;
    this.#consumer = consumer;
  }

  static async start(owner: Owner, zookeeper: ZooKeeper, triGroups: readonly string[]): Promise<ApplicationMesh> {
    const files = applicationFiles(zookeeper, triGroups);
    return new ApplicationMesh(...(await Promise.all([Polywire.start(owner, files), Consumer.start(owner, 'dubbo3')])));
  }

  /** Resolves when the proxy knows so many endpoints of a group over a protocol. */
  endpoints(count: number, group: string, protocol = 'dubbo'): Promise<void> {
    const line = new RegExp(`call-service\\.0-0-0-${group}\\.${protocol}: ${count} endpoints?\\b`);
    return this.#proxy.until('/registry', (page) => line.test(page));
  }

  /** Who answers calls to a group. */
  async answering(group: string, protocol: 'dubbo' | 'tri' = 'dubbo', calls = 12): Promise<string[]> {
    const on = `${protocol} ${group}`;
    const url = `${protocol}://127.0.0.1:${this.#proxy.portOf(protocol === 'tri' ? 'tri' : 'rpc')}`;
    await this.#consumer.refer({ on, service: 'CallService', url, group });
    const names = new Set<string>();
    for (let i = 0; i < calls; i++) names.add((await this.#consumer.who(on)).provider);
    return [...names].sort();
  }
}
