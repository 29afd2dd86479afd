import type { KnownGood } from './known-good-reader.ts';
import { KnownGoodWriter, type KnownGoodWriterOptions } from './known-good-writer.ts';
import { loopShare } from './loop-share.ts';
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

  readable(origin: string): void {
    this.#sink.readable?.(origin);
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
  /** Counts full readings and their ends. */
  #epoch = 0;

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
    await loopShare.each(entries, (entry) => {
      this.#restored.set(entry.host, entry);
      this.#sink.upsert(entry);
      this.#sink.hold(entry.host, 'disconnected');
    });
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

  losing(endpoints: number): void {
    this.#sink.losing?.(endpoints);
  }

  unread(origin: string, reason: HoldReason | 'missing'): void {
    if (reason !== 'missing') this.#unread.set(origin, reason);
    this.#sink.unread?.(origin, reason);
  }

  readable(origin: string): void {
    this.#sink.readable?.(origin);
  }

  synced(): void {
    this.#hasAnswered = true;
    this.#origin = undefined;
    const epoch = ++this.#epoch;
    const unread = new Map(this.#unread);
    this.#unread.clear();
    if (unread.size === 0) this.#sink.losing?.(endpointsOf(this.#restored.values()));
    const rest = loopShare.each(this.#restored, ([host, entry]) => {
      if (epoch !== this.#epoch) return false;
      const reason = reasonToKeep(entry, unread);
      if (reason === undefined) this.remove(host);
      else this.#sink.hold(host, reason);
      return true;
    });
    if (rest === undefined) this.#sink.synced();
    else void rest.then(() => epoch === this.#epoch && this.#sink.synced());
  }

  stale(cause: Error): void {
    this.#hasAnswered = true;
    this.#epoch++;
    this.#sink.stale(this.#origin === undefined ? cause : new Error(`${cause.message}; ${this.#origin}`, { cause }));
  }

  /** What was not delivered is not delivered any more. */
  close(): void {
    this.#epoch++;
  }
}

function reasonToKeep({ origin, endpoints }: ServiceEntry, unread: ReadonlyMap<string, HoldReason>): HoldReason | undefined {
  if (unread.size === 0) return undefined;
  const origins = [origin, ...endpoints.map((endpoint) => endpoint.origin)];
  for (const [path, reason] of unread) {
    if (origins.some((each) => each === path || each.startsWith(`${path}/`))) return reason;
  }
  return undefined;
}

function endpointsOf(entries: Iterable<ServiceEntry>): number {
  let count = 0;
  for (const { endpoints } of entries) count += endpoints.length;
  return count;
}
