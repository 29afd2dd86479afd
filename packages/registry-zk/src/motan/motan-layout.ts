import type { RegistryContext } from '@polywire/core/spi';
import { ChildReader, logOther, type OtherChild } from '../follow/child-reader.ts';
import type { AnnouncedService, Announcement, Layout, LeafReader } from '../follow/layout.ts';
import { hostName } from '../host-name.ts';
import { divideParameters } from '../labels.ts';
import { type NodeUrl, NodeUrlError } from '../node-url.ts';
import { readMotanNode } from './motan-node.ts';

/** The port that Motan's documentation uses. It names the service's port, which endpoints map to their own. */
const MOTAN_PORT = { name: 'motan', number: 8002, protocol: 'TCP' } as const;

/** Motan has no weights on its nodes. */
const WEIGHT = 100;

/** What tells instances apart that an operator would want to; everything else configures the service (URLParamType). */
const STABLE = new Set(['application', 'group', 'module', 'protocol', 'version']);

/** Motan: `/<root>/<group>/<interface>/server/<host:port>`. What serves nobody yet is beside it, in `unavailableServer`. */
export class MotanLayout implements Layout {
  readonly leaves = ['*/*/server'];
  readonly skipped = new Set(['command']);
  readonly readsData = true;
  readonly isRequired = true;
  readonly root: string;
  readonly #log: RegistryContext['log'];

  constructor(root: string, log: RegistryContext['log']) {
    this.root = root;
    this.#log = log;
  }

  reader([group = '', interfaceName = '']: readonly string[], path: string): LeafReader {
    const service = motanService(group, interfaceName);
    return new ChildReader({
      read: (child, data) => readServer(child, data, service, path),
      onOther: logOther(this.#log, `${group}/${interfaceName}`, path),
    });
  }
}

/** The group is part of where consumers look; the version is not, and is a label. */
function motanService(group: string, name: string): AnnouncedService {
  return {
    host: hostName({ name, group, version: undefined }, 'motan'),
    identity: { name, group, version: undefined },
    protocol: 'motan',
    port: MOTAN_PORT,
    annotations: new Map([['polywire.io/service', `${group}/${name}`]]),
  };
}

function readServer(child: string, data: Buffer, service: AnnouncedService, path: string): Announcement | OtherChild {
  let url: NodeUrl;
  try {
    url = readMotanNode(child, data);
  } catch (error) {
    if (error instanceof NodeUrlError) return { kind: 'unreadable', reason: error.message };
    throw error;
  }
  const endpoint = {
    address: url.host,
    port: url.port,
    weight: WEIGHT,
    ...divideParameters(new Map([...url.parameters, ['protocol', url.protocol]]), (key) => STABLE.has(key)),
    origin: `${path}/${child}`,
  };
  return { service, endpoint, timestamp: Number(url.parameters.get('refreshTimestamp')) || 0 };
}
