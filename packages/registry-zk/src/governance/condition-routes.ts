import { isIPv6 } from 'node:net';
import type { EndpointCondition, EndpointRule, RequestCondition, ServiceIdentity } from '@polywire/core/spi';
import type { Comparison } from './condition.ts';
import type { ConditionRule, RoutedCondition } from './condition-rule.ts';
import { anyOf, isAnyOf, isReference } from './value-match.ts';

/** The attachment in which consumers since 2.7 say their application (ConsumerContextFilter). */
const CONSUMER_APPLICATION = 'remote.application';

/** The consumer's host, right of the arrow. */
const CALLER = '$host';

/** What the proxy cannot know. */
class Fault extends Error {}

/** For whom a rule is compiled. */
export interface RoutedService {
  readonly identity: ServiceIdentity;
  /** Codec of its endpoints. */
  readonly protocol: string;
}

/**
 * A condition rule as it applies to one service. Conditions that can never hold there are left out.
 * @param consumer application of the consumers that it is for; undefined: of all
 */
export function conditionRoutes(rule: ConditionRule, service: RoutedService, consumer?: string): EndpointRule[] {
  return rule.conditions.flatMap((condition) => routeOf(rule, condition, service, consumer) ?? []);
}

function routeOf(
  { origin, force }: ConditionRule,
  condition: RoutedCondition,
  service: RoutedService,
  consumer: string | undefined,
): EndpointRule | undefined {
  const { text, calls, sets, fault } = condition;
  const common = { origin, text: consumer === undefined ? text : `calls of ${consumer}: ${text}` };
  if (fault !== undefined) return faulty(common, fault);
  try {
    const match = calls.flatMap((each) => requestConditions(each, service) ?? [NEVER]);
    if (match.includes(NEVER)) return undefined;
    if (consumer !== undefined) match.unshift(header(CONSUMER_APPLICATION, [consumer], false));
    const choices = sets.map(({ providers }) => providers.flatMap((each) => endpointConditions(each, service)));
    const weights = sets.length > 1 ? { weights: sets.map(({ weight }) => weight) } : {};
    return { ...common, match, choices, ...weights, otherwise: sets.length === 0 || force ? 'refuse' : 'pass' };
  } catch (error) {
    if (error instanceof Fault) return faulty(common, error.message);
    throw error;
  }
}

function faulty(common: { origin: string; text: string }, fault: string): EndpointRule {
  return { ...common, fault, match: [], choices: [], otherwise: 'pass' };
}

/** A condition that does not hold for any call. */
const NEVER: RequestCondition = { of: { kind: 'method' }, match: { kind: 'exact', value: '' }, negated: false };

/** undefined: it never holds for this service. */
function requestConditions(comparison: Comparison, service: RoutedService): RequestCondition[] | undefined {
  const { key, matches, mismatches } = comparison;
  if (matches.length + mismatches.length === 0) return undefined;
  const reference = [...matches, ...mismatches].find(isReference);
  if (reference !== undefined) throw new Fault(`${reference} is what a consumer says of itself, which is not in its calls`);
  const constant = constants(service).get(key);
  if (constant !== undefined) return holds(comparison, constant) ? [] : undefined;
  if (key === 'method' || key === 'methods') return conditions(comparison, { kind: 'method' }, false);
  if (key === 'application') return conditions(comparison, { kind: 'header', name: CONSUMER_APPLICATION }, true);
  // AbstractConditionMatcher looks at the key up to its first dot, and in a name with a dot finds nothing.
  const [, index] = /^arguments\[(\d+)\]/.exec(key) ?? [];
  if (index !== undefined) return conditions(comparison, { kind: 'header', name: `:argument[${index}]` }, false);
  const [, name] = /^attachments\[(.+)\]$/.exec(key) ?? [];
  if (name?.includes('.')) throw new Fault(`Dubbo itself finds no attachment whose name has a dot, as ${name}`);
  if (name !== undefined) return conditions(comparison, { kind: 'header', name }, true);
  // A consumer's URL has no port, and its address is its host.
  if (key === 'host' || key === 'address') return callerConditions(comparison);
  throw new Fault(`${key} is what a consumer says of itself, which is not in its calls`);
}

/** Consumers say their host to the registry alone: what the proxy knows is where their connections come from. */
function callerConditions({ key, matches, mismatches }: Comparison): RequestCondition[] {
  if (mismatches.length === 0 && matches.includes('*')) return [];
  const hosts = { key, matches: matches.map(canonicalHost), mismatches: mismatches.map(canonicalHost) };
  return conditions(hosts, { kind: 'source' }, false);
}

/** Java writes IPv6 in full, `fd00:0:0:0:0:0:0:1`, and may add a zone; addresses of connections are short, and have none. */
function canonicalHost(host: string): string {
  return isIPv6(host) ? new URL(`tcp://[${host.replace(/%.*/, '')}]`).hostname.slice(1, -1) : host;
}

/** @param needsValue whether nothing holds where there is no value, `!=` included */
function conditions({ matches, mismatches }: Comparison, of: RequestCondition['of'], needsValue: boolean): RequestCondition[] {
  const all: RequestCondition[] = [];
  if (matches.length > 0) all.push({ of, match: anyOf(matches), negated: false });
  else if (needsValue) all.push({ of, match: { kind: 'present' }, negated: false });
  if (mismatches.length > 0) all.push({ of, match: anyOf(mismatches), negated: true });
  return all;
}

function header(name: string, values: readonly string[], negated: boolean): RequestCondition {
  return { of: { kind: 'header', name }, match: anyOf(values), negated };
}

function endpointConditions(comparison: Comparison, service: RoutedService): EndpointCondition[] {
  const { key, matches, mismatches } = comparison;
  const resolved = {
    key,
    matches: matches.map((each) => resolve(each, service)),
    mismatches: mismatches.map((each) => resolve(each, service)),
  };
  if (key === 'port') {
    const ports = (values: readonly string[]): string[] => values.map((value) => `*:${value}`);
    return either({ key, matches: ports(resolved.matches), mismatches: ports(resolved.mismatches) }, { kind: 'address' });
  }
  if (key === 'host') return either(resolved, { kind: 'ip' });
  if (key === 'address') return either(resolved, { kind: 'address' });
  if (key === 'protocol') return holds(resolved, service.protocol) ? [] : either({ key, matches: [''], mismatches: [] }, { kind: 'ip' });
  return either(resolved, { kind: 'parameter', name: key });
}

function either({ matches, mismatches }: Comparison, of: EndpointCondition['of']): EndpointCondition[] {
  const all: EndpointCondition[] = [];
  if (matches.length === 1 && matches[0] === CALLER) all.push({ of, match: { kind: 'source' }, negated: false });
  else if (matches.includes(CALLER)) throw new Fault(`${CALLER} is followed only alone, not in a list`);
  else if (matches.length > 0) all.push({ of, match: anyOf(matches), negated: false });
  else all.push({ of, match: { kind: 'present' }, negated: false });
  if (mismatches.includes(CALLER)) all.push({ of, match: { kind: 'source' }, negated: true });
  const others = mismatches.filter((each) => each !== CALLER);
  if (others.length > 0) all.push({ of, match: anyOf(others), negated: true });
  return all;
}

/** `$key` is what the consumer says: known are its host and what it says of the service. */
function resolve(value: string, service: RoutedService): string {
  if (!isReference(value) || value === CALLER) return value;
  const constant = constants(service).get(value.slice(1));
  if (constant === undefined) throw new Fault(`${value} is what a consumer says of itself, which is not in its calls`);
  return constant;
}

/** What every consumer of the service says. */
function constants({ identity }: RoutedService): Map<string, string> {
  const { name, group, version } = identity;
  const all = new Map([
    ['interface', name],
    ['path', name],
    ['side', 'consumer'],
  ]);
  if (group !== undefined) all.set('group', group);
  if (version !== undefined) all.set('version', version);
  return all;
}

function holds({ matches, mismatches }: Comparison, value: string): boolean {
  return (matches.length === 0 || isAnyOf(matches, value)) && !isAnyOf(mismatches, value);
}
