import { ConfigError, type PublisherContext } from '@polywire/core/spi';
import type { ZkClientOptions } from '../client/client.ts';
import { parseConnectString } from '../client/connect-string.ts';
import type { ZkDriver } from '../client/open.ts';
import { addressOf, authOf, driverOf, duration, parseConfig, pathOf, type Raw, size, text, tlsOf } from '../config.ts';

/** What `layouts` of a publisher may name. */
export const PUBLISHED_LAYOUTS = ['dubbo', 'dubbo-application'] as const;
export type PublishedLayout = (typeof PUBLISHED_LAYOUTS)[number];

/** Codecs whose callers look for services in these layouts. */
const PROTOCOLS = ['dubbo', 'http2'];

/** A checked `publish[]` entry of type zookeeper. */
export interface PublishConfig {
  readonly driver: ZkDriver;
  readonly client: ZkClientOptions;
  readonly layouts: readonly PublishedLayout[];
  /** Absolute paths. */
  readonly roots: { readonly dubbo: string; readonly applications: string; readonly metadata: string };
  /** Which application Polywire is to consumers. */
  readonly application: string;
  readonly retryMs: { readonly first: number; readonly longest: number };
}

const KEYS = ['address', 'driver', 'layouts', 'root', 'roots', 'application', 'auth', 'tls', 'sessionTimeout', 'connectTimeout'];

/**
 * Checks a publisher's configuration; docs/zookeeper.md lists the options.
 * @throws ConfigError naming the option
 */
export function parsePublishConfig(raw: Raw, context: Pick<PublisherContext, 'protocols' | 'registries'>): PublishConfig {
  const unknown = Object.keys(raw).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new ConfigError(`zookeeper has no option "${unknown}" for publishing; it has ${KEYS.join(', ')}`);
  if (!context.protocols.some((protocol) => PROTOCOLS.includes(protocol))) {
    const spoken = context.protocols.join(', ');
    throw new ConfigError(`listener: it speaks ${spoken}; what is published in ZooKeeper is called by ${PROTOCOLS.join(' or ')}`);
  }
  const driver = driverOf(raw);
  const root = pathOf('root', text(raw, 'root') ?? 'polywire');
  const config: PublishConfig = {
    driver,
    client: {
      address: addressOf(raw),
      auth: authOf(raw),
      tls: tlsOf(raw, driver),
      // Short: for so long consumers are sent to a Polywire that died without a word.
      sessionTimeoutMs: duration(raw, 'sessionTimeout', '10s', 1_000),
      connectTimeoutMs: duration(raw, 'connectTimeout', '5s', 1),
      maxPacketBytes: size(raw, 'maxPacketSize', '16MiB'),
    },
    layouts: layoutsOf(raw),
    roots: { dubbo: root, applications: root === '/dubbo' ? '/services' : root, metadata: root },
    application: applicationOf(raw),
    retryMs: { first: 1_000, longest: 30_000 },
  };
  refuseRegistryRoots(config, context);
  return config;
}

function layoutsOf(raw: Raw): PublishedLayout[] {
  const written: unknown = raw['layouts'] ?? PUBLISHED_LAYOUTS;
  if (!Array.isArray(written) || written.length === 0) throw new ConfigError(`layouts: write a list, of ${PUBLISHED_LAYOUTS.join(', ')}`);
  const layouts = written.map((each: unknown) => {
    const layout = PUBLISHED_LAYOUTS.find((name) => name === each);
    if (layout === undefined)
      throw new ConfigError(`layouts: "${String(each)}" cannot be published; there is ${PUBLISHED_LAYOUTS.join(', ')}`);
    return layout;
  });
  return [...new Set(layouts)];
}

function applicationOf(raw: Raw): string {
  const application = text(raw, 'application') ?? 'polywire';
  if (/^[\w.-]+$/.test(application)) return application;
  throw new ConfigError(`application: "${application}" is no name of letters, digits, dots and dashes`);
}

/** Polywire's registries pass over what Polywire published, but consumers there would see it beside the providers. */
function refuseRegistryRoots({ client, roots }: PublishConfig, { registries }: Pick<PublisherContext, 'registries'>): void {
  const own = placesOf(client.address, [roots.dubbo, roots.applications]);
  for (const registry of registries) {
    if (registry.type !== 'zookeeper') continue;
    const { client: read, roots: readRoots } = parseConfig(registry.config);
    const others = new Set(placesOf(read.address, [readRoots.dubbo, readRoots['dubbo-application']]));
    const place = own.find((each) => others.has(each));
    if (place !== undefined) {
      throw new ConfigError(
        `root: ${place} is where the registry ${read.address} is read: publish under another root, or in another ZooKeeper`,
      );
    }
  }
}

/** Each server with each root. */
function placesOf(address: string, roots: readonly string[]): string[] {
  const { hosts, chroot } = parseConnectString(address);
  return hosts.flatMap(({ host, port }) => roots.map((root) => `${host}:${port}${chroot}${root}`));
}
