import type { Endpoint, PublishedService } from '@polywire/core/spi';
import { sortedByKey } from '../labels.ts';
import { PUBLISHED } from '../published.ts';

/**
 * What belongs to one provider, or to the choice between several, which Polywire makes itself. A consumer takes all other parameters of a
 * provider's URL for its own defaults (2.6 and 2.7 ClusterUtils.mergeUrl, 3.x DefaultProviderURLMergeProcessor).
 */
const NOT_CARRIED = new Set(
  `REGISTRY_CLUSTER accepts alive anyhost application backlog bind.ip bind.port category corethreads delay deprecated disabled dispatcher
  dispather dubbo.endpoints dubbo.tag enabled executes executor-management-mode export exported ext.protocol file-cache group host id
  interface interfaces iothreads isExtra logger meta-v metadata-service-port metadata-service-protocol metadata-type metadata.type path pid
  preferred-protocol queues register register-mode registry registry-cluster-type server service-name-mapping service.name ssl-enabled
  threadname threadpool threads timestamp transporter version warmup weight ${PUBLISHED}`.split(/\s+/),
);
const NOT_CARRIED_PREFIXES = ['bind.', 'dubbo.metadata', 'metadata-service.', 'qos.', 'registry.', 'remote.'];
/** Parameters that end like a method's timeout and are none. */
const OTHER_TIMEOUTS = new Set(['connect.timeout', 'heartbeat.timeout', 'shutdown.timeout']);
/** Of providers that say none (CommonConstants.DEFAULT_TIMEOUT), in ms. */
const DEFAULT_TIMEOUT = 1_000;
const DEFAULT_SERIALIZATION = 'hessian2';

type Parameters = ReadonlyMap<string, string>;

/** What Polywire says of itself beside what providers do. */
export interface OwnParameters {
  readonly application: string;
  /** Of the running Polywire. */
  readonly instance: string;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** Whether callers come by TLS. */
  readonly tls: boolean;
}

/** A service as consumers are to see it, whoever announces it. */
export interface ConsumerView {
  /** Of the URL, without the leading slash: the interface, unless all providers have another one in common. */
  readonly path: string;
  /** Sorted by key; neither says which Polywire it is. */
  readonly parameters: Parameters;
}

/**
 * What the providers have to say to consumers, as one provider: what all of them say alike, all methods of any, the longest timeouts, the
 * oldest release and the serializations that all of them understand.
 */
export function consumerView({ identity, registered }: PublishedService): ConsumerView {
  const providers = registered.flatMap(({ endpoints }) => endpoints).map(parametersOf);
  const view = new Map(common(providers));
  const path = view.get('path') ?? identity.name;
  for (const key of view.keys()) if (!isCarried(key)) view.delete(key);
  for (const [key, value] of timeouts(providers)) view.set(key, value);
  for (const [key, value] of serializations(providers)) view.set(key, value);
  for (const key of ['release', 'dubbo']) {
    const oldest = oldestVersion(providers.map((provider) => provider.get(key)));
    if (oldest !== undefined) view.set(key, oldest);
  }
  view.set('methods', methods(providers));
  view.set('dubbo', view.get('dubbo') ?? '2.0.2');
  view.set('generic', view.get('generic') ?? 'false');
  view.set('interface', identity.name);
  if (identity.group !== undefined) view.set('group', identity.group);
  if (identity.version !== undefined) view.set('version', identity.version);
  view.set('dynamic', 'true');
  view.set('side', 'provider');
  // A proxy needs no ten minutes to warm up, in which the others would have to bear its share (AbstractLoadBalance.getWeight).
  view.set('warmup', '0');
  return { path, parameters: sortedByKey(view) };
}

/** With what is Polywire's own. */
export function withOwn(parameters: Parameters, { application, instance, timestamp, tls }: OwnParameters): Parameters {
  const own = new Map([...parameters, ['application', application], [PUBLISHED, instance], ['timestamp', String(timestamp)]]);
  if (tls) own.set('ssl-enabled', 'true');
  return sortedByKey(own);
}

function parametersOf({ labels, metadata }: Endpoint): Parameters {
  return new Map([...labels, ...metadata]);
}

function isCarried(key: string): boolean {
  const plain = key.startsWith('default.') ? key.slice('default.'.length) : key;
  return !NOT_CARRIED.has(plain) && !NOT_CARRIED_PREFIXES.some((prefix) => plain.startsWith(prefix));
}

/** Values are written into URLs raw, as Dubbo does: one with `&` could not be read again. */
function common([first, ...others]: readonly Parameters[]): [string, string][] {
  return [...(first ?? [])].filter(([key, value]) => !value.includes('&') && others.every((other) => other.get(key) === value));
}

function methods(providers: readonly Parameters[]): string {
  const all = providers.flatMap((provider) => provider.get('methods')?.split(',') ?? []);
  return (
    [...new Set(all)]
      .filter((method) => method !== '')
      .sort()
      .join(',') || '*'
  );
}

/** The longest: a shorter one would end calls that the provider with the longer one answers in time. */
function timeouts(providers: readonly Parameters[]): Map<string, string> {
  const keys = new Set(providers.flatMap((provider) => [...provider.keys()]).filter((key) => isTimeout(key)));
  const longest = new Map<string, string>();
  for (const key of keys) {
    const values = providers.map((provider) => Number(provider.get(key) || provider.get('timeout') || DEFAULT_TIMEOUT));
    longest.set(key, String(Math.max(...values.map((value) => (Number.isFinite(value) ? value : DEFAULT_TIMEOUT)))));
  }
  return longest;
}

function isTimeout(key: string): boolean {
  return key === 'timeout' || (key.endsWith('.timeout') && !OTHER_TIMEOUTS.has(key));
}

/** What a consumer may write: whichever provider gets the call has to understand it. */
function serializations(providers: readonly Parameters[]): Map<string, string> {
  const found = new Map<string, string>();
  const [first = [], ...others] = providers.map(spoken);
  const all = first.filter((name) => others.every((other) => other.includes(name)));
  if (all.length === 0) return found;
  for (const key of ['serialization', 'prefer.serialization']) {
    const written = providers.map((provider) => provider.get(key)).filter((value) => value !== undefined);
    if (written.length === 0) continue;
    const isAlike = written.length === providers.length && written.every((value) => value === written[0]);
    const value = key === 'serialization' ? all[0] : all.join(',');
    if (!isAlike && value !== undefined) found.set(key, value);
  }
  return found;
}

function spoken(provider: Parameters): string[] {
  const names = [...(provider.get('prefer.serialization')?.split(',') ?? []), provider.get('serialization') ?? ''].filter(
    (name) => name !== '',
  );
  return names.length === 0 ? [DEFAULT_SERIALIZATION] : [...new Set(names)];
}

/** undefined: one does not say, and is older than all that do. */
function oldestVersion(versions: readonly (string | undefined)[]): string | undefined {
  let oldest: string | undefined;
  for (const version of versions) {
    if (version === undefined) return undefined;
    if (oldest === undefined || compareVersions(version, oldest) < 0) oldest = version;
  }
  return oldest;
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0));
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
