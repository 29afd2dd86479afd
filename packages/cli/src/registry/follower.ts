import { istioText, messageOf } from '@polywire/core';
import type { RegistryAdapter, ServiceEntry } from '@polywire/core/spi';
import type { RegistryEvent } from './events.ts';
import { mergeOne } from './merge.ts';
import { RegistrySource } from './source.ts';

/** How registries are followed. */
export interface FollowerOptions {
  /** Changes that come within it are told together, in ms. */
  readonly debounceMs: number;
  /** Services first, by host, then registries in the order of events. */
  readonly onEvents: (events: readonly RegistryEvent[]) => void;
}

interface Shown {
  readonly entry: ServiceEntry;
  readonly text: string;
  readonly held: string | undefined;
}

/** Follows registries and tells what became different, and nothing else: equal resources are no news. */
export class RegistryFollower {
  readonly #sources: readonly RegistrySource[];
  readonly #options: FollowerOptions;
  /** What was told last, by host. */
  readonly #shown = new Map<string, Shown>();
  readonly #touched = new Set<string>();
  #news: RegistryEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;

  constructor(adapters: readonly RegistryAdapter[], options: FollowerOptions) {
    this.#options = options;
    const listener = {
      touched: (host: string) => {
        this.#touched.add(host);
        this.#schedule();
      },
      told: (event: RegistryEvent) => {
        this.#news.push(event);
        if (this.isSynced) this.#isOpen = true;
        this.#schedule();
      },
    };
    this.#sources = adapters.map((adapter) => new RegistrySource(adapter, listener));
  }

  /** Never rejects: a registry that cannot be started is stale. */
  async start(): Promise<void> {
    await Promise.all(
      this.#sources.map((source) =>
        source.adapter.start(source).catch((error: unknown) => source.stale(error instanceof Error ? error : new Error(messageOf(error)))),
      ),
    );
  }

  /** Tells what there is though not everything was read. Until then, or until everything was, nothing of services is told. */
  open(): void {
    this.#isOpen = true;
    this.#schedule();
  }

  /** Everything that is delivered is current. */
  get isSynced(): boolean {
    return this.#sources.every(({ isSynced }) => isSynced);
  }

  /** Registries that are not, each with the reason that it gave. */
  get unsynced(): readonly { readonly name: string; readonly reason: string | undefined }[] {
    return this.#sources.filter(({ isSynced }) => !isSynced).map(({ adapter, reason }) => ({ name: adapter.name, reason }));
  }

  /** Parts of the registries whose services are not known, with the reason. */
  get unread(): ReadonlyMap<string, string> {
    return new Map(this.#sources.flatMap(({ unreadParts }) => [...unreadParts]));
  }

  /** Hosts that were told and not taken back. */
  get hosts(): Iterable<string> {
    return this.#shown.keys();
  }

  /** Nothing is told after it resolves. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isOpen = false;
    await Promise.all(this.#sources.map(({ adapter }) => adapter.stop()));
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, this.#options.debounceMs);
  }

  #tell(): void {
    const services = this.#isOpen ? [...this.#touched].sort().flatMap((host) => this.#serviceEvents(host)) : [];
    if (this.#isOpen) this.#touched.clear();
    const news = this.#news;
    this.#news = [];
    this.#options.onEvents([...services, ...news]);
  }

  #serviceEvents(host: string): RegistryEvent[] {
    const former = this.#shown.get(host);
    const entry = mergeOne(this.#sources.flatMap(({ entries }) => entries.get(host) ?? []));
    if (entry === undefined) {
      if (former === undefined) return [];
      this.#shown.delete(host);
      return [{ event: 'removed', host, entry: former.entry }];
    }
    const text = istioText(entry);
    const held = this.#sources.map((source) => source.held.get(host)).find((reason) => reason !== undefined);
    this.#shown.set(host, { entry, text, held });
    const events: RegistryEvent[] = [];
    if (former === undefined) events.push({ event: 'added', host, entry, text });
    else if (former.text !== text) events.push({ event: 'changed', host, entry, text });
    else if (former.held !== undefined && held === undefined) events.push({ event: 'confirmed', host, entry, text });
    if (held !== undefined && held !== former?.held) events.push({ event: 'held', host, entry, reason: held });
    return events;
  }
}
