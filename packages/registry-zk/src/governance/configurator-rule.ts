import { isJsonObject } from '../json.ts';
import { ANY_HOST } from './address-pattern.ts';
import { addressMatch, type Configurator, type ConfiguratorMatch, inOrder, shownParameters } from './configurator.ts';
import { configuratorOf } from './configurator-url.ts';
import { isTrue, mapsOf, parseRule, RuleError, type RuleMap, textOf, textsOf } from './rule-text.ts';
import { parseRuleUrl } from './rule-url.ts';
import { parseParameterMatches, parseTextMatch, type TextMatch } from './text-match.ts';

/** An item stands for each of its addresses with each of its applications: a few KiB of text could fill the memory. */
const MOST_CONFIGURATORS = 10_000;

/**
 * Reads a node `<key>.configurators` of the configuration centre, as Dubbo's ConfigParser does. In order of application.
 * @throws RuleError
 */
export function parseConfigurators(text: string, origin: string): Configurator[] {
  const urls = urlsOf(text);
  if (urls !== undefined) return inOrder(urls.flatMap((url) => configuratorOf(parseRuleUrl(url), origin) ?? []));
  const rule = parseRule(text);
  const key = textOf(rule['key']);
  if (key === undefined)
    throw new RuleError('it has no key: write key: and the service, or with scope: application the application, that it is about');
  const version = textOf(rule['configVersion']) ?? '';
  const isOfApplication = textOf(rule['scope']) === 'application';
  const isEnabled = isTrue(rule['enabled'], true);
  const items = mapsOf(rule['configs']).filter((item) => isOn(item, isEnabled));
  const configurators: Configurator[] = [];
  for (const item of items) {
    configurators.push(...itemOf(item, { origin, key, version, isOfApplication }));
    if (configurators.length > MOST_CONFIGURATORS) throw tooMany();
  }
  return inOrder(configurators);
}

interface Shared {
  readonly origin: string;
  readonly key: string;
  readonly version: string;
  readonly isOfApplication: boolean;
}

// Items of a type of their own (weight, balancing, disabled) are switched alone.
function isOn(item: RuleMap, isEnabled: boolean): boolean {
  const type = textOf(item['type']);
  return type === undefined || type === 'general' ? isEnabled : isTrue(item['enabled'], true);
}

/** One for each address, and application or service. */
function itemOf(item: RuleMap, { origin, key, version, isOfApplication }: Shared): Configurator[] {
  const written = isJsonObject(item['parameters']) ? item['parameters'] : {};
  const parameters = new Map(Object.entries(written).map(([name, value]) => [name, textOf(value) ?? '']));
  if (parameters.size === 0) throw new RuleError('an item of configs has no parameters');
  const side = textOf(item['side']);
  const [addresses = [], providers, services, applications] = ['addresses', 'providerAddresses', 'services', 'applications'].map((name) =>
    textsOf(item[name]),
  );
  const hosts = addresses.length === 0 ? [ANY_HOST] : addresses;
  const providerAddresses = providers?.length ? providers : side === 'provider' ? hosts : [];
  const match = version.startsWith('v3.0') && isJsonObject(item['match']) ? parseMatch(item['match']) : undefined;
  const pairs = isOfApplication
    ? orAny(services, '*').map((service) => ({ service, application: key }))
    : orAny(applications, undefined).map((application) => ({ service: key, application: application === '*' ? undefined : application }));
  if (hosts.length * pairs.length > MOST_CONFIGURATORS) throw tooMany();
  const conditions = new Map([...parameters].flatMap(([name, value]) => (name.startsWith('~') ? [[name.slice(1), value] as const] : [])));
  const set = new Map([...parameters].filter(([name]) => !name.startsWith('~')));
  return hosts.flatMap((address) =>
    pairs.map((pair) => ({
      origin,
      text: `${side ?? 'no side'} ${address} ${shownParameters(set)}`,
      mode: 'override' as const,
      isOld: false,
      ...hostAndPort(address),
      priority: Number(parameters.get('priority')) || 0,
      side,
      ...pair,
      providerAddresses,
      conditions: version.startsWith('v3.0') ? new Map<string, string>() : conditions,
      match,
      parameters: set,
    })),
  );
}

function tooMany(): RuleError {
  return new RuleError(`configs names more than ${MOST_CONFIGURATORS} addresses, each with each application or service`);
}

function orAny<T>(list: readonly string[] | undefined, any: T): readonly (string | T)[] {
  return list === undefined || list.length === 0 ? [any] : list;
}

function hostAndPort(address: string): { host: string; port: number } {
  const { host, port } = parseRuleUrl(`override://${address}/`);
  return { host, port };
}

function parseMatch(written: RuleMap): ConfiguratorMatch {
  const address = written['address'];
  const providerAddress = written['providerAddress'];
  return {
    ...(isJsonObject(address) ? { address: addressMatch(addressOf(address)) } : {}),
    ...(isJsonObject(providerAddress) ? { providerAddress: addressMatch(addressOf(providerAddress)) } : {}),
    ...(isJsonObject(written['service']) ? { service: oneOf(written['service']) } : {}),
    ...(isJsonObject(written['app']) ? { application: oneOf(written['app']) } : {}),
    parameters: parseParameterMatches(written['param']),
  };
}

// Dubbo's own field is called `cird`.
function addressOf(written: RuleMap): { cidr?: string; wildcard?: string; exact?: string } {
  const [cidr, wildcard, exact] = [written['cird'], written['wildcard'], written['exact']].map(textOf);
  return {
    ...(cidr === undefined ? {} : { cidr }),
    ...(wildcard === undefined ? {} : { wildcard }),
    ...(exact === undefined ? {} : { exact }),
  };
}

function oneOf(written: RuleMap): TextMatch {
  const matches = mapsOf(written['oneof']).map(parseTextMatch);
  return (value) => matches.some((match) => match(value));
}

/** A JSON array of URLs, which older versions of Dubbo Admin wrote. */
function urlsOf(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const urls = textsOf(JSON.parse(text));
    return urls.length === 0 ? undefined : urls;
  } catch {
    return undefined;
  }
}
