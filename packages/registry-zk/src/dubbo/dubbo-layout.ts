import type { RegistryContext } from '@polywire/core/spi';
import { ChildReader, logOther, type OtherChild } from '../follow/child-reader.ts';
import type { AnnouncedService, Announcement, Layout, LeafReader } from '../follow/layout.ts';
import { decodeNodeName, NodeUrlError } from '../node-url.ts';
import { withoutWarmUp } from '../warm-up.ts';
import { readProvider } from './provider.ts';
import { dubboService } from './service.ts';
import { serviceKey } from './service-key.ts';

/** Dubbo by interface: `/<root>/<interface>/providers/<URL>`. The names are all there is to read. */
export class DubboLayout implements Layout {
  readonly leaves = ['*/providers'];
  readonly skipped = new Set(['config', 'mapping', 'metadata']);
  readonly readsData = false;
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

  reader([directory = '']: readonly string[], path: string): LeafReader {
    try {
      const providers = new Providers(decodeNodeName(directory), path, this.#warmsUp);
      return new ChildReader({ read: (child) => providers.read(child), onOther: logOther(this.#log, directory, path) });
    } catch (error) {
      if (!(error instanceof NodeUrlError)) throw error;
      this.#log('warn', `ignored interface ${directory}: ${error.message}`);
      return { read: () => ({ announcements: [] }) };
    }
  }
}

/** The children of one `providers` node. */
class Providers {
  readonly #interfaceName: string;
  readonly #path: string;
  readonly #warmsUp: boolean;
  /** By protocol and service key, which is unambiguous among services of one interface. */
  readonly #services = new Map<string, AnnouncedService>();

  constructor(interfaceName: string, path: string, warmsUp: boolean) {
    this.#interfaceName = interfaceName;
    this.#path = path;
    this.#warmsUp = warmsUp;
  }

  read(child: string): Announcement | OtherChild {
    const provider = readProvider(child, this.#interfaceName, `${this.#path}/${child}`);
    if (provider.kind !== 'provider') return provider;
    const { protocol, identity, endpoint, timestamp } = provider;
    const key = `${protocol} ${serviceKey(identity)}`;
    const service = this.#services.get(key) ?? dubboService(identity, protocol);
    this.#services.set(key, service);
    return { service, endpoint: this.#warmsUp ? endpoint : withoutWarmUp(endpoint), timestamp };
  }
}
