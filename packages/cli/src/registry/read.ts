import { messageOf } from '@polywire/core';
import type { HoldReason, RegistryAdapter, ServiceEntry, ServiceEntrySink } from '@polywire/core/spi';

/** What one reading of a registry gave. */
export interface RegistryReading {
  readonly entries: readonly ServiceEntry[];
  /** Hosts whose data could not be confirmed. */
  readonly held: ReadonlyMap<string, HoldReason>;
  /** Registry paths that could not be read, or are not there, with the reason: what they announce is not known. */
  readonly unread: ReadonlyMap<string, string>;
  /** Why the reading is not complete; undefined when it is. */
  readonly failure: string | undefined;
}

/** Lets an adapter run until its first full reading, or for `timeoutMs`. Never rejects. */
export async function readRegistry(adapter: RegistryAdapter, timeoutMs: number): Promise<RegistryReading> {
  const collector = new Collector();
  const timer = setTimeout(
    () => collector.fail(`${adapter.name} was not read within ${timeoutMs / 1000} s${collector.lastFault()}`),
    timeoutMs,
  );
  try {
    await Promise.race([adapter.start(collector), collector.done]);
    await collector.done;
  } catch (error) {
    collector.fail(`${adapter.name}: ${messageOf(error)}`);
  } finally {
    clearTimeout(timer);
    await adapter.stop();
  }
  const { entries, held, unreadParts, failure } = collector;
  return { entries: [...entries.values()], held, unread: unreadParts, failure };
}

class Collector implements ServiceEntrySink {
  readonly entries = new Map<string, ServiceEntry>();
  readonly held = new Map<string, HoldReason>();
  readonly unreadParts = new Map<string, string>();
  readonly done: Promise<void>;
  failure: string | undefined;
  #finish: () => void = () => undefined;
  #cause: Error | undefined;

  constructor() {
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  upsert(entry: ServiceEntry): void {
    this.entries.set(entry.host, entry);
    this.held.delete(entry.host);
  }

  remove(host: string): void {
    this.entries.delete(host);
  }

  hold(host: string, reason: HoldReason): void {
    this.held.set(host, reason);
  }

  unread(origin: string, reason: string): void {
    this.unreadParts.set(origin, reason);
  }

  synced(): void {
    this.#finish();
  }

  /** A refused connection may be a server that restarts: the time limit decides, and this is what it will say. */
  stale(cause: Error): void {
    this.#cause = cause;
  }

  lastFault(): string {
    return this.#cause === undefined ? '' : `: ${this.#cause.message}`;
  }

  fail(reason: string): void {
    this.failure ??= reason;
    this.#finish();
  }
}
