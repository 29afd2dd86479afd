import type { BalancedEndpoint, LoadBalancerFactory, Picker } from '../load-balancer.ts';
import { bestFallback } from './fallback.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** At random by weight. */
export const random: LoadBalancerFactory = {
  name: 'RANDOM',
  create: () => ({ sharesPicks: true, update: (endpoints, weights) => new RandomPicker(endpoints, weights) }),
};

class RandomPicker<E extends BalancedEndpoint> implements Picker<E> {
  readonly #endpoints: readonly E[];
  readonly #draw: WeightedDraw<E>;

  constructor(endpoints: readonly E[], weights: Float64Array) {
    this.#endpoints = endpoints;
    this.#draw = new WeightedDraw(endpoints, weights);
  }

  pick(tried: E | undefined): E | undefined {
    const index = this.#draw.draw(tried);
    return index < 0 ? bestFallback(this.#endpoints, 0, tried) : this.#endpoints[index];
  }

  reweigh(): boolean {
    this.#draw.reweigh();
    return true;
  }
}
