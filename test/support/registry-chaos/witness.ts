import type { Owner } from '../owner.ts';
import type { Polywire } from '../polywire.ts';
import type { Slot } from './fleet.ts';

/** So long a provider that is gone from the registry may still get calls. */
const GONE_MILLISECONDS = 1000;
const POLL_MILLISECONDS = 30;

interface Source {
  readonly name: string;
  readonly state: string;
  readonly lastSync?: number;
  readonly services: readonly { readonly host: string; readonly held?: string }[];
}

/** Watches what the proxy says of its registry, and judges every answer by it. */
export class Witness {
  /** Calls that began when their provider had been gone for too long. */
  readonly late: string[] = [];
  readonly #proxy: Polywire;
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #isSilent: () => boolean;
  /** Since when the proxy is connected, has read everything and may read everything. */
  #calmSince = Number.POSITIVE_INFINITY;
  #lastSync: number | undefined;
  #stopped = false;
  readonly #watching: Promise<void>;

  constructor(owner: Owner, proxy: Polywire, slots: readonly Slot[], isSilent: () => boolean) {
    this.#proxy = proxy;
    this.#slots = new Map(slots.map((slot) => [slot.name, slot]));
    this.#isSilent = isSilent;
    owner.after(() => {
      this.#stopped = true;
    });
    this.#watching = this.#watch();
  }

  /** For `Load`: told of every answered call. */
  readonly onAnswer = (by: string, began: number): void => {
    const slot = this.#slots.get(by);
    const since = Math.max(slot?.goneSince ?? Number.POSITIVE_INFINITY, this.#calmSince);
    if (began > since + GONE_MILLISECONDS) this.late.push(`${by}: ${(began - since).toFixed(0)} ms`);
  };

  /** The registry's own line of `/registry`. */
  async source(): Promise<Source> {
    const sources: readonly Source[] = JSON.parse(await this.#proxy.get('/registry?format=json'));
    const found = sources.find(({ name }) => name.startsWith('zookeeper'));
    if (found === undefined) throw new Error('the proxy has no registry');
    return found;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      const source = await this.source().catch((error: unknown) => {
        // A test that fails ends the proxy.
        if (!this.#stopped) throw error;
      });
      if (source === undefined) return;
      const { state, lastSync, services } = source;
      const isCalm = state === 'synced' && !this.#isSilent() && services.every(({ held }) => held === undefined);
      if (!isCalm) this.#calmSince = Number.POSITIVE_INFINITY;
      // It may have been away between two looks.
      else if (this.#calmSince === Number.POSITIVE_INFINITY || lastSync !== this.#lastSync) this.#calmSince = performance.now();
      this.#lastSync = lastSync;
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
  }
}
