import type { LoadBalancerFactory } from '../load-balancer.ts';
import { leastRequest } from './least-request.ts';
import { random } from './random.ts';
import { roundRobin } from './round-robin.ts';

/** The balancers that core brings, by name. */
export const BALANCERS: ReadonlyMap<string, LoadBalancerFactory> = new Map(
  [roundRobin, random, leastRequest].map((factory) => [factory.name, factory]),
);
