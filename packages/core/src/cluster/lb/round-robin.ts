import type { BalancedEndpoint, LoadBalancerFactory, Picker } from '../load-balancer.ts';
import { bestFallback, usable } from './fallback.ts';

/** Every endpoint gets its share, spread evenly instead of in bursts. */
export const roundRobin: LoadBalancerFactory = {
  name: 'ROUND_ROBIN',
  create: () => ({
    sharesPicks: true,
    update: (endpoints, weights) => (isUniform(weights) ? new RotatingPicker(endpoints) : new SmoothPicker(endpoints, weights)),
  }),
};

function isUniform(weights: Float64Array): boolean {
  return weights.every((weight) => weight === weights[0]);
}

/** Equal weights: a turn each, found without a scan. Starts anywhere, so that many proxies do not begin with the same endpoint. */
class RotatingPicker<E extends BalancedEndpoint> implements Picker<E> {
  readonly #endpoints: readonly E[];
  /** Turns that an endpoint had in advance, because several requests arrived in one read; it sits out as many. */
  readonly #advance: Float64Array;
  #next: number;
  #last = 0;

  constructor(endpoints: readonly E[]) {
    this.#endpoints = endpoints;
    this.#advance = new Float64Array(endpoints.length);
    this.#next = Math.floor(Math.random() * endpoints.length);
  }

  pick(tried: E | undefined): E | undefined {
    const endpoints = this.#endpoints;
    const advance = this.#advance;
    let nearest = -1;
    for (let step = 0; step < endpoints.length; step++) {
      const index = this.#next;
      this.#next = index + 1 === endpoints.length ? 0 : index + 1;
      if (!usable(endpoints[index]!, tried)) continue;
      if (advance[index] === 0) return this.#take(index);
      advance[index]!--;
      if (nearest < 0 || advance[index]! < advance[nearest]!) nearest = index;
    }
    if (nearest < 0) return bestFallback(endpoints, this.#next, tried);
    const rounds = advance[nearest]!;
    for (let i = 0; i < advance.length; i++) advance[i] = Math.max(0, advance[i]! - rounds);
    return this.#take(nearest);
  }

  shared(further: number): void {
    this.#advance[this.#last]! += further;
  }

  reweigh(weights: Float64Array): boolean {
    return isUniform(weights);
  }

  #take(index: number): E | undefined {
    this.#last = index;
    return this.#endpoints[index];
  }
}

/** nginx's smooth weighted round robin: all gain their weight, the richest pays the total. */
class SmoothPicker<E extends BalancedEndpoint> implements Picker<E> {
  readonly #endpoints: readonly E[];
  readonly #weights: Float64Array;
  readonly #credit: Float64Array;
  #last = -1;

  constructor(endpoints: readonly E[], weights: Float64Array) {
    this.#endpoints = endpoints;
    this.#weights = weights;
    this.#credit = this.#weights.map((weight) => weight * Math.random());
  }

  pick(tried: E | undefined): E | undefined {
    const endpoints = this.#endpoints;
    const credit = this.#credit;
    let best = -1;
    let total = 0;
    for (let i = 0; i < endpoints.length; i++) {
      if (!usable(endpoints[i]!, tried)) continue;
      const weight = this.#weights[i]!;
      credit[i]! += weight;
      total += weight;
      if (best < 0 || credit[i]! > credit[best]!) best = i;
    }
    this.#last = best;
    if (best < 0) return bestFallback(endpoints, 0, tried);
    credit[best]! -= total;
    return endpoints[best];
  }

  shared(further: number): void {
    const credit = this.#credit;
    if (this.#last < 0) return;
    let total = 0;
    for (let i = 0; i < credit.length; i++) {
      if (!this.#endpoints[i]!.available) continue;
      credit[i]! += this.#weights[i]! * further;
      total += this.#weights[i]!;
    }
    credit[this.#last]! -= total * further;
  }

  /** Credit stays as it is: it is what keeps turns fair from one set of weights to the next. */
  reweigh(weights: Float64Array): boolean {
    return !isUniform(weights);
  }
}
