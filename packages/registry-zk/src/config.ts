import { resolve } from 'node:path';
import { ConfigError, parseDuration, parseSize } from '@polywire/core/spi';
import type { ZkClientOptions, ZkDigestAuth, ZkTls } from './client/client.ts';
import { parseConnectString } from './client/connect-string.ts';
import { DRIVERS, type ZkDriver } from './client/open.ts';
import { isJsonObject } from './json.ts';
import { DEFAULT_LAYOUTS, DEFAULT_ROOTS, LAYOUTS, type LayoutName, type LayoutsConfig, type RootName } from './layouts.ts';

/** A checked `registries[]` entry of type zookeeper. */
export interface ZooKeeperConfig extends LayoutsConfig {
  readonly driver: ZkDriver;
  readonly client: ZkClientOptions;
  /** How long a service that lost its last endpoint keeps it, in ms: see SettledServices. */
  readonly emptyDelayMs: number;
}

const KEYS = [
  'address',
  'driver',
  'layouts',
  'root',
  'roots',
  'auth',
  'tls',
  'sessionTimeout',
  'connectTimeout',
  'maxPacketSize',
  'concurrentReads',
  'debounce',
  'emptyDelay',
  'deniedRetry',
  'resync',
  'metadataTimeout',
  'governance',
  'warmup',
];
const MAX_DEBOUNCE_MS = 60_000;
const MAX_RESYNC_MS = 7 * 24 * 3_600_000;

export type Raw = Readonly<Record<string, unknown>>;

/**
 * Checks a registry's configuration; docs/zookeeper.md lists the options.
 * @param directory that names of files are relative to; undefined: the one that the program was started in
 * @throws ConfigError naming the option
 */
export function parseConfig(raw: Raw, directory?: string): ZooKeeperConfig {
  const unknown = Object.keys(raw).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new ConfigError(`zookeeper has no option "${unknown}"; it has ${KEYS.join(', ')}`);
  const driver = driverOf(raw);
  return {
    driver,
    client: {
      address: addressOf(raw),
      auth: authOf(raw),
      tls: tlsOf(raw, driver, directory),
      sessionTimeoutMs: duration(raw, 'sessionTimeout', '30s', 1_000),
      connectTimeoutMs: duration(raw, 'connectTimeout', '5s', 1),
      maxPacketBytes: size(raw, 'maxPacketSize', '16MiB'),
    },
    layouts: layoutsOf(raw),
    optional: raw['layouts'] === undefined ? ['dubbo-application'] : [],
    roots: rootsOf(raw),
    emptyDelayMs: duration(raw, 'emptyDelay', '300ms', 0, MAX_DEBOUNCE_MS),
    governance: switchOf(raw, 'governance', true),
    warmsUp: switchOf(raw, 'warmup', true),
    metadataTimeoutMs: duration(raw, 'metadataTimeout', '3s', 1),
    follow: {
      concurrentReads: count(raw, 'concurrentReads', 64),
      debounceMs: duration(raw, 'debounce', '50ms', 0, MAX_DEBOUNCE_MS),
      deniedRetryMs: duration(raw, 'deniedRetry', '30s', 1),
      resyncMs: duration(raw, 'resync', '5m', 100, MAX_RESYNC_MS),
    },
  };
}

export function addressOf(raw: Raw): string {
  const address = text(raw, 'address');
  if (address === undefined) throw new ConfigError('zookeeper needs an address: host:port[,host:port...][/chroot]');
  try {
    parseConnectString(address);
  } catch (error) {
    throw new ConfigError(`address: ${error instanceof Error ? error.message : String(error)}`);
  }
  return address;
}

function layoutsOf(raw: Raw): LayoutName[] {
  const written: unknown = raw['layouts'] ?? DEFAULT_LAYOUTS;
  if (!Array.isArray(written) || written.length === 0) throw new ConfigError(`layouts: write a list, of ${LAYOUTS.join(', ')}`);
  const layouts = written.map((each: unknown) => {
    const layout = LAYOUTS.find((name) => name === each);
    if (layout === undefined) throw new ConfigError(`layouts: "${String(each)}" is unknown; there is ${LAYOUTS.join(', ')}`);
    return layout;
  });
  return [...new Set(layouts)];
}

function rootsOf(raw: Raw): Record<RootName, string> {
  const names = [...Object.keys(DEFAULT_ROOTS), 'dubbo-metadata', 'dubbo-config'];
  const written: unknown = raw['roots'] ?? {};
  if (!isJsonObject(written)) throw new ConfigError(`roots: write a map, of ${names.join(', ')}`);
  const unknown = Object.keys(written).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new ConfigError(`roots: "${unknown}" is unknown; there is ${names.join(', ')}`);
  if (raw['root'] !== undefined && written['dubbo'] !== undefined) throw new ConfigError('root: it is the same as roots.dubbo; write one');
  const of = (name: RootName, otherwise: string): string => pathOf(`roots.${name}`, text(written, name) ?? otherwise);
  const dubbo = raw['root'] === undefined ? of('dubbo', DEFAULT_ROOTS.dubbo) : pathOf('root', text(raw, 'root') ?? '');
  return {
    dubbo,
    'dubbo-metadata': of('dubbo-metadata', `${dubbo}/metadata`),
    'dubbo-config': of('dubbo-config', `${dubbo}/config/dubbo`),
    'dubbo-application': of('dubbo-application', DEFAULT_ROOTS['dubbo-application']),
    sofarpc: of('sofarpc', DEFAULT_ROOTS.sofarpc),
    motan: of('motan', DEFAULT_ROOTS.motan),
    'spring-cloud': of('spring-cloud', DEFAULT_ROOTS['spring-cloud']),
  };
}

function switchOf(raw: Raw, key: string, byDefault: boolean): boolean {
  const value = raw[key] ?? byDefault;
  if (typeof value !== 'boolean') throw new ConfigError(`${key}: write true or false`);
  return value;
}

export function pathOf(key: string, written: string): string {
  const segments = written.replace(/^\/|\/$/g, '').split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw new ConfigError(`${key}: "${written}" is no node below the top`);
  }
  return `/${segments.join('/')}`;
}

export function driverOf(raw: Raw): ZkDriver {
  const written = raw['driver'] ?? 'builtin';
  const driver = DRIVERS.find((each) => each === written);
  if (driver === undefined) throw new ConfigError(`driver: "${String(written)}" is unknown; there is ${DRIVERS.join(', ')}`);
  return driver;
}

const TLS_KEYS = ['ca', 'cert', 'key', 'serverName'];

export function tlsOf(raw: Raw, driver: ZkDriver, directory = ''): ZkTls | undefined {
  const tls = raw['tls'];
  if (tls === undefined) return undefined;
  if (driver === 'native') throw new ConfigError('tls: the native driver has none; leave out driver: native');
  if (!isJsonObject(tls))
    throw new ConfigError(`tls: write a map of ${TLS_KEYS.join(', ')}; an empty one, {}, trusts the CAs that Node trusts`);
  const unknown = Object.keys(tls).find((key) => !TLS_KEYS.includes(key));
  if (unknown !== undefined) throw new ConfigError(`tls has no option "${unknown}"; it has ${TLS_KEYS.join(', ')}`);
  const [ca, cert, key, serverName] = TLS_KEYS.map((each) => named('tls', () => text(tls, each)));
  if ((cert === undefined) !== (key === undefined)) throw new ConfigError('tls: cert and key come together');
  const file = (name: string | undefined) => name && resolve(directory, name);
  return { ca: file(ca), cert: file(cert), key: file(key), serverName };
}

export function authOf(raw: Raw): ZkDigestAuth | undefined {
  const auth = text(raw, 'auth');
  if (auth === undefined) return undefined;
  const [, user, password] = /^digest:([^:]+):(.+)$/s.exec(auth) ?? [];
  // The text is a secret: the message must not repeat it.
  if (user === undefined || password === undefined) throw new ConfigError('auth: write digest:user:password; other schemes are not known');
  return { user, password };
}

export function text(raw: Raw, key: string): string | undefined {
  const value = raw[key];
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new ConfigError(`${key}: write a text`);
}

export function duration(raw: Raw, key: string, byDefault: string, min: number, max = Number.POSITIVE_INFINITY): number {
  const written = raw[key] ?? byDefault;
  if (typeof written !== 'string') throw new ConfigError(`${key}: write a duration like ${byDefault}`);
  const ms = named(key, () => parseDuration(written));
  if (ms < min || ms > max) throw new ConfigError(`${key}: ${written} is ${ms < min ? `less than ${min}ms` : `more than ${max}ms`}`);
  return ms;
}

export function size(raw: Raw, key: string, byDefault: string): number {
  const written = raw[key] ?? byDefault;
  if (typeof written !== 'string' && typeof written !== 'number') throw new ConfigError(`${key}: write a size like ${byDefault}`);
  const bytes = named(key, () => parseSize(String(written)));
  if (bytes < 1024) throw new ConfigError(`${key}: ${written} is less than 1KiB`);
  return bytes;
}

function count(raw: Raw, key: string, byDefault: number): number {
  const value = raw[key] ?? byDefault;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new ConfigError(`${key}: write a whole number from 1`);
}

function named<T>(key: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(`${key}: ${error.message}`) : error;
  }
}
