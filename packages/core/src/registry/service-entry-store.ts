import { type DirectoryEntry, EntryIndex, hostsOf, namesOf, type ServiceDirectory, sameEndpoints, sameService } from './entry-index.ts';
import type { HoldReason, ServiceEntry, ServiceEntrySink } from './registry.ts';

/** What changed at once. */
export interface DirectoryChange {
  /** Interfaces, hosts and aliases of the entries that changed, in lower case. */
  readonly names: ReadonlySet<string>;
  /** Which services exist and who they are stayed the same. */
  readonly endpointsOnly: boolean;
}

/** How a source is doing, for the admin listener. */
export interface SourceStatus {
  /** Type and address, or `files`. */
  readonly name: string;
  readonly state: 'starting' | 'synced' | 'stale';
  /** Why it is stale. */
  readonly reason: string | undefined;
  /** Milliseconds since 1970; undefined before the first. */
  readonly lastSync: number | undefined;
  /** When it got into this state, in milliseconds since 1970. */
  readonly since: number;
  /** As the registry numbers its sessions; undefined while there is none, and for sources without. */
  readonly session: string | undefined;
  readonly services: readonly SourceService[];
  /** What of it was never read, so that nobody knows what it announces: how many parts, and the first of them. */
  readonly unread: { readonly count: number; readonly first: readonly UnreadPart[] };
}

/** A part of a source that was never read. */
export interface UnreadPart {
  /** Registry path. */
  readonly origin: string;
  /** `missing`: a whole tree is not there. */
  readonly reason: HoldReason | 'missing';
}

/** Parts that are shown of those that were never read. */
const SHOWN_UNREAD = 20;

/** One service of a source. */
export interface SourceService {
  readonly host: string;
  readonly endpoints: number;
  /** Why its last known endpoints are kept; undefined when they are current. */
  readonly held: HoldReason | undefined;
}

/** One source's sink. Entries of a source that goes stale, and held entries, stay in force. */
export interface EntrySource extends ServiceEntrySink {
  /** Everything the source has, at once: what is not in it is removed. */
  replaceAll(entries: readonly ServiceEntry[]): void;
  readonly state: SourceStatus['state'];
  status(): SourceStatus;
}

/** Who a source is. */
export interface SourceOptions {
  readonly name: string;
  /** See DirectoryEntry.exactIdentity: true for registries. */
  readonly exactIdentity: boolean;
  /** Of the session it reads in; absent: it has none. */
  readonly session?: () => string | undefined;
}

type Listener = (change: DirectoryChange) => void;

/** Service entries of the files and of every registry. Services of one identity are merged where they are looked up. */
export class ServiceEntryStore implements ServiceDirectory {
  readonly #sources = new Map<string, Source>();
  readonly #listeners = new Set<Listener>();
  readonly #syncListeners = new Set<() => void>();
  readonly #index = new EntryIndex((source) => this.#rank(source));
  readonly #protocols: ReadonlyMap<string, string>;

  /** @param protocols names by which entries may announce a protocol, lower case, and its own: see ResourceOptions */
  constructor(protocols: ReadonlyMap<string, string> = new Map()) {
    this.#protocols = protocols;
  }

  /** The source's sink; made on first use. Sources made earlier come first where the order shows. */
  source(options: SourceOptions): EntrySource {
    const known = this.#sources.get(options.name);
    if (known !== undefined) return known;
    const emit = (change: DirectoryChange): void => this.#emit(change);
    const firstSync = (): void => {
      for (const listener of this.#syncListeners) listener();
    };
    const source = new Source(options, this.#sources.size, { index: this.#index, protocols: this.#protocols, emit, firstSync });
    this.#sources.set(options.name, source);
    return source;
  }

  byInterface(name: string): readonly DirectoryEntry[] {
    return this.#index.byInterface(name);
  }

  byHost(host: string): readonly DirectoryEntry[] {
    return this.#index.byHost(host);
  }

  all(): Iterable<DirectoryEntry> {
    return this.#index.all();
  }

  /** What the directory would be with these entries from a source, to judge a configuration before it is in force. */
  preview(options: SourceOptions, entries: readonly ServiceEntry[]): ServiceDirectory {
    const preview = new EntryIndex((source) => this.#rank(source));
    for (const entry of this.all()) if (entry.source !== options.name) preview.add(entry);
    for (const entry of entries) preview.add(directoryEntry(options, named(entry, this.#protocols)));
    return preview;
  }

  sources(): SourceStatus[] {
    return [...this.#sources.values()].map((source) => source.status());
  }

  /**
   * What was never read of a service, by each source: parts with its name in their path, the first few.
   * @param name as the registry's paths have it
   */
  unreadOf(name: string): (UnreadPart & { readonly source: string })[] {
    const parts = [...this.#sources].flatMap(([source, { unreadParts }]) => unreadParts.map((part) => ({ source, ...part })));
    return parts.filter(({ origin }) => origin.split('/').includes(name)).slice(0, SHOWN_UNREAD);
  }

  /** Whether everything that a source has was delivered once. */
  wasRead(source: string): boolean {
    return this.#sources.get(source)?.wasRead === true;
  }

  /** @returns a function that ends it */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Told whenever a source was read whole for the first time.
   * @returns a function that ends it
   */
  onFirstSync(listener: () => void): () => void {
    this.#syncListeners.add(listener);
    return () => this.#syncListeners.delete(listener);
  }

  #rank(source: string): number {
    return this.#sources.get(source)?.rank ?? this.#sources.size;
  }

  #emit(change: DirectoryChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function directoryEntry(options: SourceOptions, entry: ServiceEntry): DirectoryEntry {
  return { source: options.name, exactIdentity: options.exactIdentity, entry, hosts: hostsOf(entry), held: undefined };
}

/** The entry, with its protocol's own name. */
function named(entry: ServiceEntry, protocols: ReadonlyMap<string, string>): ServiceEntry {
  const protocol = entry.protocol === undefined ? undefined : protocols.get(entry.protocol.toLowerCase());
  return protocol === undefined || protocol === entry.protocol ? entry : { ...entry, protocol };
}

/** What sources share. */
interface SourceContext {
  readonly index: EntryIndex;
  readonly protocols: ReadonlyMap<string, string>;
  readonly emit: Listener;
  readonly firstSync: () => void;
}

class Source implements EntrySource {
  readonly rank: number;
  readonly #options: SourceOptions;
  readonly #context: SourceContext;
  /** By the host as the source says it. */
  readonly #entries = new Map<string, DirectoryEntry>();
  readonly #unread = new Map<string, UnreadPart['reason']>();
  #state: SourceStatus['state'] = 'starting';
  #since = Date.now();
  #reason: string | undefined;
  #lastSync: number | undefined;

  constructor(options: SourceOptions, rank: number, context: SourceContext) {
    this.#options = options;
    this.rank = rank;
    this.#context = context;
  }

  upsert(entry: ServiceEntry): void {
    const change = this.#put(entry);
    if (change !== undefined) this.#context.emit(change);
  }

  remove(host: string): void {
    const change = this.#cut(host);
    if (change !== undefined) this.#context.emit(change);
  }

  hold(host: string, reason: HoldReason): void {
    const old = this.#entries.get(host);
    if (old !== undefined) this.#swap(host, old, { ...old, held: reason });
  }

  unread(origin: string, reason: UnreadPart['reason']): void {
    this.#unread.set(origin, reason);
  }

  readable(origin: string): void {
    this.#unread.delete(origin);
  }

  get unreadParts(): UnreadPart[] {
    return [...this.#unread].map(([origin, reason]) => ({ origin, reason }));
  }

  synced(): void {
    const isFirst = this.#lastSync === undefined;
    this.#turn('synced', undefined);
    this.#lastSync = Date.now();
    if (isFirst) this.#context.firstSync();
  }

  stale(cause: Error): void {
    this.#turn('stale', cause.message);
  }

  get state(): SourceStatus['state'] {
    return this.#state;
  }

  get wasRead(): boolean {
    return this.#lastSync !== undefined;
  }

  replaceAll(entries: readonly ServiceEntry[]): void {
    const names = new Set<string>();
    let endpointsOnly = true;
    const note = (change: DirectoryChange | undefined): void => {
      if (change === undefined) return;
      for (const name of change.names) names.add(name);
      endpointsOnly &&= change.endpointsOnly;
    };
    const hosts = new Set(entries.map((entry) => entry.host));
    for (const host of [...this.#entries.keys()]) if (!hosts.has(host)) note(this.#cut(host));
    for (const entry of entries) note(this.#put(entry));
    this.synced();
    if (names.size > 0) this.#context.emit({ names, endpointsOnly });
  }

  status(): SourceStatus {
    const services = [...this.#entries.values()].map(({ entry, held }) => ({ host: entry.host, endpoints: entry.endpoints.length, held }));
    const { name, session } = this.#options;
    return {
      name,
      state: this.#state,
      reason: this.#reason,
      lastSync: this.#lastSync,
      since: this.#since,
      session: session?.(),
      services,
      unread: { count: this.#unread.size, first: this.unreadParts.slice(0, SHOWN_UNREAD) },
    };
  }

  #turn(state: SourceStatus['state'], reason: string | undefined): void {
    if (this.#state !== state) this.#since = Date.now();
    this.#state = state;
    this.#reason = reason;
  }

  /** undefined when nothing that anybody could notice is different. */
  #put(announced: ServiceEntry): DirectoryChange | undefined {
    const entry = named(announced, this.#context.protocols);
    const old = this.#entries.get(entry.host);
    this.#swap(entry.host, old, directoryEntry(this.#options, entry));
    if (old === undefined) return { names: namesOf(entry), endpointsOnly: false };
    if (sameService(old.entry, entry)) {
      return sameEndpoints(old.entry.endpoints, entry.endpoints) ? undefined : { names: namesOf(entry), endpointsOnly: true };
    }
    return { names: new Set([...namesOf(old.entry), ...namesOf(entry)]), endpointsOnly: false };
  }

  #cut(host: string): DirectoryChange | undefined {
    const old = this.#entries.get(host);
    if (old === undefined) return undefined;
    this.#swap(host, old, undefined);
    return { names: namesOf(old.entry), endpointsOnly: false };
  }

  #swap(host: string, old: DirectoryEntry | undefined, next: DirectoryEntry | undefined): void {
    if (old !== undefined) this.#context.index.remove(old);
    if (next === undefined) {
      this.#entries.delete(host);
    } else {
      this.#entries.set(host, next);
      this.#context.index.add(next);
    }
  }
}
