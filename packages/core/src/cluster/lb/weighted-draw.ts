import type { BalancedEndpoint } from '../load-balancer.ts';
import { usable } from './fallback.ts';

/** Draws before the usable endpoints are counted instead: with half of the weight unavailable, one request in 16 gets there. */
const DRAWS = 4;

/** Endpoints at random in proportion to their weights, among those that are usable. */
export class WeightedDraw<E extends BalancedEndpoint> {
  readonly #endpoints: readonly E[];
  readonly #weights: Float64Array;
  readonly #bounds: Float64Array;
  #total = 0;

  /** @param weights call reweigh() when they change */
  constructor(endpoints: readonly E[], weights: Float64Array) {
    this.#endpoints = endpoints;
    this.#weights = weights;
    this.#bounds = new Float64Array(weights.length);
    this.reweigh();
  }

  reweigh(): void {
    let total = 0;
    for (let i = 0; i < this.#weights.length; i++) this.#bounds[i] = total += this.#weights[i]!;
    this.#total = total;
  }

  /** Index of a usable endpoint; -1 when there is none. */
  draw(tried: E | undefined): number {
    for (let i = 0; i < DRAWS; i++) {
      const index = this.#find(Math.random() * this.#total);
      if (usable(this.#endpoints[index]!, tried)) return index;
    }
    return this.#drawAmongUsable(tried);
  }

  /** First index whose bound is above `at`. */
  #find(at: number): number {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (at < bounds[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #drawAmongUsable(tried: E | undefined): number {
    let total = 0;
    for (let i = 0; i < this.#endpoints.length; i++) if (usable(this.#endpoints[i]!, tried)) total += this.#weights[i]!;
    let rest = Math.random() * total;
    let last = -1;
    for (let i = 0; i < this.#endpoints.length; i++) {
      if (!usable(this.#endpoints[i]!, tried)) continue;
      last = i;
      rest -= this.#weights[i]!;
      if (rest < 0) return i;
    }
    return last;
  }
}
