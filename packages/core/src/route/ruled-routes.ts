import type { Cluster, ClusterSpec, ResolvedEndpoints } from '../cluster/cluster.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import { type JudgedEndpointRule, looksAtSource } from './endpoint-rules.ts';
import { type Caller, describeRequests } from './request-conditions.ts';
import { Route, type RouteOptions, type WeightedCluster } from './route.ts';
import { drawnSets, type SelectedBy, selectEndpoints } from './ruled-selection.ts';

/** Who keeps the clusters of a service's ruled routes, and not too many of them. */
interface RuledClusterKeeper<E extends BalancedEndpoint> {
  makeRoom(count: number): void;
  acquire(spec: ClusterSpec): Cluster<E>;
  release(cluster: Cluster<E>): void;
}

/** The service whose endpoints rules choose from. */
interface RuledService<E extends BalancedEndpoint> {
  /** To every endpoint. */
  readonly all: Route<E>;
  readonly allSpec: ClusterSpec;
  readonly route: RouteOptions;
}

/** Of callers that have no endpoint's address, which are all alike to rules. */
const ELSEWHERE = '';

/**
 * The routes of requests for which the same rules are. It is one, whose cluster follows the endpoints; where rules have weights it is made
 * anew when the endpoints have changed, and where they look at the caller's address there is one for each endpoint's address.
 */
export class RuledRoutes<E extends BalancedEndpoint> {
  readonly #service: RuledService<E>;
  readonly #rules: readonly JudgedEndpointRule[];
  readonly #clusters: RuledClusterKeeper<E>;
  /** Rules that choose alike have the same. */
  readonly #rulesId: string;
  readonly #hasWeights: boolean;
  readonly #looksAtSource: boolean;
  /** Where neither endpoints nor callers make a difference. */
  #only: Route<E> | undefined;
  readonly #bySource = new Map<string, { readonly route: Route<E>; readonly clusters: readonly Cluster<E>[] }>();
  /** What the routes were made from. */
  #endpoints: readonly E[] = [];
  #addresses: ReadonlySet<string> = new Set();

  /** @param rules those that are for the requests, without a fault */
  constructor(service: RuledService<E>, rules: readonly JudgedEndpointRule[], clusters: RuledClusterKeeper<E>) {
    this.#service = service;
    this.#rules = rules;
    this.#clusters = clusters;
    this.#rulesId = idOf(rules);
    this.#hasWeights = rules.some(({ rule }) => rule.weights !== undefined);
    this.#looksAtSource = rules.some(looksAtSource);
    if (rules.length === 0) this.#only = service.all;
    else if (!this.#hasWeights && !this.#looksAtSource) this.#only = this.#make(ELSEWHERE).route;
  }

  route({ peerAddress }: Caller): Route<E> {
    if (this.#only !== undefined) return this.#only;
    const endpoints = this.#service.all.destinations[0]?.cluster.endpoints ?? [];
    const outdated = endpoints === this.#endpoints ? [] : this.#renew(endpoints);
    const known = this.#looksAtSource && peerAddress !== undefined && this.#addresses.has(peerAddress);
    const source = known ? peerAddress : ELSEWHERE;
    let made = this.#bySource.get(source);
    if (made === undefined) {
      made = this.#make(source);
      this.#bySource.set(source, made);
    }
    for (const cluster of outdated) this.#clusters.release(cluster);
    return made.route;
  }

  /** Returns the clusters that are of no more use: they are let go once the next are there, which may be the same. */
  #renew(endpoints: readonly E[]): Cluster<E>[] {
    this.#endpoints = endpoints;
    this.#addresses = new Set(endpoints.map(({ endpoint }) => endpoint.address));
    const outdated: Cluster<E>[] = [];
    for (const [source, { clusters }] of this.#bySource) {
      if (!this.#hasWeights && (source === ELSEWHERE || this.#addresses.has(source))) continue;
      this.#bySource.delete(source);
      outdated.push(...clusters);
    }
    return outdated;
  }

  #make(source: string): { readonly route: Route<E>; readonly clusters: readonly Cluster<E>[] } {
    const { all, allSpec, route } = this.#service;
    const chosen = all.destinations[0]?.cluster.resolved.chosen ?? [];
    const sets = this.#hasWeights ? drawnSets(this.#rules, chosen, source) : [{ draws: [], share: 1 }];
    this.#clusters.makeRoom(sets.length);
    const destinations = sets.map(({ draws, share }): WeightedCluster<E> => {
      const cluster = this.#clusters.acquire(ruledSpec(allSpec, this.#rules, this.#rulesId, { source, draws }));
      return { cluster, weight: share };
    });
    const [first, ...others] = destinations;
    if (first === undefined) throw new Error('rules lead to no set of endpoints');
    return { route: new Route(route, [first, ...others]), clusters: destinations.map(({ cluster }) => cluster) };
  }
}

function idOf(rules: readonly JudgedEndpointRule[]): string {
  return JSON.stringify(
    rules.map(({ position, rule: { origin, text, choices, otherwise, weights } }) => [position, origin, text, choices, otherwise, weights]),
  );
}

/** A cluster of the endpoints that rules leave of another's. */
function ruledSpec(all: ClusterSpec, rules: readonly JudgedEndpointRule[], rulesId: string, by: SelectedBy): ClusterSpec {
  return {
    ...all,
    id: `${JSON.stringify([all.id, by])} ${rulesId}`,
    name: `${all.name}|rules-${placesOf(rules, by)}`,
    partOf: all.name,
    origin: [...new Set(rules.map(({ rule }) => rule.origin))].join(', '),
    resolve: () => applyRules(all, rules, by),
  };
}

/** `1+3`; of a rule with weights also which choice was drawn: `1+3.2`; of rules that look at it the caller's address: `1+3@10.0.0.1`. */
function placesOf(rules: readonly JudgedEndpointRule[], { source, draws }: SelectedBy): string {
  let drawn = 0;
  const places = rules.map(({ rule, position }) => {
    const choice = rule.weights === undefined ? undefined : draws[drawn++];
    return choice === undefined || choice < 0 ? `${position}` : `${position}.${choice + 1}`;
  });
  return `${places.join('+')}${source === ELSEWHERE || source === undefined ? '' : `@${source}`}`;
}

function applyRules(all: ClusterSpec, rules: readonly JudgedEndpointRule[], by: SelectedBy): ResolvedEndpoints {
  const resolved = all.resolve();
  const { chosen, leftOut, refusedBy } = selectEndpoints(rules, resolved.chosen, by);
  // Once for each rule, not for each of thousands of endpoints.
  const whys = new Map(rules.map(({ rule }) => [rule, `left out by ${rule.text} (${rule.origin})`]));
  const known = resolved.chosen.length === 1 ? '1 endpoint' : `${resolved.chosen.length} endpoints`;
  return {
    ...resolved,
    chosen,
    leftOut: [...resolved.leftOut, ...leftOut.map(({ endpoint, by }) => ({ endpoint, why: whys.get(by) ?? '' }))],
    emptiness:
      refusedBy === undefined
        ? resolved.emptiness
        : `${all.name} has ${known}, and the registry's rule ${refusedBy.text} (${refusedBy.origin}) leaves none to ${describeRequests(refusedBy)}`,
  };
}
