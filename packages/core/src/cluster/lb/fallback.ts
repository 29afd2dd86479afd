import type { BalancedEndpoint } from '../load-balancer.ts';

/** Whether an endpoint is a candidate of the first choice. */
export function usable<E extends BalancedEndpoint>(endpoint: E, tried: E | undefined): boolean {
  return endpoint.available && endpoint !== tried;
}

/**
 * Nothing is usable: the one that just failed when it alone is available, else one that is backing off, since trying it may succeed
 * and failing at once cannot.
 */
export function bestFallback<E extends BalancedEndpoint>(endpoints: readonly E[], start: number, tried: E | undefined): E | undefined {
  if (tried?.available === true && endpoints.includes(tried)) return tried;
  for (let step = 0; step < endpoints.length; step++) {
    const endpoint = endpoints[(start + step) % endpoints.length];
    if (endpoint !== tried) return endpoint;
  }
  return tried !== undefined && endpoints.includes(tried) ? tried : undefined;
}
