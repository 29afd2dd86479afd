import { Histogram } from '@polywire/core';
import type { DemoCaller } from './caller.ts';
import { DEMO_SERVICE } from './files.ts';

/** Calls of one kind that one provider answered. */
export interface TrafficRow {
  /** `no tag`, or `dubbo.tag=gray`. */
  readonly caller: string;
  /** `v1`, `v2`, or what the proxy said instead. */
  readonly answeredBy: string;
  readonly latency: Histogram;
  /** Calls in each of the last {@link RECENT_SECONDS}, the current one first. */
  readonly seconds: readonly number[];
}

/** How far back `TrafficRow.seconds` goes: far enough for a steady share, near enough to follow a changed weight. */
export const RECENT_SECONDS = 5;

/** One call in so many carries the tag. */
const GRAY_EVERY = 5;

/** Sends small, steady traffic and keeps count of who answered. */
export class Traffic {
  readonly #caller: DemoCaller;
  readonly #rows = new Map<string, TrafficRow & { readonly seconds: number[] }>();
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #secondTimer: NodeJS.Timeout | undefined;
  #sent = 0;

  constructor(caller: DemoCaller) {
    this.#caller = caller;
  }

  /** @param perSecond calls, evenly spaced in turns of 20 ms */
  start(perSecond: number): void {
    const perTurn = Math.max(1, Math.round(perSecond / 50));
    this.#timer = setInterval(() => {
      for (let i = 0; i < perTurn; i += 1) this.#send();
    }, 20);
    this.#secondTimer = setInterval(() => {
      for (const { seconds } of this.#rows.values()) if (seconds.unshift(0) > RECENT_SECONDS) seconds.pop();
    }, 1_000);
  }

  /** Resolves when every call has been answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearInterval(this.#secondTimer);
    await Promise.all(this.#open);
  }

  /** Sorted by caller, then by answerer. */
  get rows(): readonly TrafficRow[] {
    return [...this.#rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }

  get answered(): number {
    let count = 0;
    for (const { latency } of this.#rows.values()) count += latency.count;
    return count;
  }

  #send(): void {
    this.#sent += 1;
    const gray = this.#sent % GRAY_EVERY === 0;
    const call = {
      service: DEMO_SERVICE,
      method: 'sayHello',
      argument: 'world',
      attachments: gray ? { 'dubbo.tag': 'gray' } : {},
    };
    const open = this.#caller.call(call).then(({ ok, text, latencyUs }) => {
      this.#open.delete(open);
      this.#count(gray ? 'dubbo.tag=gray' : 'no tag', ok ? (/from (\S+)$/.exec(text)?.[1] ?? text) : `error: ${text}`, latencyUs);
    });
    this.#open.add(open);
  }

  #count(caller: string, answeredBy: string, latencyUs: number): void {
    const key = `${caller}\n${answeredBy}`;
    const row = this.#rows.get(key) ?? { caller, answeredBy, latency: new Histogram(), seconds: [0] };
    this.#rows.set(key, row);
    row.latency.record(latencyUs);
    row.seconds[0] = (row.seconds[0] ?? 0) + 1;
  }
}
