import { type IstioServiceEntry, toIstio } from '@polywire/core';
import type { ServiceEntry } from '@polywire/core/spi';
import { mergeEntries } from './merge.ts';

type IstioEndpoint = NonNullable<IstioServiceEntry['spec']['endpoints']>[number];

/** A value that was one thing and is another; undefined: absent. */
export interface Change {
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** An endpoint as it is written, for people: what tells it from others of its service, and the rest. */
export interface EndpointText {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** An endpoint that stays and says something else of itself. */
export interface EndpointChange {
  readonly address: string;
  readonly port: number;
  readonly changes: readonly Change[];
}

/** What is different about one service. */
export interface ServiceChange {
  readonly host: string;
  /** `unconfirmed`: it would be removed, were it known that the registries do not announce it. */
  readonly change: 'added' | 'removed' | 'changed' | 'unconfirmed';
  /** Of the service itself. */
  readonly changes: readonly Change[];
  readonly added: readonly EndpointText[];
  readonly removed: readonly EndpointText[];
  readonly changed: readonly EndpointChange[];
}

/** What is different, by host, and how many services are not. */
export interface Comparison {
  readonly services: readonly ServiceChange[];
  readonly same: number;
}

/** What is known of what the registries announce. */
export interface Announced {
  readonly entries: readonly ServiceEntry[];
  /** Hosts that could not be confirmed: nothing is said of them. */
  readonly held: ReadonlySet<string>;
  /** Nothing is missing but held hosts. */
  readonly isWhole: boolean;
}

/** What would change if the resources of the registries replaced those that are there. */
export function compareEntries(there: readonly ServiceEntry[], { entries, held, isWhole }: Announced): Comparison {
  const former = byHost(there);
  const next = byHost(entries);
  const services: ServiceChange[] = [];
  let same = 0;
  for (const host of [...new Set([...former.keys(), ...next.keys()])].sort()) {
    if (held.has(host)) continue;
    const change = compareService(host, former.get(host), next.get(host), isWhole);
    if (change === undefined) same += 1;
    else services.push(change);
  }
  return { services, same };
}

function byHost(entries: readonly ServiceEntry[]): Map<string, IstioServiceEntry> {
  return new Map(mergeEntries(entries).map((entry) => [entry.host.toLowerCase(), toIstio(entry)]));
}

function compareService(
  host: string,
  former: IstioServiceEntry | undefined,
  next: IstioServiceEntry | undefined,
  isWhole: boolean,
): ServiceChange | undefined {
  const before = endpointsOf(former);
  const after = endpointsOf(next);
  const endpoints = {
    added: [...after].filter(([key]) => !before.has(key)).map(([, endpoint]) => textOf(endpoint)),
    removed: [...before].filter(([key]) => !after.has(key)).map(([, endpoint]) => textOf(endpoint)),
  };
  if (former === undefined) return { host, change: 'added', changes: [], ...endpoints, changed: [] };
  if (next === undefined) return { host, change: isWhole ? 'removed' : 'unconfirmed', changes: [], ...endpoints, changed: [] };
  const changes = differences(propertiesOf(former), propertiesOf(next));
  const changed = [...after].flatMap(([key, endpoint]) => changedEndpoint(before.get(key), endpoint) ?? []);
  const count = changes.length + endpoints.added.length + endpoints.removed.length + changed.length;
  return count === 0 ? undefined : { host, change: 'changed', changes, ...endpoints, changed };
}

function endpointsOf(resource: IstioServiceEntry | undefined): Map<string, IstioEndpoint> {
  return new Map(resource?.spec.endpoints?.map((endpoint) => [`${endpoint.address} ${portOf(endpoint)}`, endpoint]));
}

function portOf({ ports }: IstioEndpoint): number {
  return Object.values(ports)[0] ?? 0;
}

function textOf(endpoint: IstioEndpoint): EndpointText {
  const { address, weight, labels = {} } = endpoint;
  return { address, port: portOf(endpoint), weight, labels };
}

function changedEndpoint(former: IstioEndpoint | undefined, next: IstioEndpoint): EndpointChange | undefined {
  if (former === undefined) return undefined;
  const changes = [
    ...differences({ weight: String(former.weight) }, { weight: String(next.weight) }),
    ...differences(former.labels ?? {}, next.labels ?? {}),
  ];
  return changes.length === 0 ? undefined : { address: next.address, port: portOf(next), changes };
}

/** What a resource says beside its endpoints. */
function propertiesOf({ metadata, spec }: IstioServiceEntry): Record<string, string> {
  return {
    location: spec.location,
    resolution: spec.resolution,
    ports: spec.ports.map(({ name, number, protocol }) => `${name} ${number}/${protocol}`).join(', '),
    ...metadata.annotations,
  };
}

function differences(former: Readonly<Record<string, string>>, next: Readonly<Record<string, string>>): Change[] {
  const [from, to] = [new Map(Object.entries(former)), new Map(Object.entries(next))];
  const names = [...new Set([...from.keys(), ...to.keys()])].sort();
  return names.filter((name) => from.get(name) !== to.get(name)).map((name) => ({ name, from: from.get(name), to: to.get(name) }));
}
