import type { Endpoint } from './endpoint.ts';

/** An endpoint as balancers see it: its data and its load at this moment. */
export interface BalancedEndpoint {
  readonly endpoint: Endpoint;
  /** Requests sent and not yet answered, by this process. */
  readonly activeRequests: number;
  /** False while connecting to it fails; a balancer may still return it when no other is left. */
  readonly available: boolean;
  /** When this process first used its address, in milliseconds since 1970. */
  readonly knownSince: number;
}

/** Chooses for one request. Thrown away when the endpoints change. */
export interface Picker<E extends BalancedEndpoint> {
  /**
   * undefined: nothing to choose from.
   * @param tried an endpoint that just failed this request, to be avoided while another is available
   */
  pick(tried: E | undefined): E | undefined;
  /**
   * `further` requests, beside the one that asked, went to the endpoint that pick() last returned because they arrived in the same read.
   * Balancers that count turns charge them, so that shares hold whatever the sizes of reads.
   */
  shared?(further: number): void;
  /**
   * Goes on with other weights, of the same endpoints, where starting anew would lose whose turn it is. Some endpoint warms up.
   * @param weights as `update` had them, changed in place
   * @returns false: it cannot, and is thrown away
   */
  reweigh?(weights: Float64Array): boolean;
}

/** Turns endpoint sets into pickers. What must outlive a set (averages, rings) lives in the balancer. */
export interface LoadBalancer {
  /**
   * @param endpoints non-empty; all have weight > 0
   * @param weights what each counts now, more than 0: its weight, or less while it warms up. They change in place, and then the picker is told.
   */
  update<E extends BalancedEndpoint>(endpoints: readonly E[], weights: Float64Array): Picker<E>;
  /** Whether requests that arrived in one read may share one pick. False for balancers that look at load. */
  readonly sharesPicks: boolean;
}

/** What a balancer plugin exports. */
export interface LoadBalancerFactory {
  /** As DestinationRule's `trafficPolicy.loadBalancer.simple` names it, upper case. */
  readonly name: string;
  create(): LoadBalancer;
}
