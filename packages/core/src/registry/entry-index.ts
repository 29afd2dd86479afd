import type { Endpoint, Override } from '../cluster/endpoint.ts';
import type { EndpointRule } from './endpoint-rule.ts';
import type { HoldReason, ServiceEntry } from './registry.ts';

/** One source's word on one service. */
export interface DirectoryEntry {
  /** The source's name: `files`, or the registry's. */
  readonly source: string;
  /** True for registries, where an identity without a group means that there is none. False for files, where it means any. */
  readonly exactIdentity: boolean;
  readonly entry: ServiceEntry;
  /** The entry's host and aliases, in lower case. */
  readonly hosts: ReadonlySet<string>;
  /** Why its endpoints are kept although they cannot be confirmed. */
  readonly held: HoldReason | undefined;
}

/** Everything that is announced, as routes are compiled against it. Entries come in the order of their sources. */
export interface ServiceDirectory {
  /** Entries whose identity has exactly this name. */
  byInterface(name: string): readonly DirectoryEntry[];
  /** Entries with this host or alias, in lower case. */
  byHost(host: string): readonly DirectoryEntry[];
  all(): Iterable<DirectoryEntry>;
}

const NONE: readonly DirectoryEntry[] = [];

/** Look-ups over the entries of all sources. Lists are replaced, never changed, so that a caller may keep one. */
export class EntryIndex implements ServiceDirectory {
  readonly #interfaces = new Map<string, readonly DirectoryEntry[]>();
  readonly #hosts = new Map<string, readonly DirectoryEntry[]>();
  readonly #rank: (source: string) => number;

  /** @param rank order of a source among the others */
  constructor(rank: (source: string) => number) {
    this.#rank = rank;
  }

  byInterface(name: string): readonly DirectoryEntry[] {
    return this.#interfaces.get(name) ?? NONE;
  }

  byHost(host: string): readonly DirectoryEntry[] {
    return this.#hosts.get(host) ?? NONE;
  }

  *all(): Iterable<DirectoryEntry> {
    const seen = new Set<DirectoryEntry>();
    for (const entries of this.#hosts.values()) {
      for (const entry of entries) {
        if (seen.has(entry)) continue;
        seen.add(entry);
        yield entry;
      }
    }
  }

  add(entry: DirectoryEntry): void {
    const insert = (map: Map<string, readonly DirectoryEntry[]>, key: string): void => {
      const rank = this.#rank(entry.source);
      const old = map.get(key) ?? NONE;
      const at = old.findIndex((other) => this.#rank(other.source) > rank);
      map.set(key, at < 0 ? [...old, entry] : [...old.slice(0, at), entry, ...old.slice(at)]);
    };
    if (entry.entry.identity !== undefined) insert(this.#interfaces, entry.entry.identity.name);
    for (const host of entry.hosts) insert(this.#hosts, host);
  }

  remove(entry: DirectoryEntry): void {
    const cut = (map: Map<string, readonly DirectoryEntry[]>, key: string): void => {
      const rest = (map.get(key) ?? NONE).filter((other) => other !== entry);
      if (rest.length === 0) map.delete(key);
      else map.set(key, rest);
    };
    if (entry.entry.identity !== undefined) cut(this.#interfaces, entry.entry.identity.name);
    for (const host of entry.hosts) cut(this.#hosts, host);
  }
}

/** The entry's host and aliases, in lower case, without repetition. */
export function hostsOf(entry: ServiceEntry): Set<string> {
  return new Set([entry.host, ...entry.aliases].map((host) => host.toLowerCase()));
}

/** Lower-case names under which anybody may ask for this entry. */
export function namesOf(entry: ServiceEntry): Set<string> {
  const names = hostsOf(entry);
  if (entry.identity !== undefined) names.add(entry.identity.name.toLowerCase());
  return names;
}

/** Whether two entries differ in nothing but their endpoints. */
export function sameService(a: ServiceEntry, b: ServiceEntry): boolean {
  return (
    a.host === b.host &&
    a.protocol === b.protocol &&
    a.resolution === b.resolution &&
    a.identity?.name === b.identity?.name &&
    a.identity?.group === b.identity?.group &&
    a.identity?.version === b.identity?.version &&
    a.aliases.join('\n') === b.aliases.join('\n') &&
    samePorts(a, b) &&
    sameData(a.endpointRules, b.endpointRules)
  );
}

/** Of rules and overrides. One whose keys merely stand in another order is taken for another: it is looked at once more. */
function sameData<T extends EndpointRule | Override>(a: readonly T[] = [], b: readonly T[] = []): boolean {
  return a === b || (a.length === b.length && (a.length === 0 || JSON.stringify(a) === JSON.stringify(b)));
}

function samePorts(a: ServiceEntry, b: ServiceEntry): boolean {
  const list = (entry: ServiceEntry): string => entry.ports.map((port) => `${port.name} ${port.number} ${port.protocol}`).join('\n');
  return list(a) === list(b);
}

export function sameEndpoints(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return a.length === b.length && a.every((endpoint, index) => sameEndpoint(endpoint, b[index]));
}

function sameEndpoint(a: Endpoint, b: Endpoint | undefined): boolean {
  if (a === b) return true;
  if (b === undefined || a.address !== b.address || a.port !== b.port || a.weight !== b.weight || a.startedAt !== b.startedAt) return false;
  return (
    a.origin === b.origin &&
    sameMap(a.labels, b.labels) &&
    sameMap(a.metadata, b.metadata) &&
    sameWarmUp(a, b) &&
    sameData(a.overrides, b.overrides)
  );
}

function sameWarmUp({ warmUp: a }: Endpoint, { warmUp: b }: Endpoint): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function sameMap(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
