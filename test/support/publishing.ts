import { stringify } from 'yaml';
import type { Owner } from './owner.ts';
import type { DubboModule } from './peers.ts';
import { Polywire } from './polywire.ts';
import type { Serialization } from './wires.ts';
import type { ZooKeeper } from './zookeeper.ts';

/** A generation of Dubbo, and the layout in which its consumers look for services. */
export interface PublishedWire {
  readonly name: string;
  readonly module: DubboModule;
  readonly serialization: Serialization;
  readonly layout: 'dubbo' | 'dubbo-application';
  /** Of the consumer's Java. */
  readonly properties: (registry: string) => Readonly<Record<string, string>>;
}

const MIGRATION = 'dubbo.application.service-discovery.migration';

export const PUBLISHED_WIRES: readonly PublishedWire[] = [
  { name: 'dubbo27 by interface', module: 'dubbo27', serialization: 'hessian2', layout: 'dubbo', properties: () => ({}) },
  {
    name: 'dubbo3 by interface',
    module: 'dubbo3',
    serialization: 'fastjson2',
    layout: 'dubbo',
    properties: () => ({ [MIGRATION]: 'FORCE_INTERFACE' }),
  },
  {
    name: 'dubbo3 by application',
    module: 'dubbo3',
    serialization: 'fastjson2',
    layout: 'dubbo-application',
    // The application's own: it is its metadata report, too, which the registry of a reference is not.
    properties: (registry) => ({ [MIGRATION]: 'FORCE_APPLICATION', 'dubbo.registry.address': registry }),
  },
];

/** A Polywire that follows the providers of a ZooKeeper and publishes itself there, under the root `polywire`. */
export function publishingPolywire(owner: Owner, zookeeper: ZooKeeper, publish: Readonly<Record<string, unknown>> = {}): Promise<Polywire> {
  const { address } = zookeeper;
  const text = stringify({
    listeners: [{ name: 'rpc', address: '127.0.0.1:0', protocols: ['dubbo'] }],
    admin: { address: '127.0.0.1:0' },
    registries: [{ type: 'zookeeper', address, layouts: ['dubbo'] }],
    publish: [{ type: 'zookeeper', address, listener: 'rpc', grace: '1s', ...publish }],
    upstream: { balance: 'request' },
  });
  return Polywire.start(owner, { 'polywire.yaml': text });
}

/** The registry as a consumer writes it that shall come through Polywire. */
export function throughPolywire(zookeeper: ZooKeeper): string {
  return `${zookeeper.url}?group=polywire`;
}

/** Resolves when a service stands, or no longer does. */
export function standing(proxy: Polywire, service: string, stands = true): Promise<void> {
  const line = new RegExp(`${service.replaceAll(/[.]/g, '\\.')} \\(dubbo\\): published`);
  return proxy.until('/publish', (page) => line.test(page) === stands);
}

/** The session that everything published stands by. */
export async function sessionOf(proxy: Polywire): Promise<string> {
  const session = /session (0x[0-9a-f]+)/.exec(await proxy.get('/publish'))?.[1];
  if (session === undefined) throw new Error(`no session: ${await proxy.get('/publish')}`);
  return session;
}
