import { isIP } from 'node:net';
import { type Endpoint, type EndpointRule, type HoldReason, loopShare, type ServiceEntry, type ServiceEntrySink } from '@polywire/core/spi';
import { Fifo } from '../fifo.ts';
import type { AnnouncedService, Announcement } from './layout.ts';

/** Where the announcements of one layout go. */
export interface AnnouncementSink {
  /** Replaces what a leaf announced. A service that it announced before stays, without endpoints, while the leaf is there. */
  set(leaf: string, announcements: readonly Announcement[]): void;
  /** The leaf is gone. */
  remove(leaf: string): void;
  /** What the leaf announced stays in force, marked. */
  hold(leaf: string, reason: HoldReason): void;
  /** These are gone, and are removed in pieces from now on. @returns undefined: it is done; or until when none may be removed */
  losing?(leaves: Iterable<string>): Promise<void> | undefined;
}

/** What is made of the endpoints of a service before they are delivered. */
export interface Decorated {
  /** Those that are not changed are the same objects. */
  readonly endpoints: readonly Endpoint[];
  readonly rules: readonly EndpointRule[] | undefined;
}

/**
 * Changes endpoints before they are delivered.
 * @param former what it answered before, for this service; what is the same must be the same object
 * @returns undefined: it is not known yet; `redeliver` will tell
 */
export type Decorate = (service: AnnouncedService, endpoints: readonly Endpoint[], former: Decorated | undefined) => Decorated | undefined;

/** Who changes endpoints before they are delivered. */
export interface Decorator {
  readonly decorate: Decorate;
  /** A service could not be decorated anew, or not be delivered: what was delivered of it stays. */
  failed(host: string, error: unknown): void;
}

type EntrySink = Pick<ServiceEntrySink, 'upsert' | 'remove' | 'hold' | 'losing'>;

interface Leaf {
  readonly path: string;
  /** Lower wins where two leaves announce one address. */
  readonly rank: number;
  readonly byHost: Map<string, readonly Announcement[]>;
  /** As last set. */
  announcements: readonly Announcement[] | undefined;
  held: HoldReason | undefined;
}

interface Service {
  readonly announced: AnnouncedService;
  readonly leaves: Set<Leaf>;
  /** As delivered last. */
  decorated: Decorated | undefined;
}

/**
 * The services of one registry, from everything that announces them: several leaves may announce one service, and one address of it.
 * Delivers what changed, and nothing else.
 */
export class MergedServices {
  readonly #sink: EntrySink;
  readonly #decorator: Decorator | undefined;
  readonly #services = new Map<string, Service>();
  /** How often each address is announced. */
  readonly #addresses = new Map<string, number>();
  /** Hosts of services to decorate anew. */
  readonly #due = new Fifo<string>();
  #redelivering: Promise<void> | undefined;
  #isStopped = false;

  constructor(sink: EntrySink, decorator?: Decorator) {
    this.#sink = sink;
    this.#decorator = decorator;
  }

  /** @param rank of the layout among the registry's; the lowest wins where two announce one address of one service */
  layout(rank: number): AnnouncementSink {
    const leaves = new Map<string, Leaf>();
    return {
      set: (path, announcements) => {
        const leaf = leaves.get(path) ?? { path, rank, byHost: new Map(), announcements: undefined, held: undefined };
        leaves.set(path, leaf);
        this.#set(leaf, announcements);
      },
      remove: (path) => {
        const leaf = leaves.get(path);
        leaves.delete(path);
        if (leaf !== undefined) this.#remove(leaf);
      },
      hold: (path, reason) => {
        const leaf = leaves.get(path);
        if (leaf === undefined) return;
        leaf.held = reason;
        for (const host of leaf.byHost.keys()) if (this.#services.get(host)?.decorated !== undefined) this.#sink.hold(host, reason);
      },
      losing: (paths) => this.#losing(paths, leaves),
    };
  }

  /** Whether a service is announced there. */
  hasAddress(address: string, port: number): boolean {
    return this.#addresses.has(`${address} ${port}`);
  }

  /** Settles when every service that `redeliver` was called for is delivered; undefined: they are. */
  get redelivering(): Promise<void> | undefined {
    return this.#redelivering;
  }

  /** Decorates these services anew, and delivers those that came out otherwise: a few at once, many in pieces. */
  redeliver(isConcerned: (service: AnnouncedService, endpoints: readonly Endpoint[]) => boolean): void {
    for (const [host, service] of this.#services) {
      if (isConcerned(service.announced, service.decorated?.endpoints ?? [])) this.#due.add(host);
    }
    if (this.#redelivering !== undefined) return;
    const rest = loopShare.each(this.#due, (host) => this.#redeliverOne(host));
    this.#redelivering = rest?.then(() => {
      this.#redelivering = undefined;
    });
  }

  /** Of what is done in pieces, delivers nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#due.clear();
  }

  #redeliverOne(host: string): void {
    const service = this.#services.get(host);
    if (service === undefined) return;
    try {
      this.#deliver(host, service, false);
    } catch (error) {
      // The others are due all the same, and whoever waits for them must not wait for ever.
      this.#decorator?.failed(host, error);
    }
  }

  /** Counts the endpoints of services that are announced nowhere else. */
  #losing(paths: Iterable<string>, leaves: ReadonlyMap<string, Leaf>): Promise<void> | undefined {
    let lost = 0;
    /** How many of its leaves go. */
    const going = new Map<Service, number>();
    const count = (host: string): void => {
      const service = this.#services.get(host);
      if (service?.decorated === undefined) return;
      const its = (going.get(service) ?? 0) + 1;
      going.set(service, its);
      if (its === service.leaves.size) lost += service.decorated.endpoints.length;
    };
    const say = (): void => {
      if (!this.#isStopped) this.#sink.losing?.(lost);
    };
    const rest = loopShare.each(paths, (path) => {
      for (const host of leaves.get(path)?.byHost.keys() ?? []) count(host);
    });
    if (rest !== undefined) return rest.then(say);
    say();
    return undefined;
  }

  #set(leaf: Leaf, announcements: readonly Announcement[]): void {
    const wasHeld = leaf.held !== undefined;
    if (!wasHeld && leaf.announcements === announcements) return;
    leaf.held = undefined;
    leaf.announcements = announcements;
    const next = groupByHost(announcements);
    for (const [host, former] of leaf.byHost) {
      const now = next.get(host) ?? [];
      // A delivery, changed or not, ends the hold.
      if (wasHeld || !sameList(former, now)) this.#announce(leaf, host, now, wasHeld);
    }
    for (const [host, now] of next) if (!leaf.byHost.has(host)) this.#announce(leaf, host, now, false);
  }

  #announce(leaf: Leaf, host: string, announcements: readonly Announcement[], isNews: boolean): void {
    this.#count(announcements, 1);
    this.#count(leaf.byHost.get(host) ?? [], -1);
    leaf.byHost.set(host, announcements);
    let service = this.#services.get(host);
    if (service === undefined) {
      const [first] = announcements;
      if (first === undefined) return;
      service = { announced: first.service, leaves: new Set(), decorated: undefined };
      this.#services.set(host, service);
    }
    service.leaves.add(leaf);
    this.#deliver(host, service, isNews);
  }

  #remove(leaf: Leaf): void {
    for (const [host, announcements] of leaf.byHost) {
      this.#count(announcements, -1);
      const service = this.#services.get(host);
      service?.leaves.delete(leaf);
      if (service === undefined) continue;
      if (service.leaves.size > 0) {
        this.#deliver(host, service, leaf.held !== undefined);
      } else {
        this.#services.delete(host);
        if (service.decorated !== undefined) this.#sink.remove(host);
      }
    }
  }

  #count(announcements: readonly Announcement[], change: 1 | -1): void {
    for (const { endpoint } of announcements) {
      const key = `${endpoint.address} ${endpoint.port}`;
      const count = (this.#addresses.get(key) ?? 0) + change;
      if (count > 0) this.#addresses.set(key, count);
      else this.#addresses.delete(key);
    }
  }

  /** @param isNews deliver it even if it is what it was */
  #deliver(host: string, service: Service, isNews: boolean): void {
    const leaves = [...service.leaves].sort((a, b) => a.rank - b.rank || compare(a.path, b.path));
    const endpoints = mergeEndpoints(host, leaves);
    const former = service.decorated;
    const now =
      this.#decorator === undefined ? { endpoints, rules: undefined } : this.#decorator.decorate(service.announced, endpoints, former);
    if (now === undefined) return;
    if (!isNews && former !== undefined && sameList(former.endpoints, now.endpoints) && former.rules === now.rules) return;
    service.decorated = now;
    this.#sink.upsert(entryOf(service.announced, now, leaves[0]?.path ?? ''));
    for (const { held } of leaves) if (held !== undefined) this.#sink.hold(host, held);
  }
}

function groupByHost(announcements: readonly Announcement[]): Map<string, readonly Announcement[]> {
  const groups = new Map<string, Announcement[]>();
  for (const announcement of announcements) {
    const group = groups.get(announcement.service.host);
    if (group === undefined) groups.set(announcement.service.host, [announcement]);
    else group.push(announcement);
  }
  return groups;
}

/** Each address once: of the first layout, and of its nodes, the newest. */
function mergeEndpoints(host: string, leaves: readonly Leaf[]): Endpoint[] {
  const byAddress = new Map<string, { announcement: Announcement; rank: number }>();
  for (const { byHost, rank } of leaves) {
    for (const announcement of byHost.get(host) ?? []) {
      const key = `${announcement.endpoint.address} ${announcement.endpoint.port}`;
      const other = byAddress.get(key);
      if (other === undefined || (rank === other.rank && isNewer(announcement, other.announcement))) {
        byAddress.set(key, { announcement, rank });
      }
    }
  }
  return [...byAddress.values()]
    .map(({ announcement }) => announcement.endpoint)
    .sort((a, b) => compare(a.address, b.address) || a.port - b.port);
}

// A provider that was killed and started again is there twice until the session of the former one expires.
function isNewer(a: Announcement, b: Announcement): boolean {
  return a.timestamp === b.timestamp ? a.endpoint.origin > b.endpoint.origin : a.timestamp > b.timestamp;
}

function entryOf(service: AnnouncedService, { endpoints, rules }: Decorated, origin: string): ServiceEntry {
  return {
    host: service.host,
    aliases: [],
    identity: service.identity,
    protocol: service.protocol,
    resolution: endpoints.every(({ address }) => isIP(address) !== 0) ? 'STATIC' : 'DNS',
    location: 'MESH_INTERNAL',
    ports: [service.port],
    endpoints,
    annotations: service.annotations,
    ...(rules === undefined ? {} : { endpointRules: rules }),
    origin,
  };
}

// What did not change is the same object.
function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
