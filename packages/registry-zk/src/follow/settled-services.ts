import type { HoldReason, ServiceEntry, ServiceEntrySink } from '@polywire/core/spi';

type EntrySink = Pick<ServiceEntrySink, 'upsert' | 'remove' | 'hold' | 'losing'>;

/** A service that lost its last endpoint a moment ago. */
interface Emptied {
  entry: ServiceEntry;
  /** Said of it since. */
  held: HoldReason | undefined;
  readonly timer: NodeJS.Timeout;
}

/**
 * Delivers that a service is empty only when it still is a moment later. When ZooKeeper returns, Dubbo's providers delete their nodes and
 * make them anew (CuratorZookeeperClient.createEphemeral, on NodeExists), and in between nobody is there: callers should not hear of it.
 */
export class SettledServices implements EntrySink {
  readonly #sink: EntrySink;
  readonly #delayMs: number;
  /** Hosts of services that were delivered with endpoints. */
  readonly #filled = new Set<string>();
  readonly #emptied = new Map<string, Emptied>();
  #hasDelivered = false;

  /** @param delayMs 0: none */
  constructor(sink: EntrySink, delayMs: number) {
    this.#sink = sink;
    this.#delayMs = delayMs;
  }

  /** Whether any service was delivered since the start. */
  get hasDelivered(): boolean {
    return this.#hasDelivered;
  }

  upsert(entry: ServiceEntry): void {
    this.#hasDelivered = true;
    const { host } = entry;
    const isEmpty = entry.endpoints.length === 0;
    if (isEmpty && this.#delayMs > 0 && this.#filled.has(host)) {
      this.#empty(entry);
      return;
    }
    this.#forget(host);
    if (!isEmpty) this.#filled.add(host);
    this.#sink.upsert(entry);
  }

  remove(host: string): void {
    this.#forget(host);
    this.#filled.delete(host);
    this.#sink.remove(host);
  }

  hold(host: string, reason: HoldReason): void {
    const emptied = this.#emptied.get(host);
    if (emptied !== undefined) emptied.held = reason;
    this.#sink.hold(host, reason);
  }

  losing(endpoints: number): void {
    this.#sink.losing?.(endpoints);
  }

  /** What was not delivered is not delivered any more. */
  stop(): void {
    for (const host of [...this.#emptied.keys()]) this.#forget(host);
  }

  #empty(entry: ServiceEntry): void {
    const { host } = entry;
    const known = this.#emptied.get(host);
    if (known !== undefined) {
      known.entry = entry;
      known.held = undefined;
      return;
    }
    const timer = setTimeout(() => this.#settle(host), this.#delayMs);
    this.#emptied.set(host, { entry, held: undefined, timer });
  }

  /** Also while ZooKeeper is away: it was seen empty, and nothing was seen since. */
  #settle(host: string): void {
    const emptied = this.#emptied.get(host);
    if (emptied === undefined) return;
    this.#emptied.delete(host);
    this.#filled.delete(host);
    this.#sink.upsert(emptied.entry);
    if (emptied.held !== undefined) this.#sink.hold(host, emptied.held);
  }

  #forget(host: string): void {
    clearTimeout(this.#emptied.get(host)?.timer);
    this.#emptied.delete(host);
  }
}
