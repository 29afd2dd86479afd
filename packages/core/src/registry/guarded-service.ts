import { isIP } from 'node:net';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { GuardHold } from './guard-hold.ts';
import { LossWindow } from './loss-window.ts';
import type { HoldReason, ServiceEntry, ServiceEntrySink } from './registry.ts';

/** What a service lost lately. */
interface Losses {
  readonly window: LossWindow;
  /** By address: what vanished within the window and did not come back. */
  readonly vanished: Map<string, Endpoint>;
}

/** A service as its registry announces it, and what is kept of it besides. */
export class GuardedService {
  /** As announced last; without endpoints when it was removed. */
  entry: ServiceEntry;
  /** The registry removed it. */
  isGone = false;
  /** The adapter's own word on it. */
  adapterHold: HoldReason | undefined = undefined;
  /** Why anything is kept. */
  hold: GuardHold | undefined = undefined;
  /** By address: what vanished and stays in force; most services never keep anything. */
  #kept: Map<string, Endpoint> | undefined = undefined;
  #losses: Losses | undefined = undefined;

  constructor(entry: ServiceEntry) {
    this.entry = entry;
  }

  /** Endpoints that vanished and stay in force. */
  get kept(): number {
    return this.#kept?.size ?? 0;
  }

  get announced(): number {
    return this.entry.endpoints.length;
  }

  get hasLosses(): boolean {
    return this.#losses !== undefined;
  }

  /** Whether losses of before and of now count together. */
  isLosing(now: number): boolean {
    return this.#losses?.window.isOpen(now) ?? false;
  }

  /** The most endpoints it had since the first of its losses. */
  get had(): number {
    return this.#losses?.window.had ?? this.announced;
  }

  /**
   * Takes what the registry announces now.
   * @returns whether anything vanished; `losses` has it then
   */
  announce(entry: ServiceEntry, isGone: boolean, now: number): boolean {
    const before = this.entry;
    this.entry = entry;
    this.isGone = isGone;
    if (before.endpoints === entry.endpoints) return false;
    const addresses = new Set(entry.endpoints.map(addressOf));
    for (const address of this.#kept?.keys() ?? []) if (addresses.has(address)) this.#kept?.delete(address);
    for (const address of this.#losses?.vanished.keys() ?? []) if (addresses.has(address)) this.#losses?.vanished.delete(address);
    const vanished = before.endpoints.filter((endpoint) => !addresses.has(addressOf(endpoint)));
    if (vanished.length === 0) return false;
    this.#losses ??= { window: new LossWindow(), vanished: new Map() };
    const losses = this.#losses;
    if (!losses.window.isOpen(now)) losses.vanished.clear();
    losses.window.lost(before.endpoints.length, now);
    for (const endpoint of vanished) losses.vanished.set(addressOf(endpoint), endpoint);
    return true;
  }

  /** Whether it lost more within the window than is believed at once. */
  exceeds(limits: Parameters<LossWindow['exceeds']>[0]): boolean {
    return this.#losses?.window.exceeds(limits, this.announced) ?? false;
  }

  /** What vanished lately is in force again. @returns whether there is any */
  keep(): boolean {
    const vanished = this.#losses?.vanished;
    if (vanished !== undefined && vanished.size > 0) {
      this.#kept ??= new Map();
      for (const [address, endpoint] of vanished) this.#kept.set(address, endpoint);
      vanished.clear();
    }
    return this.kept > 0;
  }

  /** What is missing is believed. */
  forget(): void {
    this.#kept = undefined;
    this.#losses = undefined;
  }

  /** Delivers what is in force. */
  show(sink: ServiceEntrySink): void {
    const { entry, kept } = this;
    if (kept === 0 && this.isGone) {
      sink.remove(entry.host);
      return;
    }
    sink.upsert(kept === 0 ? entry : withKept(entry, [...(this.#kept?.values() ?? [])]));
    const reason = this.adapterHold ?? (kept === 0 ? undefined : 'guarded');
    if (reason !== undefined) sink.hold(entry.host, reason);
  }
}

function withKept(entry: ServiceEntry, kept: readonly Endpoint[]): ServiceEntry {
  const resolution = kept.every(({ address }) => isIP(address) !== 0) ? entry.resolution : 'DNS';
  return { ...entry, resolution, endpoints: [...entry.endpoints, ...kept] };
}

function addressOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
