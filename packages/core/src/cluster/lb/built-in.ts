import type { LoadBalancerFactory } from '../load-balancer.ts';
import { leastRequest } from './least-request.ts';
import { random } from './random.ts';
import { roundRobin } from './round-robin.ts';

/**
 * The balancers of core and of plugins, by name.
 * @throws Error when two have one name
 */
export function loadBalancers(plugged: readonly LoadBalancerFactory[]): Map<string, LoadBalancerFactory> {
  const factories = new Map<string, LoadBalancerFactory>();
  for (const factory of [roundRobin, random, leastRequest, ...plugged]) {
    if (factories.has(factory.name)) throw new Error(`two load balancers are called ${factory.name}`);
    factories.set(factory.name, factory);
  }
  return factories;
}
