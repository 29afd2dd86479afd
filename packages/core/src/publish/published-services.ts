import { patternId } from '../identity/service-key.ts';
import type { DirectoryEntry } from '../registry/entry-index.ts';
import type { ServiceEntry, ServiceIdentity } from '../registry/registry.ts';
import type { PublishedService } from './publisher.ts';

/** What `PublishedServices` asks of the store. */
export interface AnnouncedEntries {
  all(): Iterable<DirectoryEntry>;
  wasRead(source: string): boolean;
}

/** Which services a listener can route at a moment. What did not change is the same object as before. */
export class PublishedServices {
  readonly #entries: AnnouncedEntries;
  readonly #protocols: readonly string[];
  #former: Map<string, PublishedService> = new Map();
  /** Of thousands of entries, few are others than the last time. */
  readonly #keys = new WeakMap<ServiceEntry, string>();

  /** @param protocols codecs that the listener speaks */
  constructor(entries: AnnouncedEntries, protocols: readonly string[]) {
    this.#entries = entries;
    this.#protocols = protocols;
  }

  /**
   * Sources that have never been read whole say nothing yet. A service whose last endpoint is gone is no longer there, as in the registry itself; what
   * is held or stale keeps its endpoints, and so stays.
   */
  current(): readonly PublishedService[] {
    const groups = new Map<string, DirectoryEntry[]>();
    for (const each of this.#entries.all()) {
      const { identity, endpoints } = each.entry;
      const protocol = this.#protocolOf(each.entry);
      if (identity === undefined || protocol === undefined || endpoints.length === 0 || !this.#entries.wasRead(each.source)) continue;
      const key = this.#keyOf(each.entry, identity, protocol);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [each]);
      else group.push(each);
    }
    const former = this.#former;
    this.#former = new Map();
    for (const key of [...groups.keys()].sort()) {
      const found = groups.get(key) ?? [];
      const known = former.get(key);
      const isSame = known?.entries.length === found.length && found.every(({ entry }, index) => entry === known.entries[index]);
      const service = isSame ? known : this.#serviceOf(found);
      if (service !== undefined) this.#former.set(key, service);
    }
    return [...this.#former.values()];
  }

  /** By it they are sorted: the name comes first. */
  #keyOf(entry: ServiceEntry, identity: ServiceIdentity, protocol: string): string {
    const known = this.#keys.get(entry);
    if (known !== undefined) return known;
    const key = `${patternId(identity)}\n${protocol}\n${wireOf(entry)}`;
    this.#keys.set(entry, key);
    return key;
  }

  #serviceOf(found: readonly DirectoryEntry[]): PublishedService | undefined {
    const [first] = found;
    const protocol = first && this.#protocolOf(first.entry);
    if (first?.entry.identity === undefined || protocol === undefined) return undefined;
    const registered = found.filter(({ exactIdentity }) => exactIdentity).map(({ entry }) => entry);
    return { identity: first.entry.identity, protocol, entries: found.map(({ entry }) => entry), registered };
  }

  #protocolOf(entry: ServiceEntry): string | undefined {
    if (entry.protocol !== undefined) return this.#protocols.find((name) => name === entry.protocol);
    return this.#protocols.length === 1 ? this.#protocols[0] : undefined;
  }
}

/** What is spoken over the codec: services of one identity that say `tri` and `grpc` are two. */
function wireOf(entry: ServiceEntry): string {
  const port = entry.ports.find(({ number }) => number === entry.port) ?? entry.ports[0];
  return port?.name.split('-')[0]?.toLowerCase() ?? '';
}
