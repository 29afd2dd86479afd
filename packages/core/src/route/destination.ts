import type { ClusterSpec, LeftOutEndpoint, ResolvedEndpoints } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { ClientTls, DestinationRule, Subset } from '../config/model.ts';
import { formatPosition } from '../errors/config-error.ts';
import { covers, formatServiceKey, parseServiceKey, patternId, type ServicePattern, specificity } from '../identity/service-key.ts';
import type { DirectoryEntry, ServiceDirectory } from '../registry/entry-index.ts';
import { formatAddress } from '../transport/listen.ts';
import type { HostIndex, IndexedHost } from './host-index.ts';
import { entriesOfInterface, entryPattern, speaks } from './service-view.ts';

/** The DNS name of an entry means that entry's identity: as much as a whole service key says. */
const DNS_NAME_SPECIFICITY = 2;

/** Which service a destination means. */
export interface Target {
  /** As written, or the service key. */
  readonly text: string;
  /** What the text says; undefined when it is no service key. */
  readonly pattern: ServicePattern | undefined;
  /** The identity that the request has and the destination keeps: exactly its entries are meant. */
  readonly variant: ServicePattern | undefined;
}

/** As in Istio. */
const DEFAULT_LOAD_BALANCER = 'ROUND_ROBIN';

/** What clusters are made with. */
export interface DestinationContext {
  readonly protocol: string;
  readonly directory: ServiceDirectory;
  readonly destinationRules: HostIndex<DestinationRule>;
}

/** All endpoints of one variant of a service. */
export function variantTarget(variant: ServicePattern): Target {
  return { text: formatServiceKey(variant), pattern: variant, variant };
}

/** @param variant the identity of the request's service; a destination that names the same interface and no other group or version keeps it */
export function destinationTarget(host: string, variant: ServicePattern): Target {
  const pattern = parseServiceKey(host);
  const same = pattern !== undefined && pattern.name.toLowerCase() === variant.name.toLowerCase() && covers(pattern, variant);
  return same ? variantTarget(variant) : { text: host, pattern, variant: undefined };
}

/** What a target's endpoints are looked up with: also later, when they change. */
export function clusterSpec(context: DestinationContext, target: Target, subsetName: string | undefined): ClusterSpec {
  const rule = destinationRuleFor(context, target);
  const subset = rule?.subsets.find(({ name }) => name === subsetName);
  const name = subsetName === undefined ? target.text : `${target.text}|${subsetName}`;
  const loadBalancer = subset?.loadBalancer ?? rule?.loadBalancer ?? DEFAULT_LOAD_BALANCER;
  const tls = effectiveTls(subset?.tls ?? rule?.tls);
  const writtenWarmUp = subset?.warmUp ?? rule?.warmUp;
  const warmUp = writtenWarmUp === 'none' ? undefined : writtenWarmUp;
  const { protocol, directory } = context;
  const origin = rule === undefined ? (entriesOf(directory, target)[0]?.entry.origin ?? '') : formatPosition((subset ?? rule).position);
  const identity = target.variant === undefined ? null : patternId(target.variant);
  const undefinedSubset = subsetName !== undefined && subset === undefined ? describeUnknownSubset(target, subsetName, rule) : undefined;
  return {
    id: JSON.stringify([protocol, name, identity, loadBalancer, labelsId(subset), undefinedSubset, origin, tlsId(tls), warmUp]),
    name,
    loadBalancer,
    tls,
    warmUp,
    origin,
    dependsOn: [...targetNames(target)],
    resolve: () =>
      undefinedSubset === undefined
        ? resolveEndpoints(directory, protocol, target, subset)
        : { chosen: [], leftOut: [], emptiness: undefinedSubset },
  };
}

/** Lower-case names under which a target's entries are found. */
export function targetNames(target: Target): Set<string> {
  const names = new Set([target.text.toLowerCase()]);
  if (target.pattern !== undefined) names.add(target.pattern.name.toLowerCase());
  return names;
}

/** The entries that a target means, whatever they speak. */
export function entriesOf(directory: ServiceDirectory, target: Target): readonly DirectoryEntry[] {
  const { pattern, variant } = target;
  if (pattern !== undefined) {
    const all = entriesOfInterface(directory, pattern.name);
    if (variant !== undefined) return all.filter((entry) => patternId(entryPattern(entry, variant.name)) === patternId(variant));
    const meant = all.filter((entry) => covers(pattern, entryPattern(entry, pattern.name)));
    if (meant.length > 0) return meant;
    const wider = all.filter((entry) => covers(entryPattern(entry, pattern.name), pattern));
    if (wider.length > 0 || specificity(pattern) > 0) return wider;
  }
  return directory.byHost(target.text.toLowerCase());
}

/** A DestinationRule, or what several for one host say together: the first word on each thing counts. */
export type EffectiveRule = Pick<DestinationRule, 'name' | 'loadBalancer' | 'warmUp' | 'tls' | 'subsets' | 'position'>;

/** The most specific rule for a target: by service key, by the interface, by the DNS names of its entries, by wildcard. */
export function destinationRuleFor(context: DestinationContext, target: Target): EffectiveRule | undefined {
  const index = context.destinationRules;
  const entries = entriesOf(context.directory, target);
  const identities = identitiesOf(target, entries);
  const dnsNames = new Set([target.text.toLowerCase(), ...entries.flatMap((entry) => [...entry.hosts])]);
  const candidates = new Map<IndexedHost<DestinationRule>, number>();
  for (const name of dnsNames) {
    for (const host of index.named(name)) if (specificity(host.pattern) === 0) candidates.set(host, DNS_NAME_SPECIFICITY);
  }
  for (const identity of identities) {
    for (const host of index.named(identity.name.toLowerCase())) {
      if (covers(host.pattern, identity)) candidates.set(host, specificity(host.pattern));
    }
  }
  const best = Math.max(-1, ...candidates.values());
  const chosen = [...candidates].filter(([, rank]) => rank === best).map(([host]) => host);
  return mergeDestinationRules(chosen.length > 0 ? chosen : index.wildcard([...targetNames(target), ...dnsNames]));
}

/** Who the target's service is: what the text says, or, when the text is a DNS name, what its entries say. */
function identitiesOf(target: Target, entries: readonly DirectoryEntry[]): ServicePattern[] {
  const said = target.variant ?? target.pattern;
  const [entry] = entries;
  const announced = entry?.entry.identity === undefined ? undefined : entryPattern(entry, entry.entry.identity.name);
  if (said === undefined) return announced === undefined ? [] : [announced];
  return announced === undefined || announced.name === said.name ? [said] : [announced];
}

function mergeDestinationRules(hosts: readonly IndexedHost<DestinationRule>[]): EffectiveRule | undefined {
  const rules = [...hosts].sort((a, b) => a.order - b.order).map(({ resource }) => resource);
  const [first] = rules;
  if (first === undefined) return undefined;
  const loadBalancer = rules.find((rule) => rule.loadBalancer !== undefined)?.loadBalancer;
  const warmUp = rules.find((rule) => rule.warmUp !== undefined)?.warmUp;
  const tls = rules.find((rule) => rule.tls !== undefined)?.tls;
  return { name: first.name, position: first.position, loadBalancer, warmUp, tls, subsets: rules.flatMap((rule) => rule.subsets) };
}

function describeUnknownSubset(target: Target, subset: string, rule: EffectiveRule | undefined): string {
  if (rule === undefined) return `subset ${subset} of ${target.text} is not defined: no DestinationRule speaks of ${target.text}`;
  const names = rule.subsets.map(({ name }) => name).join(', ');
  return `subset ${subset} of ${target.text} is not defined by DestinationRule ${rule.name}, which has ${names === '' ? 'none' : names}`;
}

function labelsId(subset: Subset | undefined): readonly (readonly [string, string])[] | null {
  return subset === undefined ? null : [...subset.labels].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** DISABLE is what undoes the rule's setting for a subset. */
function effectiveTls(written: ClientTls | undefined): ClientTls | undefined {
  return written?.mode === 'DISABLE' ? undefined : written;
}

/** Equal for settings that mean the same, wherever they are written. */
function tlsId(tls: ClientTls | undefined): readonly unknown[] | null {
  if (tls === undefined) return null;
  const { mode, files, sni, subjectAltNames, insecureSkipVerify } = tls;
  return [mode, files.cert, files.key, files.ca, sni, subjectAltNames, insecureSkipVerify];
}

function resolveEndpoints(directory: ServiceDirectory, protocol: string, target: Target, subset: Subset | undefined): ResolvedEndpoints {
  const entries = entriesOf(directory, target);
  const chosen = new Map<string, Endpoint>();
  const hosts = new Map<Endpoint, string>();
  const leftOut: LeftOutEndpoint[] = [];
  let known = 0;
  for (const entry of entries) {
    for (const endpoint of entry.entry.endpoints) {
      known++;
      const why = speaks(entry, protocol) ? reasonToLeaveOut(endpoint, subset) : `it speaks ${entry.entry.protocol}, not ${protocol}`;
      const address = formatAddress(endpoint.address, endpoint.port);
      if (why !== undefined) leftOut.push({ endpoint, why });
      else if (chosen.has(address)) leftOut.push({ endpoint, why: 'another source announced the same address first' });
      else {
        chosen.set(address, endpoint);
        hosts.set(endpoint, entry.entry.host);
      }
    }
  }
  return { chosen: [...chosen.values()], leftOut, hosts, emptiness: describeEmptiness(target, entries, subset, known, leftOut) };
}

function reasonToLeaveOut(endpoint: Endpoint, subset: Subset | undefined): string | undefined {
  for (const [label, wanted] of subset?.labels ?? []) {
    const actual = endpoint.labels.get(label) ?? '';
    if (actual !== wanted) return `label ${label} is ${quoteLabel(actual)}, subset ${subset?.name} wants ${quoteLabel(wanted)}`;
  }
  return endpoint.weight > 0 ? undefined : 'its weight is 0';
}

function quoteLabel(value: string): string {
  return value === '' ? 'absent' : JSON.stringify(value);
}

function describeEmptiness(
  target: Target,
  entries: readonly DirectoryEntry[],
  subset: Subset | undefined,
  known: number,
  leftOut: readonly LeftOutEndpoint[],
): string {
  if (entries.length === 0) return `no registry and no ServiceEntry knows ${target.text}`;
  if (known === 0) {
    const sources = entries.map((entry) => (entry.held === undefined ? entry.source : `${entry.source}, held: ${entry.held}`));
    return `${target.text} has no endpoints (known from ${[...new Set(sources)].join('; ')})`;
  }
  const plural = known === 1 ? '1 endpoint known' : `${known} endpoints known`;
  const reasons = new Set(leftOut.map(({ why }) => why));
  if (subset !== undefined && leftOut.some(({ why }) => why.startsWith('label '))) {
    const labels = [...subset.labels].map(([label, value]) => (value === '' ? `no ${label}` : `${label}=${value}`)).join(',');
    return `no endpoint of ${target.text} has labels ${labels} (${plural})`;
  }
  return `no endpoint of ${target.text} can be used (${plural}): ${[...reasons].join('; ')}`;
}
