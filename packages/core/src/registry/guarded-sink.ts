import { GuardHold, type Say } from './guard-hold.ts';
import { GuardedService } from './guarded-service.ts';
import { loopShare } from './loop-share.ts';
import { type LossLimits, LossWindow } from './loss-window.ts';
import type { HoldReason, ServiceEntry, ServiceEntrySink } from './registry.ts';

/** When a loss is held, and for how long. */
export interface GuardOptions extends LossLimits {
  /** Milliseconds for which vanished endpoints stay in force at most. */
  readonly hold: number;
}

/**
 * Between an adapter and the store: keeps endpoints in force that vanish in numbers, for a while. Services are judged one by one, and the
 * registry as a whole as if it were one service, so that many small ones that vanish together are held, too. While nobody can say what is
 * there, because the registry is away or the service may not be read, no hold ends.
 */
export class GuardedSink implements ServiceEntrySink {
  readonly #sink: ServiceEntrySink;
  readonly #options: GuardOptions;
  readonly #name: string;
  readonly #say: Say;
  readonly #services = new Map<string, GuardedService>();
  readonly #holds = new Set<GuardHold>();
  /** Endpoints that are announced, of all services. */
  #announced = 0;
  readonly #window = new LossWindow();
  /** Services that lost anything within the window. */
  readonly #losing = new Set<GuardedService>();
  /** Of the registry as a whole. */
  #whole: GuardHold | undefined = undefined;
  /** Endpoints that are about to go with it, as was said before. */
  #coming = 0;
  /** Holds whose losses take effect, in pieces. */
  readonly #ending = new Set<GuardHold>();
  #isEnding = false;
  #isStale = false;
  #isClosed = false;
  #begun = 0;

  /** @param name of the registry, for messages */
  constructor(sink: ServiceEntrySink, options: GuardOptions, name: string, say: Say) {
    this.#sink = sink;
    this.#options = options;
    this.#name = name;
    this.#say = say;
  }

  /** Holds so far. */
  get begun(): number {
    return this.#begun;
  }

  /** Endpoints that are in force although they are not announced. */
  get kept(): number {
    let kept = 0;
    for (const hold of this.#holds) kept += hold.kept;
    return kept;
  }

  upsert(entry: ServiceEntry): void {
    const known = this.#services.get(entry.host);
    if (known !== undefined) {
      this.#deliver(known, entry, false);
      return;
    }
    this.#services.set(entry.host, new GuardedService(entry));
    this.#announced += entry.endpoints.length;
    this.#sink.upsert(entry);
  }

  remove(host: string): void {
    const known = this.#services.get(host);
    if (known !== undefined && !known.isGone) this.#deliver(known, { ...known.entry, endpoints: [] }, true);
  }

  losing(endpoints: number): void {
    if (this.#isClosed) return;
    const now = Date.now();
    const isMore = this.#whole !== undefined && this.#window.isOpen(now);
    this.#open(this.#announced, now);
    if (isMore) {
      this.#coming += endpoints;
    } else if (this.#whole === undefined && this.#window.exceeds(this.#options, this.#announced - endpoints)) {
      this.#beginWhole(now).grew();
      this.#coming = endpoints;
    }
  }

  hold(host: string, reason: HoldReason): void {
    const known = this.#services.get(host);
    if (known !== undefined) known.adapterHold = reason;
    this.#sink.hold(host, reason);
  }

  unread(origin: string, reason: HoldReason | 'missing'): void {
    this.#sink.unread?.(origin, reason);
  }

  readable(origin: string): void {
    this.#sink.readable?.(origin);
  }

  synced(): void {
    this.#isStale = false;
    this.#coming = 0;
    for (const hold of this.#holds) if (hold.isOver) this.#over(hold);
    this.#sink.synced();
  }

  stale(cause: Error): void {
    this.#isStale = true;
    this.#sink.stale(cause);
  }

  /** Nothing is delivered any more. What is held stays as it is. */
  close(): void {
    this.#isClosed = true;
    for (const hold of this.#holds) hold.close();
    this.#holds.clear();
  }

  #deliver(service: GuardedService, entry: ServiceEntry, isGone: boolean): void {
    const now = Date.now();
    const before = this.#announced;
    this.#announced += entry.endpoints.length - service.announced;
    service.adapterHold = undefined;
    if (service.announce(entry, isGone, now)) this.#lost(service, before, now);
    const { hold } = service;
    // It was over while nobody could say what is there; now it is said.
    if (hold?.isOver && !this.#isStale) this.#believe(service, hold);
    else service.show(this.#sink);
    if (hold !== undefined && service.kept === 0) this.#leave(service, hold);
    if (isGone && !service.hasLosses) this.#services.delete(entry.host);
  }

  #lost(service: GuardedService, before: number, now: number): void {
    this.#open(before, now);
    this.#losing.add(service);
    const isOfWhole = this.#coming > 0;
    this.#coming = Math.max(0, this.#coming - (before - this.#announced));
    if (service.hold !== undefined) {
      service.keep();
      service.hold.grew();
    } else if (this.#whole !== undefined && (isOfWhole || !service.exceeds(this.#options))) {
      this.#join(service, this.#whole);
      this.#whole.grew();
    } else if (service.exceeds(this.#options)) {
      this.#begin(service.entry.host, () => ({ had: service.had, left: service.announced }), [service], now).begin();
    } else if (this.#window.exceeds(this.#options, this.#announced)) {
      this.#beginWhole(now).begin();
    }
  }

  #open(before: number, now: number): void {
    if (!this.#window.isOpen(now)) {
      this.#forgetLosses(now);
      this.#coming = 0;
    }
    this.#window.lost(before, now);
  }

  /** What vanished lately, service by service, is put back. */
  #beginWhole(now: number): GuardHold {
    const { had } = this.#window;
    const others = [...this.#losing].filter((each) => each.hold === undefined);
    const hold = this.#begin(this.#name, () => ({ had, left: this.#announced }), others, now);
    this.#whole = hold;
    void loopShare.each(others, (each) => !this.#isClosed && (each.hold !== hold || each.show(this.#sink)));
    return hold;
  }

  #begin(of: string, counts: () => { had: number; left: number }, services: readonly GuardedService[], now: number): GuardHold {
    const { hold: lasts } = this.#options;
    const hold = new GuardHold({ of, lasts, counts, say: this.#say, onOver: (over) => this.#over(over) }, now);
    this.#holds.add(hold);
    this.#begun++;
    for (const service of services) this.#join(service, hold);
    return hold;
  }

  #join(service: GuardedService, hold: GuardHold): void {
    if (!service.keep()) return;
    service.hold = hold;
    hold.services.add(service);
  }

  #over(hold: GuardHold): void {
    if (this.#isStale) return;
    this.#ending.add(hold);
    if (this.#isEnding) return;
    this.#isEnding = true;
    void loopShare.each(this.#toBelieve(), ([service, of]) => this.#end(service, of));
  }

  *#toBelieve(): Iterable<[GuardedService, GuardHold]> {
    try {
      for (const hold of this.#ending) {
        for (const service of hold.services) yield [service, hold];
        this.#ending.delete(hold);
        if (hold.services.size === 0) this.#ended(hold);
      }
    } finally {
      this.#ending.clear();
      this.#isEnding = false;
    }
  }

  /** @returns false: nobody can say what is there any more */
  #end(service: GuardedService, hold: GuardHold): boolean {
    if (this.#isStale || this.#isClosed) return false;
    if (service.adapterHold !== undefined) return true;
    this.#believe(service, hold);
    this.#leave(service, hold);
    if (service.isGone) this.#services.delete(service.entry.host);
    return true;
  }

  /** What is missing takes effect. */
  #believe(service: GuardedService, hold: GuardHold): void {
    hold.lost += service.kept;
    service.forget();
    this.#losing.delete(service);
    service.show(this.#sink);
  }

  #leave(service: GuardedService, hold: GuardHold): void {
    service.hold = undefined;
    hold.services.delete(service);
    if (hold.services.size === 0) this.#ended(hold);
  }

  #ended(hold: GuardHold): void {
    if (!this.#holds.delete(hold)) return;
    if (hold === this.#whole) this.#whole = undefined;
    // What was believed once is no loss any more.
    if (hold.lost > 0) this.#window.reset();
    hold.end();
  }

  #forgetLosses(now: number): void {
    for (const service of this.#losing) {
      if (service.hold !== undefined || service.isLosing(now)) continue;
      service.forget();
      this.#losing.delete(service);
      if (service.isGone) this.#services.delete(service.entry.host);
    }
  }
}
