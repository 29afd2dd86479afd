import { ConfigError, type PublisherContext } from '@polywire/core/spi';
import type { ZkClientOptions } from '../client/client.ts';
import { parseConnectString } from '../client/connect-string.ts';
import type { ZkDriver } from '../client/open.ts';
import { addressOf, authOf, driverOf, duration, parseConfig, pathOf, type Raw, size, text, tlsOf } from '../config.ts';
import type { DubboProtocol } from '../dubbo/service.ts';
import { isJsonObject } from '../json.ts';

/** What `layouts` of a publisher may name. */
export const PUBLISHED_LAYOUTS = ['dubbo', 'dubbo-application'] as const;
export type PublishedLayout = (typeof PUBLISHED_LAYOUTS)[number];

/** What `protocols` of a publisher may name, with the codec by which each is spoken. */
const PROTOCOLS: Readonly<Record<DubboProtocol, string>> = { dubbo: 'dubbo', tri: 'http2' };

/** A checked `publish[]` entry of type zookeeper. */
export interface PublishConfig {
  readonly driver: ZkDriver;
  readonly client: ZkClientOptions;
  readonly layouts: readonly PublishedLayout[];
  readonly protocols: readonly DubboProtocol[];
  /** Absolute paths. */
  readonly roots: {
    readonly dubbo: string;
    /** Above the applications with their instances. */
    readonly applications: string;
    /** Above `metadata` and `mapping`. */
    readonly reports: string;
  };
  /** Which application Polywire is to consumers. */
  readonly application: string;
  readonly retryMs: { readonly first: number; readonly longest: number };
}

/** Dubbo's consumers come to it with `group=polywire`. */
const DEFAULT_ROOT = 'polywire';

const KEYS = [
  'address',
  'driver',
  'layouts',
  'protocols',
  'root',
  'roots',
  'application',
  'auth',
  'tls',
  'sessionTimeout',
  'connectTimeout',
];

/**
 * Checks a publisher's configuration; docs/zookeeper.md lists the options.
 * @throws ConfigError naming the option
 */
export function parsePublishConfig(raw: Raw, context: Pick<PublisherContext, 'protocols' | 'registries' | 'directory'>): PublishConfig {
  const unknown = Object.keys(raw).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new ConfigError(`zookeeper has no option "${unknown}" for publishing; it has ${KEYS.join(', ')}`);
  const driver = driverOf(raw);
  const config: PublishConfig = {
    driver,
    client: {
      address: addressOf(raw),
      auth: authOf(raw),
      tls: tlsOf(raw, driver, context.directory),
      // Short: for so long consumers are sent to a Polywire that died without a word.
      sessionTimeoutMs: duration(raw, 'sessionTimeout', '10s', 1_000),
      connectTimeoutMs: duration(raw, 'connectTimeout', '5s', 1),
      maxPacketBytes: size(raw, 'maxPacketSize', '16MiB'),
    },
    layouts: layoutsOf(raw),
    protocols: protocolsOf(raw, context.protocols),
    roots: rootsOf(raw),
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

const ROOTS = ['dubbo', 'dubbo-application', 'dubbo-report'];

/** Triple is published when it is asked for alone: its calls name no service, but the address, so that nothing but a VirtualService routes them. */
function protocolsOf(raw: Raw, spoken: readonly string[]): DubboProtocol[] {
  const written: unknown = raw['protocols'] ?? ['dubbo'];
  if (!Array.isArray(written) || written.length === 0) throw new ConfigError('protocols: write a list, of dubbo, tri');
  const protocols = written.map((each: unknown): DubboProtocol => {
    if (each === 'dubbo' || each === 'tri') return each;
    throw new ConfigError(`protocols: "${String(each)}" cannot be published; there is dubbo, tri`);
  });
  const missing = protocols.find((protocol) => !spoken.includes(PROTOCOLS[protocol]));
  if (missing === undefined) return protocols;
  throw new ConfigError(`listener: it speaks ${spoken.join(', ')}, and callers of ${missing} need ${PROTOCOLS[missing]}; see protocols`);
}

/** As consumers look for them: Dubbo's `group` is the root of everything, and without it, applications stand apart. */
function rootsOf(raw: Raw): PublishConfig['roots'] {
  const written: unknown = raw['roots'] ?? {};
  if (!isJsonObject(written)) throw new ConfigError(`roots: write a map, of ${ROOTS.join(', ')}`);
  const unknown = Object.keys(written).find((name) => !ROOTS.includes(name));
  if (unknown !== undefined) throw new ConfigError(`roots: "${unknown}" is unknown; there is ${ROOTS.join(', ')}`);
  if (raw['root'] !== undefined && written['dubbo'] !== undefined) throw new ConfigError('root: it is the same as roots.dubbo; write one');
  const dubbo = pathOf('root', text(raw, 'root') ?? text(written, 'dubbo') ?? DEFAULT_ROOT);
  const of = (name: string, otherwise: string): string => pathOf(`roots.${name}`, text(written, name) ?? otherwise);
  return {
    dubbo,
    applications: of('dubbo-application', dubbo === '/dubbo' ? '/services' : dubbo),
    reports: of('dubbo-report', dubbo),
  };
}

function applicationOf(raw: Raw): string {
  const application = text(raw, 'application') ?? 'polywire';
  if (/^[\w.-]+$/.test(application)) return application;
  throw new ConfigError(`application: "${application}" is no name of letters, digits, dots and dashes`);
}

/** Polywire's registries pass over what Polywire published, but consumers there would see it beside the providers. */
function refuseRegistryRoots({ client, roots }: PublishConfig, { registries }: Pick<PublisherContext, 'registries'>): void {
  const own = placesOf(client.address, [roots.dubbo, roots.applications, roots.reports]);
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
