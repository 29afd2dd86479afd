import { createHash } from 'node:crypto';
import type { PublishedAddress, PublishedService } from '@polywire/core/spi';
import { serviceKey } from '../dubbo/service-key.ts';
import { PUBLISHED } from '../published.ts';
import { consumerView, type OwnParameters } from './parameters.ts';
import { schemeOf } from './provider-url.ts';

/** Below ZooKeeper's limit of a node, 1 MiB with its path (jute.maxbuffer). */
const MAX_BYTES = 1_000_000;
/** Of ServiceInfo in JSON with its key, which is what it is sorted by. Most services are as they were when one of them changes. */
const members = new WeakMap<PublishedService, readonly [key: string, text: string]>();

/** Services that are looked at in one turn of the event loop. */
const TURN = 200;

/** One revision of an application. */
export interface ApplicationRevision {
  readonly revision: string;
  /** Dubbo's MetadataInfo in JSON. */
  readonly content: string;
}

/**
 * What an application offers, with a revision that says nothing else: Polywires that offer the same have the same.
 * @returns undefined: ZooKeeper would not take it
 */
export async function applicationRevision(
  application: string,
  services: Iterable<PublishedService>,
): Promise<ApplicationRevision | undefined> {
  const found: (readonly [key: string, text: string])[] = [];
  let bytes = 0;
  let read = 0;
  for (const service of services) {
    let member = members.get(service);
    if (member === undefined) {
      member = memberOf(service);
      members.set(service, member);
      if (++read % TURN === 0) await new Promise(setImmediate);
    }
    bytes += Buffer.byteLength(member[1]) + 1;
    // Thousands of services are not written out only to find that they are too many.
    if (bytes > MAX_BYTES) return undefined;
    found.push(member);
  }
  const texts = found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  const app = JSON.stringify(application);
  const revision = createHash('md5')
    .update(`[${app},{${texts.join(',')}}]`)
    .digest('hex');
  const content = `{"app":${app},"revision":"${revision}","services":{${texts.join(',')}}}`;
  return Buffer.byteLength(content) > MAX_BYTES ? undefined : { revision, content };
}

/** MetadataInfo.ServiceInfo by its matchKey. Without a port: `dubbo.endpoints` says it, and differs between Polywires. */
function memberOf(service: PublishedService): [string, string] {
  const { identity } = service;
  const protocol = schemeOf(service) ?? '';
  const { path, parameters } = consumerView(service);
  const params = Object.fromEntries([...parameters].filter(([key]) => key !== 'group' && key !== 'version'));
  const info = { name: identity.name, group: identity.group, version: identity.version, protocol, port: -1, path, params };
  const key = `${serviceKey(identity)}:${protocol}`;
  return [key, `${JSON.stringify(key)}:${JSON.stringify(info)}`];
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
