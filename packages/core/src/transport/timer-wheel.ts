import { loop } from './loop.ts';

/** Something with a deadline. The wheel's links live in it, so arming allocates nothing. */
export interface Timed {
  /** The wheel's alone, as the next two: 0 and undefined to begin with. */
  wheelTick: number;
  wheelNext: Timed | undefined;
  wheelPrevious: Timed | undefined;
  /** Called once, disarmed. May arm and disarm itself and others. */
  onDeadline(): void;
}

class Slot implements Timed {
  wheelTick = 0;
  wheelNext: Timed = this;
  wheelPrevious: Timed = this;
  onDeadline(): void {}
}

const TICK_MS = 16;
const SLOTS = 512;
/** Collected by advanceTo; disarm() takes it back, so that one item's deadline can still call off another's. */
const EXPIRED = -1;

/** One timer for all deadlines: 16 ms ticks, 512 slots; later rounds wait in their slot. */
export class TimerWheel {
  readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => new Slot());
  readonly #expired: Timed[] = [];
  #tick = currentTick();
  #timer: NodeJS.Timeout | undefined = undefined;

  start(): void {
    this.#tick = currentTick();
    this.#timer = setInterval(() => {
      loop.begin();
      this.advanceTo(currentTick());
    }, TICK_MS);
  }
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Fires no earlier than `ms` from now, and up to two ticks (32 ms) later. */
  arm(item: Timed, ms: number): void {
    const tick = this.#tick + 2 + Math.floor(ms / TICK_MS);
    const slot = this.#slots[tick & (SLOTS - 1)] as Slot;
    const last = slot.wheelPrevious;
    item.wheelTick = tick;
    item.wheelNext = slot;
    item.wheelPrevious = last;
    last.wheelNext = item;
    slot.wheelPrevious = item;
  }

  disarm(item: Timed): void {
    const next = item.wheelNext;
    const previous = item.wheelPrevious;
    item.wheelTick = 0;
    if (next === undefined || previous === undefined) return;
    previous.wheelNext = next;
    next.wheelPrevious = previous;
    item.wheelNext = undefined;
    item.wheelPrevious = undefined;
  }

  /** Ticks count from process start. Expired items are collected first: what they do may arm and disarm any other. */
  advanceTo(until: number): void {
    // After a long stall one full round visits every slot; more would visit them again for nothing.
    if (until - this.#tick > SLOTS) this.#tick = until - SLOTS;
    while (this.#tick < until) {
      this.#tick++;
      const slot = this.#slots[this.#tick & (SLOTS - 1)] as Slot;
      let item: Timed | undefined = slot.wheelNext;
      while (item !== undefined && item !== slot) {
        const next: Timed | undefined = item.wheelNext;
        if (item.wheelTick <= until) {
          this.disarm(item);
          item.wheelTick = EXPIRED;
          this.#expired.push(item);
        }
        item = next;
      }
    }
    for (const item of this.#expired) {
      if (item.wheelTick !== EXPIRED) continue;
      item.wheelTick = 0;
      try {
        item.onDeadline();
      } catch (error) {
        loop.onError(error);
      }
    }
    this.#expired.length = 0;
  }
}

function currentTick(): number {
  return Math.floor(performance.now() / TICK_MS);
}
