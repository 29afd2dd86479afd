import { formatServiceKey, patternId } from '../identity/service-key.ts';
import type { DirectoryEntry } from '../registry/entry-index.ts';
import type { PublishedService } from './publisher.ts';

/** What `PublishedServices` asks of the store. */
export interface AnnouncedEntries {
  all(): Iterable<DirectoryEntry>;
  sources(): readonly { readonly name: string; readonly lastSync: number | undefined }[];
}

/** Which services a listener can route at a moment. What did not change is the same object as before. */
export class PublishedServices {
  readonly #entries: AnnouncedEntries;
  readonly #protocols: readonly string[];
  #former: ReadonlyMap<string, PublishedService> = new Map();

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
    const read = new Set(
      this.#entries
        .sources()
        .filter(({ lastSync }) => lastSync !== undefined)
        .map(({ name }) => name),
    );
    const groups = new Map<string, { protocol: string; found: DirectoryEntry[] }>();
    for (const each of this.#entries.all()) {
      const { identity, endpoints } = each.entry;
      const protocol = this.#protocolOf(each);
      if (identity === undefined || protocol === undefined || endpoints.length === 0 || !read.has(each.source)) continue;
      const key = `${patternId(identity)}\n${protocol}\n${wireOf(each)}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { protocol, found: [each] });
      else group.found.push(each);
    }
    const services = new Map([...groups].map(([key, { protocol, found }]) => [key, this.#service(key, protocol, found)]));
    this.#former = services;
    return [...services.values()].sort((a, b) => compare(formatServiceKey(a.identity), formatServiceKey(b.identity)));
  }

  #service(key: string, protocol: string, found: readonly DirectoryEntry[]): PublishedService {
    const entries = found.map(({ entry }) => entry);
    const former = this.#former.get(key);
    if (former?.entries.length === entries.length && former.entries.every((entry, index) => entry === entries[index])) return former;
    const registered = found.filter(({ exactIdentity }) => exactIdentity).map(({ entry }) => entry);
    return { identity: entries[0]?.identity ?? { name: '', group: undefined, version: undefined }, protocol, entries, registered };
  }

  #protocolOf({ entry }: DirectoryEntry): string | undefined {
    if (entry.protocol !== undefined) return this.#protocols.find((name) => name === entry.protocol);
    return this.#protocols.length === 1 ? this.#protocols[0] : undefined;
  }
}

/** What is spoken over the codec: services of one identity that say `tri` and `grpc` are two. */
function wireOf({ entry }: DirectoryEntry): string {
  const port = entry.ports.find(({ number }) => number === entry.port) ?? entry.ports[0];
  return port?.name.split('-')[0]?.toLowerCase() ?? '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
