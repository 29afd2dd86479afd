import type { HoldReason, RegistryAdapter, ServiceEntry, ServiceEntrySink } from '@polywire/core/spi';
import type { RegistryEvent } from './events.ts';

/** Whom a source tells. */
export interface SourceListener {
  /** Something is different about a service. */
  touched(host: string): void;
  told(event: RegistryEvent): void;
}

/** What one registry announces at the moment. */
export class RegistrySource implements ServiceEntrySink {
  readonly adapter: RegistryAdapter;
  readonly entries = new Map<string, ServiceEntry>();
  readonly held = new Map<string, HoldReason>();
  readonly #listener: SourceListener;
  #state: 'starting' | 'synced' | 'stale' = 'starting';
  #reason: string | undefined;
  /** Since the last full reading, and before it: what was not said again can be read. */
  #unread = new Map<string, string>();
  #unreadBefore = new Map<string, string>();

  constructor(adapter: RegistryAdapter, listener: SourceListener) {
    this.adapter = adapter;
    this.#listener = listener;
  }

  /** Whether what was delivered is current. */
  get isSynced(): boolean {
    return this.#state === 'synced';
  }

  /** Why it is not synced. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Parts that could not be read, or are not there, with the reason. */
  get unreadParts(): ReadonlyMap<string, string> {
    return new Map([...this.#unreadBefore, ...this.#unread]);
  }

  upsert(entry: ServiceEntry): void {
    this.entries.set(entry.host, entry);
    this.held.delete(entry.host);
    this.#listener.touched(entry.host);
  }

  remove(host: string): void {
    this.entries.delete(host);
    this.held.delete(host);
    this.#listener.touched(host);
  }

  hold(host: string, reason: HoldReason): void {
    this.held.set(host, reason);
    this.#listener.touched(host);
  }

  unread(origin: string, reason: string): void {
    const isNews = this.unreadParts.get(origin) !== reason;
    this.#unread.set(origin, reason);
    if (isNews) this.#listener.told({ event: 'unread', origin, reason });
  }

  synced(): void {
    const former = this.unreadParts.size;
    this.#unreadBefore = this.#unread;
    this.#unread = new Map();
    this.#reason = undefined;
    const isReadable = this.unreadParts.size < former;
    if (this.#state === 'synced' && !isReadable) return;
    this.#state = 'synced';
    this.#listener.told({ event: 'synced', registry: this.adapter.name });
  }

  stale(cause: Error): void {
    if (this.#state === 'stale' && this.#reason === cause.message) return;
    this.#state = 'stale';
    this.#reason = cause.message;
    this.#listener.told({ event: 'stale', registry: this.adapter.name, reason: cause.message });
  }
}
