import type { StringMatch } from '../config/model.ts';

/** A condition on a request. */
export interface RequestCondition {
  /** What is looked at: its method, one of its headers, or the IP address that its connection comes from, where IPv4 is never written as IPv6. */
  readonly of: { readonly kind: 'method' } | { readonly kind: 'header'; readonly name: string } | { readonly kind: 'source' };
  readonly match: StringMatch;
  /** It must not hold. */
  readonly negated: boolean;
}

/** A condition on an endpoint. */
export interface EndpointCondition {
  /** What is looked at: `ip`, `ip:port`, or a label, or else metadata, of this name. */
  readonly of: { readonly kind: 'ip' } | { readonly kind: 'address' } | { readonly kind: 'parameter'; readonly name: string };
  /** `source`: it is the IP address that the request's connection comes from. */
  readonly match: StringMatch | { readonly kind: 'source' };
  /** It must not hold. */
  readonly negated: boolean;
}

/**
 * Which endpoints of a service take which requests, by a rule that its registry keeps. Plain data. Rules apply in order, each to what the
 * former left. Where a VirtualService of a file speaks of the service, none of them applies. What several entries of one service say
 * alike counts once, and for the endpoints of all. Where methods are paths, a rule's method is the last part.
 */
export interface EndpointRule {
  /** Registry path. */
  readonly origin: string;
  /** In one line, as its author would know it again, for `explain`. */
  readonly text: string;
  /** Why it cannot be applied; it is shown, and nothing else. */
  readonly fault?: string;
  /** Which requests it is for: all of these hold. Empty: all requests. */
  readonly match: readonly RequestCondition[];
  /** Ways to choose endpoints, of which the first that leaves any is taken. The conditions of one all hold; none: every endpoint. */
  readonly choices: readonly (readonly EndpointCondition[])[];
  /**
   * One for each choice, whole and above 0: one of the choices that leave any is then drawn for each request, not the first taken. As
   * Dubbo draws (DestinationSet), one of the numbers from 0 to the sum less 1, each choice up to its own bound: the first has one more, the
   * last one less than its weight.
   */
  readonly weights?: readonly number[];
  /** When no choice leaves an endpoint: the request is refused, or the rule is passed over. */
  readonly otherwise: 'refuse' | 'pass';
}
