import { type Endpoint, shownValue } from '@polywire/core/spi';
import { ANY_HOST, matchesAddress } from './address-pattern.ts';
import { applicationOf, parameterOf } from './endpoint-parameters.ts';
import type { ParameterMatch, TextMatch } from './text-match.ts';

/** Who applies a configurator: providers to themselves, before they register again, or consumers to what is registered. */
export type Side = 'provider' | 'consumer';

/** `match` of a configurator of version 3.0. */
export interface ConfiguratorMatch {
  /** Of whom `side` says. */
  readonly address?: AddressMatch;
  readonly providerAddress?: AddressMatch;
  readonly service?: TextMatch;
  readonly application?: TextMatch;
  readonly parameters: readonly ParameterMatch[];
}

export type AddressMatch = (host: string, port: number | undefined) => boolean;

/** A change of what providers say of themselves, as an operator keeps it in ZooKeeper. Plain data but for `match`. */
export interface Configurator {
  /** Path of the node. */
  readonly origin: string;
  /** In one line, for a message. */
  readonly text: string;
  /** `absent` sets only what is not set. */
  readonly mode: 'override' | 'absent';
  /** Whether it is of 2.6, which knows no `configVersion`, and is judged by other rules. */
  readonly isOld: boolean;
  readonly host: string;
  /** 0: there is none. */
  readonly port: number;
  /** The higher is applied later, of those of one host. */
  readonly priority: number;
  readonly side: string | undefined;
  /** undefined: any. */
  readonly application: string | undefined;
  /** Dubbo's service key; `*`: any. */
  readonly service: string;
  readonly providerAddresses: readonly string[];
  /** What providers must say of themselves (`~key=value`). */
  readonly conditions: ReadonlyMap<string, string>;
  readonly match: ConfiguratorMatch | undefined;
  /** What it sets. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What one sets, for its text. */
export function shownParameters(parameters: ReadonlyMap<string, string>): string {
  return [...parameters].map(([key, value]) => `${key}=${shownValue(key, value)}`).join(' ');
}

/** Dubbo applies them in this order: those of a specific host after those of all, then by priority (Configurator.compareTo). */
export function inOrder(configurators: readonly Configurator[]): Configurator[] {
  return [...configurators].sort((a, b) => (a.host === b.host ? a.priority - b.priority : a.host < b.host ? -1 : 1));
}

/**
 * Whether a provider, or a consumer that nothing is known of, changes an endpoint by it (AbstractConfigurator.configure, as of Dubbo 3.3).
 * @param service key of the service that the endpoint is of
 */
export function applies(configurator: Configurator, endpoint: Endpoint, service: string, side: Side): boolean {
  const { host, port, isOld, match, application, conditions } = configurator;
  if (configurator.service !== '*' && configurator.service !== service) return false;
  if (!isOfSide(configurator, side)) return false;
  if (isOld && port !== 0 && port !== endpoint.port) return false;
  const isOne = isOld ? port !== 0 : side === 'provider';
  if (host !== ANY_HOST && !(isOne && host === endpoint.address)) return false;
  if (!isNamed(configurator.providerAddresses, endpoint)) return false;
  if (application !== undefined && (side === 'consumer' || application !== applicationOf(endpoint))) return false;
  if (match !== undefined) return matches(match, endpoint, service, side);
  for (const [key, value] of conditions) if (value !== '*' && value !== parameterOf(endpoint, key)) return false;
  return true;
}

/** Why it is for some consumers only, which a proxy between them and the providers cannot follow; undefined: it is not. */
export function consumerFault(configurator: Configurator): string | undefined {
  const { host, port, isOld, match, application, side } = configurator;
  if (side === undefined && !isOld) return 'it says no side, so that Dubbo applies it nowhere';
  if (side === 'provider' || (isOld && port !== 0 && application === undefined)) return undefined;
  if (application !== undefined) return `it is for consumers of application ${application}: endpoints are the same for all callers`;
  if (host !== ANY_HOST && !(isOld && port !== 0)) return `it is for the consumer at ${host}: endpoints are the same for all callers`;
  const isForAll = match?.address?.(ANY_HOST, undefined) ?? true;
  if (!isForAll || match?.application?.('') === false) return 'its match is for some consumers: endpoints are the same for all callers';
  return undefined;
}

function isOfSide({ isOld, side }: Configurator, wanted: Side): boolean {
  return isOld && (side === undefined || side === '*') ? true : side === wanted;
}

// AbstractConfigurator.isV27ConditionMatchOrUnset
function isNamed(addresses: readonly string[], { address, port }: Endpoint): boolean {
  const names = [`${address}:${port}`, address, ANY_HOST, `${ANY_HOST}:*`, `${ANY_HOST}:${port}`];
  return addresses.length === 0 || addresses.some((each) => names.includes(each));
}

// ConditionMatch.isMatch. Of a consumer neither address nor application is known: what holds for any of them holds.
function matches(match: ConfiguratorMatch, endpoint: Endpoint, service: string, side: Side): boolean {
  const { address, port } = endpoint;
  const isProvider = side === 'provider';
  if (match.address?.(isProvider ? address : ANY_HOST, undefined) === false) return false;
  if (match.providerAddress?.(address, port) === false) return false;
  if (match.service?.(service) === false) return false;
  if (match.application?.(isProvider ? applicationOf(endpoint) : '') === false) return false;
  return match.parameters.every(({ key, match: holds }) => holds(parameterOf(endpoint, key)));
}

/** A network, or a pattern of which a part is `*`. */
export function addressMatch(written: { cidr?: string; wildcard?: string; exact?: string }): AddressMatch {
  const { cidr, wildcard, exact } = written;
  return (host, port) => {
    const text = port === undefined ? host : `${host}:${port}`;
    if (cidr !== undefined) return text === cidr || matchesAddress(cidr, host, port ?? 0);
    if (wildcard !== undefined) return wildcard === ANY_HOST || wildcard === '*' || matchesGlob(wildcard, text);
    return exact !== undefined && exact === text;
  };
}

/** UrlUtils.isMatchGlobPattern: the last `*` stands for any text. */
function matchesGlob(pattern: string, text: string): boolean {
  if (pattern === '*') return true;
  if (text === '') return pattern === '';
  const star = pattern.lastIndexOf('*');
  return star < 0 ? pattern === text : text.startsWith(pattern.slice(0, star)) && text.endsWith(pattern.slice(star + 1));
}
