import type { KnownGood } from './known-good-reader.ts';
import { KnownGoodWriter, type KnownGoodWriterOptions } from './known-good-writer.ts';
import type { HoldReason, ServiceEntry, ServiceEntrySink } from './registry.ts';

/** Before the store: has everything that comes into force written down. */
export class RecordingSink implements ServiceEntrySink {
  readonly #sink: ServiceEntrySink;
  readonly #writer: KnownGoodWriter;
  readonly #entries = new Map<string, ServiceEntry>();

  constructor(sink: ServiceEntrySink, options: Omit<KnownGoodWriterOptions, 'entries'>) {
    this.#sink = sink;
    this.#writer = new KnownGoodWriter({ ...options, entries: () => this.#entries.values() });
  }

  /** Resolves when what came last is on the disk. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  upsert(entry: ServiceEntry): void {
    this.#entries.set(entry.host, entry);
    this.#sink.upsert(entry);
    this.#writer.changed();
  }

  remove(host: string): void {
    this.#entries.delete(host);
    this.#sink.remove(host);
    this.#writer.changed();
  }

  hold(host: string, reason: HoldReason): void {
    this.#sink.hold(host, reason);
  }

  unread(origin: string, reason: HoldReason | 'missing'): void {
    this.#sink.unread?.(origin, reason);
  }

  synced(): void {
    this.#sink.synced();
    this.#writer.synced();
  }

  stale(cause: Error): void {
    this.#sink.stale(cause);
    this.#writer.stale();
  }
}

/** Services that are delivered between two turns of the event loop. */
const PER_TURN = 200;

/** Right behind the adapter: what was known before the start is in force until the adapter has said what there is. */
export class RestoringSink implements ServiceEntrySink {
  readonly #sink: ServiceEntrySink;
  /** Restored, and not delivered by the adapter. */
  readonly #restored = new Map<string, ServiceEntry>();
  /** Parts of the registry that could not be read this time, so that nobody knows whether what was below is still there. */
  readonly #unread = new Map<string, HoldReason>();
  /** Where what is in force is from; undefined once the adapter has delivered everything, or when nothing was restored. */
  #origin: string | undefined = undefined;
  #hasAnswered = false;

  constructor(sink: ServiceEntrySink) {
    this.#sink = sink;
  }

  /** Whether the adapter has said that everything was read, or that it cannot be. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Before the adapter starts. @param origin where the services are from, and of when */
  async restore({ entries }: KnownGood, origin: string): Promise<void> {
    this.#origin = origin;
    for (const [index, entry] of entries.entries()) {
      this.#restored.set(entry.host, entry);
      this.#sink.upsert(entry);
      this.#sink.hold(entry.host, 'disconnected');
      if (index % PER_TURN === PER_TURN - 1) await new Promise(setImmediate);
    }
    this.#sink.stale(new Error(`not read yet; ${origin}`));
  }

  upsert(entry: ServiceEntry): void {
    this.#restored.delete(entry.host);
    this.#sink.upsert(entry);
  }

  remove(host: string): void {
    this.#restored.delete(host);
    this.#sink.remove(host);
  }

  hold(host: string, reason: HoldReason): void {
    this.#sink.hold(host, reason);
  }

  unread(origin: string, reason: HoldReason | 'missing'): void {
    if (reason !== 'missing') this.#unread.set(origin, reason);
    this.#sink.unread?.(origin, reason);
  }

  synced(): void {
    this.#hasAnswered = true;
    this.#origin = undefined;
    for (const [host, entry] of this.#restored) {
      const reason = this.#reasonToKeep(entry);
      if (reason === undefined) this.remove(host);
      else this.#sink.hold(host, reason);
    }
    this.#unread.clear();
    this.#sink.synced();
  }

  #reasonToKeep({ origin, endpoints }: ServiceEntry): HoldReason | undefined {
    const origins = [origin, ...endpoints.map((endpoint) => endpoint.origin)];
    for (const [unread, reason] of this.#unread) {
      if (origins.some((each) => each === unread || each.startsWith(`${unread}/`))) return reason;
    }
    return undefined;
  }

  stale(cause: Error): void {
    this.#hasAnswered = true;
    this.#sink.stale(this.#origin === undefined ? cause : new Error(`${cause.message}; ${this.#origin}`, { cause }));
  }
}
