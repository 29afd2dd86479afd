import type { Endpoint } from './endpoint.ts';
import type { BalancedEndpoint } from './load-balancer.ts';
import { type WarmUp, warmingWeight } from './warm-up.ts';

/** Weights that grow are renewed this often while an endpoint warms up, within the bounds below. */
const STEPS = 100;
const LEAST_PAUSE_MS = 100;
const MOST_PAUSE_MS = 10_000;
/** Timers of Node count in 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const LAST_DATE = 8.64e15;

/** How far an endpoint is that warms up. */
export interface Warming {
  /** What it counts now. */
  readonly weight: number;
  /** When it counts its whole weight, in milliseconds since 1970, as far as a Date goes. */
  readonly until: number;
}

/** An endpoint that was warming up when it was looked at last. */
interface Cold {
  readonly warmUp: WarmUp;
  /** Milliseconds since 1970. */
  start: number;
}

/** What each of a cluster's endpoints counts: its weight, or less while it warms up. */
export class EffectiveWeights {
  /** By the endpoint's place. Changed in place. */
  readonly values: Float64Array;
  readonly #endpoints: readonly BalancedEndpoint[];
  /** By the endpoint's place. */
  readonly #cold = new Map<number, Cold>();

  /**
   * @param rule for all of them; undefined: what each says of itself
   * @param now milliseconds since 1970
   */
  constructor(endpoints: readonly BalancedEndpoint[], rule: WarmUp | undefined, now: number) {
    this.#endpoints = endpoints;
    this.values = Float64Array.from(endpoints, ({ endpoint }) => endpoint.weight);
    for (const [index, { endpoint, knownSince }] of endpoints.entries()) {
      const warmUp = rule ?? endpoint.warmUp;
      if (warmUp !== undefined) this.#cold.set(index, { warmUp, start: startOf(endpoint, knownSince) });
    }
    this.renew(now);
  }

  /** @returns whether any value changed */
  renew(now: number): boolean {
    let changed = false;
    for (const [index, cold] of this.#cold) {
      const { warmUp } = cold;
      const weight = this.#endpoints[index]?.endpoint.weight ?? 0;
      // The clock was set back: what has begun cannot be still to come.
      cold.start = Math.min(cold.start, now);
      const elapsed = now - cold.start;
      const isWarm = elapsed >= warmUp.durationMs;
      const value = isWarm ? weight : warmingWeight(weight, warmUp, elapsed);
      changed ||= this.values[index] !== value;
      this.values[index] = value;
      if (isWarm) this.#cold.delete(index);
    }
    return changed;
  }

  /** Milliseconds until it is worth while to renew them; undefined: never again. */
  pauseMs(now: number): number | undefined {
    let pause = Number.POSITIVE_INFINITY;
    for (const { warmUp, start } of this.#cold.values()) {
      const rest = start + warmUp.durationMs - now;
      const step = warmUp.exponent === undefined ? rest : Math.min(rest, warmUp.durationMs / STEPS, MOST_PAUSE_MS);
      pause = Math.min(pause, step);
    }
    return pause === Number.POSITIVE_INFINITY ? undefined : Math.min(LONGEST_TIMER_MS, Math.max(LEAST_PAUSE_MS, Math.ceil(pause)));
  }

  /** undefined: the endpoint at this place counts its weight. */
  warming(index: number): Warming | undefined {
    const cold = this.#cold.get(index);
    return cold && { weight: this.values[index] ?? 0, until: Math.min(LAST_DATE, cold.start + cold.warmUp.durationMs) };
  }
}

/**
 * When it started, as its registry says, and otherwise when this process saw it first. What is said cannot be later than when it was
 * said: such a clock is ahead of this one.
 */
function startOf({ startedAt, learnt }: Endpoint, knownSince: number): number {
  return startedAt === undefined ? knownSince : Math.min(startedAt, learnt?.at ?? knownSince);
}
