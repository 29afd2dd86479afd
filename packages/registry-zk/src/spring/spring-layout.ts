import type { RegistryContext, ServicePort } from '@polywire/core/spi';
import { type DiscoveryInstance, readInstance } from '../discovery-instance.ts';
import { ChildReader, logOther, type OtherChild } from '../follow/child-reader.ts';
import type { AnnouncedService, Announcement, Layout, LeafReader } from '../follow/layout.ts';
import { hashedHost } from '../host-name.ts';
import { textsOf } from '../json.ts';
import { divideParameters } from '../labels.ts';

/** Spring Cloud's StatusConstants: what an instance says of itself in its metadata. */
const STATUS = 'instance_status';
const UP = 'UP';

const WEIGHT = 100;

/** They name the service's port, which endpoints map to their own. */
const PORTS: Readonly<Record<'http' | 'https', ServicePort>> = {
  http: { name: 'http', number: 80, protocol: 'TCP' },
  https: { name: 'https', number: 443, protocol: 'TCP' },
};

/** Spring Cloud ZooKeeper: `/<root>/<name>/<id>`, in Curator's form. Dubbo's applications are registered in the same place and form. */
export class SpringLayout implements Layout {
  readonly leaves = ['*'];
  readonly skipped: ReadonlySet<string> = new Set();
  readonly readsData = true;
  readonly isRequired = true;
  readonly root: string;
  readonly #log: RegistryContext['log'];

  constructor(root: string, log: RegistryContext['log']) {
    this.root = root;
    this.#log = log;
  }

  reader([name = '']: readonly string[], path: string): LeafReader {
    const services = { http: springService(name, 'http'), https: springService(name, 'https') };
    return new ChildReader({
      read: (child, data) => announcement(readInstance(data), services, `${path}/${child}`),
      onOther: logOther(this.#log, name, path),
    });
  }
}

/** Callers speak TLS to all endpoints of a service or to none. */
function springService(name: string, scheme: 'http' | 'https'): AnnouncedService {
  const identity = { name, group: undefined, version: undefined };
  const domain = scheme === 'http' ? 'spring-cloud' : 'spring-cloud-tls';
  return {
    // Application names mostly are DNS labels; others carry a hash.
    host: /^(?=.{1,63}$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name) ? `${name}.${domain}` : hashedHost(identity, domain),
    identity,
    protocol: scheme,
    port: PORTS[scheme],
    annotations: new Map([['polywire.io/service', name]]),
  };
}

function announcement(
  instance: DiscoveryInstance | undefined,
  services: Readonly<Record<'http' | 'https', AnnouncedService>>,
  path: string,
): Announcement | OtherChild {
  if (instance === undefined) return { kind: 'ignored', reason: 'no instance in JSON with an address' };
  if (isDubbo(instance)) return { kind: 'ignored', reason: 'it is an instance of a Dubbo application' };
  if (!instance.isEnabled) return { kind: 'ignored', reason: 'enabled=false' };
  const metadata = textsOf(instance.metadata);
  const status = metadata.get(STATUS);
  if (status !== undefined && status !== UP) return { kind: 'ignored', reason: `${STATUS}=${status}` };
  const isSecure = instance.sslPort > 0;
  const port = isSecure ? instance.sslPort : instance.port;
  if (port === 0) return { kind: 'unreadable', reason: 'no port in 1..65535' };
  metadata.delete(STATUS);
  return {
    service: isSecure ? services.https : services.http,
    endpoint: { address: instance.address, port, weight: WEIGHT, ...divideParameters(metadata, () => true), origin: path },
    timestamp: instance.registeredAt,
  };
}

/** By the class of the payload, where there is one, else by what only Dubbo writes. */
function isDubbo({ payload, metadata }: DiscoveryInstance): boolean {
  const className = payload['@class'];
  if (typeof className === 'string' && className.startsWith('org.apache.dubbo.')) return true;
  return 'dubbo.metadata.revision' in metadata || 'dubbo.endpoints' in metadata;
}
