import type { BalancedEndpoint, LoadBalancerFactory, Picker } from '../load-balancer.ts';
import { bestFallback } from './fallback.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** The less loaded of two drawn by weight ("power of two choices"); load counts in proportion to weight. */
export const leastRequest: LoadBalancerFactory = {
  name: 'LEAST_REQUEST',
  create: () => ({ sharesPicks: false, update: (endpoints, weights) => new LeastRequestPicker(endpoints, weights) }),
};

class LeastRequestPicker<E extends BalancedEndpoint> implements Picker<E> {
  readonly #endpoints: readonly E[];
  readonly #weights: Float64Array;
  readonly #draw: WeightedDraw<E>;

  constructor(endpoints: readonly E[], weights: Float64Array) {
    this.#endpoints = endpoints;
    this.#weights = weights;
    this.#draw = new WeightedDraw(endpoints, weights);
  }

  pick(tried: E | undefined): E | undefined {
    const endpoints = this.#endpoints;
    const one = this.#draw.draw(tried);
    if (one < 0) return bestFallback(endpoints, 0, tried);
    const two = this.#draw.draw(tried);
    return this.#load(two) < this.#load(one) ? endpoints[two] : endpoints[one];
  }

  reweigh(): boolean {
    this.#draw.reweigh();
    return true;
  }

  #load(index: number): number {
    return this.#endpoints[index]!.activeRequests / this.#weights[index]!;
  }
}
