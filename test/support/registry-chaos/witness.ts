import type { Owner } from '../owner.ts';
import type { Polywire } from '../polywire.ts';
import type { Beacon } from './beacon.ts';
import { APPS, type Slot } from './slots.ts';
import { Steady } from './steady.ts';

/** So long a provider that is gone from the registry, or that a rule forbids, may still get calls. */
const GONE_MILLISECONDS = 1000;
/**
 * And until so many changes made after that were seen. Three answers lie between a new connection and a list of providers, one more is under
 * way when it changes; an empty list is believed after 300 ms, which is two pauses between beacons.
 */
const BEACONS_LATER = 6;
const POLL_MILLISECONDS = 30;
const DENIED = /^NO_AUTH/;

interface Source {
  readonly name: string;
  readonly state: string;
  readonly reason?: string;
  readonly session?: string;
  readonly lastSync?: number;
  readonly services: readonly { readonly host: string; readonly endpoints: number; readonly held?: string }[];
}

/** What of the tree is followed with which beacon. */
export interface Beacons {
  readonly interfaces: Beacon;
  readonly applications: Beacon;
}

/** Watches what the proxy says of its registry, and judges every answer by it. */
export class Witness {
  /** Calls that began when their provider had been gone, or forbidden, for too long. */
  readonly late: string[] = [];
  readonly steady = new Steady();
  readonly #proxy: Polywire;
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #beacons: Beacons;
  /** Since when the proxy is connected and follows what it may read. */
  #calmSince = Number.POSITIVE_INFINITY;
  /** By host, when it was seen last that the service's last known endpoints are kept. */
  readonly #held = new Map<string, number>();
  #lastSync: number | undefined;
  #stopped = false;
  readonly #watching: Promise<void>;

  constructor(owner: Owner, proxy: Polywire, slots: readonly Slot[], beacons: Beacons) {
    this.#proxy = proxy;
    this.#slots = new Map(slots.map((slot) => [slot.name, slot]));
    this.#beacons = beacons;
    owner.after(() => {
      this.#stopped = true;
    });
    this.#watching = this.#watch();
  }

  /** For `Load`: told of every answered call. */
  readonly onAnswer = (by: string, began: number): void => {
    const slot = this.#slots.get(by);
    if (slot === undefined) return;
    const outSince = Math.min(slot.goneSince ?? Number.POSITIVE_INFINITY, ...slot.forbidden.values());
    const since = Math.max(outSince, this.#calmSince, this.#held.get(hostOf(slot)) ?? 0);
    if (began < since + GONE_MILLISECONDS) return;
    const beacon = slot.service === APPS ? this.#beacons.applications : this.#beacons.interfaces;
    if (beacon.wasSeen(BEACONS_LATER, since, began)) this.late.push(`${by}: ${(began - since).toFixed(0)} ms`);
  };

  /** The registry's own line of `/registry`. */
  async source(): Promise<Source> {
    return sourceIn(await this.#proxy.get('/registry?format=json'));
  }

  /** Resolves when the registry's line is like this. */
  until(accept: (source: Source) => boolean, timeout?: number): Promise<void> {
    return this.#proxy.until('/registry?format=json', (page) => accept(sourceIn(page)), timeout);
  }

  /** The servers lost their data, and are back. */
  restart(): void {
    this.#beacons.interfaces.restart();
    this.#beacons.applications.restart();
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
      this.#judge(source);
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
  }

  #judge({ state, reason = '', lastSync, services }: Source): void {
    const now = performance.now();
    const isFollowing = state === 'synced' || DENIED.test(reason);
    if (!isFollowing) this.#calmSince = Number.POSITIVE_INFINITY;
    // It may have been away between two looks.
    else if (this.#calmSince === Number.POSITIVE_INFINITY || lastSync !== this.#lastSync) this.#calmSince = now;
    this.#lastSync = lastSync;
    for (const { host, held } of services) if (held !== undefined) this.#held.set(host, now);
    for (const beacon of Object.values<Beacon>({ ...this.#beacons })) {
      beacon.look(isFollowing ? (services.find(({ host }) => host === beacon.host)?.endpoints ?? 0) : 0);
    }
  }
}

function sourceIn(page: string): Source {
  const sources: readonly Source[] = JSON.parse(page);
  const found = sources.find(({ name }) => name.startsWith('zookeeper'));
  if (found === undefined) throw new Error('the proxy has no registry');
  return found;
}

/** `com.acme.api.FleetBusy` as `com.acme.api.fleet-busy.dubbo`. */
function hostOf({ service }: Slot): string {
  return `${service.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase()}.dubbo`;
}
