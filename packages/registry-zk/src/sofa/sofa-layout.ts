import type { RegistryContext } from '@polywire/core/spi';
import { ChildReader, logOther, type OtherChild } from '../follow/child-reader.ts';
import type { AnnouncedService, Announcement, Layout, LeafReader } from '../follow/layout.ts';
import { hostName } from '../host-name.ts';
import { divideParameters } from '../labels.ts';
import { type NodeUrl, NodeUrlError, parseNodeUrl } from '../node-url.ts';
import { sofaStart, withoutWarmUp } from '../warm-up.ts';

/** SOFARPC's default. It names the service's port, which endpoints map to their own. */
const BOLT_PORT = { name: 'bolt', number: 12_200, protocol: 'TCP' } as const;

/** ProviderInfoAttrs and SystemInfo's defaults. */
const DEFAULT_WEIGHT = 100;
const DEFAULT_VERSION = '1.0';

/** ZookeeperRegistry.PROVIDER_OFFLINE: registered with `dynamic=false`, and not to be called until an operator writes 1. */
const OFFLINE = 0;

/** Parameters of SOFARPC's own (RegistryUtils.convertProviderToUrls) by which no subset is chosen. */
const OWN = new Set(
  `accepts concurrents connections consistentHash crossLanguage delay dynamic hostMachineName id interface loadBalancer pid priority protocol
  retries serialization sticky startTime timeout version warmupTime warmupWeight weight`.split(/\s+/),
);

/** SOFARPC: `/<root>/<interface>/providers/<URL>`, whose data say whether the provider is in service. */
export class SofaLayout implements Layout {
  readonly leaves = ['*/providers'];
  readonly skipped: ReadonlySet<string> = new Set();
  readonly readsData = true;
  readonly isRequired = true;
  readonly root: string;
  readonly #log: RegistryContext['log'];
  readonly #warmsUp: boolean;

  /** @param warmsUp whether providers come to their shares as they wish */
  constructor(root: string, log: RegistryContext['log'], warmsUp = true) {
    this.root = root;
    this.#log = log;
    this.#warmsUp = warmsUp;
  }

  reader([interfaceName = '']: readonly string[], path: string): LeafReader {
    const providers = new Providers(interfaceName, path, this.#warmsUp);
    return new ChildReader({
      read: (child, data) => providers.read(child, data),
      onOther: logOther(this.#log, interfaceName, path),
    });
  }
}

/** The children of one `providers` node. */
class Providers {
  readonly #interfaceName: string;
  readonly #path: string;
  readonly #warmsUp: boolean;
  /** By what follows the interface in the unique name. */
  readonly #services = new Map<string, AnnouncedService>();

  constructor(interfaceName: string, path: string, warmsUp: boolean) {
    this.#interfaceName = interfaceName;
    this.#path = path;
    this.#warmsUp = warmsUp;
  }

  read(child: string, data: Buffer): Announcement | OtherChild {
    let url: NodeUrl;
    try {
      url = parseNodeUrl(child);
    } catch (error) {
      if (error instanceof NodeUrlError) return { kind: 'unreadable', reason: error.message };
      throw error;
    }
    if (url.protocol !== 'bolt') return { kind: 'ignored', reason: `protocol ${url.protocol}` };
    if (data.length === 1 && data[0] === OFFLINE) return { kind: 'ignored', reason: 'offline: its data is the byte 00' };
    const { parameters } = url;
    const endpoint = {
      address: url.host,
      port: url.port,
      weight: weightOf(parameters.get('weight')),
      ...sofaStart(parameters),
      ...divideParameters(parameters, (key) => parameters.get(key) !== '' && !OWN.has(key) && !key.startsWith('.')),
      origin: `${this.#path}/${child}`,
    };
    const service = this.#service(parameters.get('version') || DEFAULT_VERSION, parameters.get('uniqueId') || undefined);
    return { service, endpoint: this.#warmsUp ? endpoint : withoutWarmUp(endpoint), timestamp: Number(parameters.get('startTime')) || 0 };
  }

  /** SOFARPC writes `interface:version[:uniqueId]` on the wire (ConfigUniqueNameGenerator). */
  #service(version: string, uniqueId: string | undefined): AnnouncedService {
    const name = this.#interfaceName;
    const full = uniqueId === undefined ? version : `${version}:${uniqueId}`;
    const known = this.#services.get(full);
    if (known !== undefined) return known;
    const service = {
      host: hostName({ name, group: uniqueId, version }, 'sofarpc'),
      identity: { name, group: undefined, version: full },
      protocol: 'bolt',
      port: BOLT_PORT,
      annotations: new Map([['polywire.io/service', `${name}:${full}`]]),
    };
    this.#services.set(full, service);
    return service;
  }
}

function weightOf(text: string | undefined): number {
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Math.max(0, Number(text)) : DEFAULT_WEIGHT;
}
