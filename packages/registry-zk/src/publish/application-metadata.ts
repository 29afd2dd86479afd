import { createHash } from 'node:crypto';
import type { PublishedAddress, PublishedService } from '@polywire/core/spi';
import { serviceKey } from '../dubbo/service-key.ts';
import { PUBLISHED } from '../published.ts';
import { consumerView, type OwnParameters } from './parameters.ts';
import { schemeOf } from './provider-url.ts';

/** Most of an application's services are as they were when one of them changes. */
const infos = new WeakMap<PublishedService, readonly [string, object]>();

/** Services that are looked at in one turn of the event loop. */
const TURN = 200;

/** One revision of an application. */
export interface ApplicationRevision {
  readonly revision: string;
  /** Dubbo's MetadataInfo in JSON. */
  readonly content: string;
}

/** What an application offers, with a revision that says nothing else: Polywires that offer the same have the same. */
export async function applicationRevision(application: string, services: Iterable<PublishedService>): Promise<ApplicationRevision> {
  const found: (readonly [string, object])[] = [];
  let read = 0;
  for (const service of services) {
    let info = infos.get(service);
    if (info === undefined) {
      info = serviceInfo(service);
      infos.set(service, info);
      if (++read % TURN === 0) await new Promise(setImmediate);
    }
    found.push(info);
  }
  const sorted = Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
  const revision = createHash('md5')
    .update(JSON.stringify([application, sorted]))
    .digest('hex');
  return { revision, content: JSON.stringify({ app: application, revision, services: sorted }) };
}

/** MetadataInfo.ServiceInfo by its matchKey. Without a port: `dubbo.endpoints` says it, and differs between Polywires. */
function serviceInfo(service: PublishedService): [string, object] {
  const { identity } = service;
  const protocol = schemeOf(service) ?? '';
  const { path, parameters } = consumerView(service);
  const params = Object.fromEntries([...parameters].filter(([key]) => key !== 'group' && key !== 'version'));
  const info = { name: identity.name, group: identity.group, version: identity.version, protocol, port: -1, path, params };
  return [`${serviceKey(identity)}:${protocol}`, info];
}

/** The instance as Curator's JsonInstanceSerializer writes it for Dubbo's ZookeeperServiceDiscovery. */
export function instanceData({ host, port }: PublishedAddress, protocols: Iterable<string>, revision: string, own: OwnParameters): Buffer {
  const id = `${host}:${port}`;
  const name = own.application;
  const metadata = {
    'dubbo.endpoints': JSON.stringify([...protocols].sort().map((protocol) => ({ port, protocol }))),
    'dubbo.metadata.revision': revision,
    'dubbo.metadata.storage-type': 'remote',
    [PUBLISHED]: own.instance,
    ...(own.tls ? { 'ssl-enabled': 'true' } : {}),
    timestamp: String(own.timestamp),
  };
  const payload = { '@class': 'org.apache.dubbo.registry.zookeeper.ZookeeperInstance', id, name, metadata };
  const registered = { registrationTimeUTC: own.timestamp, serviceType: 'DYNAMIC', uriSpec: null };
  return Buffer.from(JSON.stringify({ name, id, address: host, port, sslPort: null, payload, ...registered }));
}
