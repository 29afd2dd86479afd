import { patternId } from '../identity/service-key.ts';
import type { DirectoryEntry, ServiceDirectory } from '../registry/entry-index.ts';
import type { ServiceEntry } from '../registry/registry.ts';
import type { DirectoryChange } from '../registry/service-entry-store.ts';
import type { PublishedService } from './publisher.ts';

/** What `PublishedServices` asks of the store. */
export interface AnnouncedEntries extends ServiceDirectory {
  wasRead(source: string): boolean;
  onChange(listener: (change: DirectoryChange) => void): () => void;
  onFirstSync(listener: () => void): () => void;
}

/** Which services a listener can route at a moment. What did not change is the same object as before. */
export class PublishedServices {
  readonly #entries: AnnouncedEntries;
  readonly #protocols: readonly string[];
  readonly #published = new Map<string, PublishedService>();
  /** Of `published`, sorted. */
  #order: string[] = [];
  /** By host: the keys of what is published of it. */
  readonly #keysOf = new Map<string, Set<string>>();
  /** Names of entries that changed since `current`; undefined: any may have. */
  #changed: Set<string> | undefined = undefined;
  #isFollowing = false;
  /** Of thousands of entries, few are others than the last time. */
  readonly #keys = new WeakMap<ServiceEntry, string>();

  /** @param protocols codecs that the listener speaks */
  constructor(entries: AnnouncedEntries, protocols: readonly string[]) {
    this.#entries = entries;
    this.#protocols = protocols;
  }

  /**
   * From now on `current` looks at what changed alone.
   * @param listener told whenever `current` may be another
   * @returns a function that ends it
   */
  follow(listener: () => void): () => void {
    this.#isFollowing = true;
    const ends = [
      this.#entries.onChange(({ names }) => {
        for (const name of names) this.#changed?.add(name);
        listener();
      }),
      this.#entries.onFirstSync(() => {
        this.#changed = undefined;
        listener();
      }),
    ];
    return () => {
      this.#isFollowing = false;
      this.#changed = undefined;
      for (const end of ends) end();
    };
  }

  /**
   * Sources that have never been read whole say nothing yet. A service whose last endpoint is gone is no longer there, as in the registry itself; what
   * is held or stale keeps its endpoints, and so stays.
   */
  current(): readonly PublishedService[] {
    const keys = this.#changed === undefined ? this.#allKeys() : this.#keysAmong(this.#changed);
    this.#changed = this.#isFollowing ? new Set() : undefined;
    let isOther = false;
    for (const [key, name] of keys) {
      const was = this.#published.has(key);
      this.#publish(key, this.#found(key, name));
      isOther ||= was !== this.#published.has(key);
    }
    if (isOther) this.#order = [...this.#published.keys()].sort();
    return this.#order.flatMap((key) => this.#published.get(key) ?? []);
  }

  /** With the interface of each. */
  #allKeys(): Map<string, string> {
    const keys = new Map<string, string>();
    for (const [key, { identity }] of this.#published) keys.set(key, identity.name);
    for (const { entry } of this.#entries.all()) this.#addKey(keys, entry);
    return keys;
  }

  #keysAmong(names: ReadonlySet<string>): Map<string, string> {
    const keys = new Map<string, string>();
    for (const name of names) {
      for (const key of this.#keysOf.get(name) ?? []) keys.set(key, this.#published.get(key)?.identity.name ?? '');
      for (const { entry } of this.#entries.byHost(name)) this.#addKey(keys, entry);
    }
    return keys;
  }

  #addKey(keys: Map<string, string>, entry: ServiceEntry): void {
    const key = this.#keyOf(entry);
    if (key !== undefined && entry.identity !== undefined) keys.set(key, entry.identity.name);
  }

  #found(key: string, name: string): DirectoryEntry[] {
    return this.#entries
      .byInterface(name)
      .filter(({ entry, source }) => this.#keyOf(entry) === key && entry.endpoints.length > 0 && this.#entries.wasRead(source));
  }

  #publish(key: string, found: readonly DirectoryEntry[]): void {
    const known = this.#published.get(key);
    if (known !== undefined && known.entries.length === found.length && found.every(({ entry }, at) => entry === known.entries[at])) return;
    for (const { host } of known?.entries ?? []) this.#forget(host.toLowerCase(), key);
    const service = this.#serviceOf(found);
    if (service === undefined) {
      this.#published.delete(key);
      return;
    }
    this.#published.set(key, service);
    for (const { host } of service.entries) {
      const name = host.toLowerCase();
      const keys = this.#keysOf.get(name);
      if (keys === undefined) this.#keysOf.set(name, new Set([key]));
      else keys.add(key);
    }
  }

  #forget(host: string, key: string): void {
    const keys = this.#keysOf.get(host);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(host);
  }

  /** By it they are sorted: the name comes first. @returns undefined: the listener does not speak it */
  #keyOf(entry: ServiceEntry): string | undefined {
    const known = this.#keys.get(entry);
    if (known !== undefined) return known;
    const protocol = this.#protocolOf(entry);
    if (entry.identity === undefined || protocol === undefined) return undefined;
    const key = `${patternId(entry.identity)}\n${protocol}\n${wireOf(entry)}`;
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
