import type { Cluster, ClusterSpec, ResolvedEndpoints } from '../cluster/cluster.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { LookupResult } from '../protocol/spi.ts';
import { describeRequests, type JudgedEndpointRule, RequestConditions, selectEndpoints } from './endpoint-rules.ts';
import { Route, type RouteOptions } from './route.ts';
import type { ExplainedCondition, Verdict } from './rule.ts';

/** Sets of rules of one service that are remembered with the clusters they lead to; beyond them, all are made anew as they are asked for. */
export const REMEMBERED_SETS = 256;

/** Where clusters come from. */
interface RuledClusters<E extends BalancedEndpoint> {
  acquire(spec: ClusterSpec): Cluster<E>;
  release(cluster: Cluster<E>): void;
}

/** What a service's rules are applied with. */
export interface RuledOptions<E extends BalancedEndpoint> {
  readonly rules: readonly JudgedEndpointRule[];
  /** See HeadReader. */
  readonly methodIsPath: boolean;
  /** Where a header's value stands in the scan's values. */
  indexOf(name: string): number;
  readonly clusters: RuledClusters<E>;
  /** To every endpoint. It is held as long as this is used, and with it the connections. */
  readonly all: Route<E>;
  readonly allSpec: ClusterSpec;
  readonly route: RouteOptions;
}

/** Rule and conditions; undefined: it is for all requests. */
interface AppliedRule {
  readonly judged: JudgedEndpointRule;
  readonly conditions: RequestConditions | undefined;
}

/** Requests for which the same rules so far are, and the others are not. */
interface Branch<E extends BalancedEndpoint> {
  holds: Branch<E> | undefined;
  fails: Branch<E> | undefined;
  route: Route<E> | undefined;
}

/**
 * The routes of a service whose registry has rules of its own. Requests for which the same rules are share a route with a cluster, made
 * for the first of them, which keeps to the rules when endpoints come and go.
 */
export class RuledEndpoints<E extends BalancedEndpoint> {
  readonly #options: RuledOptions<E>;
  readonly #applied: readonly AppliedRule[];
  /** Those that look at requests, and what the present request was judged. */
  readonly #conditions: readonly RequestConditions[];
  readonly #verdicts: Uint8Array;
  #root: Branch<E> = newBranch();
  #made: Cluster<E>[] = [];

  constructor(options: RuledOptions<E>) {
    this.#options = options;
    this.#applied = options.rules
      .filter(({ fault }) => fault === undefined)
      .map((judged) => {
        const { rule } = judged;
        const conditions = rule.match.length === 0 ? undefined : new RequestConditions(rule, options.methodIsPath, options.indexOf);
        return { judged, conditions };
      });
    this.#conditions = this.#applied.map(({ conditions }) => conditions).filter((conditions) => conditions !== undefined);
    this.#verdicts = new Uint8Array(this.#conditions.length);
  }

  /** All of them, also those that are not applied. */
  get rules(): readonly JudgedEndpointRule[] {
    return this.#options.rules;
  }

  /** To every endpoint, whatever the rules say. */
  get all(): Route<E> {
    return this.#options.all;
  }

  /** @param values the scan's */
  route(method: string, values: readonly LookupResult[]): Route<E> | 'not-reached' {
    const conditions = this.#conditions;
    const verdicts = this.#verdicts;
    const { stats } = this.#options.route;
    for (let i = 0; i < conditions.length; i++) {
      const verdict = conditions[i]!.judge(method, values, stats);
      if (verdict === 'not-reached') return verdict;
      verdicts[i] = verdict === 'holds' ? 1 : 0;
    }
    let branch = this.#root;
    for (let i = 0; i < verdicts.length; i++) {
      if (verdicts[i] === 1) branch = branch.holds ??= newBranch();
      else branch = branch.fails ??= newBranch();
    }
    branch.route ??= this.#make();
    return branch.route;
  }

  /** What a rule says of a request; undefined: it is not applied. */
  explain(
    { position }: JudgedEndpointRule,
    method: string,
    values: readonly LookupResult[],
  ): { readonly verdict: Verdict; readonly conditions: readonly ExplainedCondition[] } | undefined {
    const applied = this.#applied.find(({ judged }) => judged.position === position);
    if (applied === undefined) return undefined;
    const { conditions } = applied;
    const verdict = conditions?.judge(method, values, this.#options.route.stats) ?? 'holds';
    return { verdict, conditions: conditions?.explain(method, values) ?? [] };
  }

  /** Lets its clusters go. Requests that hold one go on. */
  close(): void {
    const { clusters } = this.#options;
    for (const cluster of this.#made) clusters.release(cluster);
    this.#made = [];
    this.#root = newBranch();
  }

  /** For the request that was judged last. */
  #make(): Route<E> {
    const { clusters, all, allSpec, route } = this.#options;
    let condition = 0;
    const rules = this.#applied
      .filter(({ conditions }) => conditions === undefined || this.#verdicts[condition++] === 1)
      .map(({ judged }) => judged);
    if (rules.length === 0) return all;
    if (this.#made.length >= REMEMBERED_SETS) this.close();
    const cluster = clusters.acquire(ruledSpec(allSpec, rules));
    this.#made.push(cluster);
    return new Route(route, [{ cluster, weight: 1 }]);
  }
}

function newBranch<E extends BalancedEndpoint>(): Branch<E> {
  return { holds: undefined, fails: undefined, route: undefined };
}

/** A cluster of the endpoints that rules leave of another's. */
function ruledSpec(all: ClusterSpec, rules: readonly JudgedEndpointRule[]): ClusterSpec {
  const selecting = rules.map(({ rule: { origin, text, choices, otherwise } }) => [origin, text, choices, otherwise]);
  const positions = rules.map(({ position }) => position);
  return {
    ...all,
    id: JSON.stringify([all.id, positions, selecting]),
    name: `${all.name}|rules-${positions.join('+')}`,
    partOf: all.name,
    origin: [...new Set(rules.map(({ rule }) => rule.origin))].join(', '),
    resolve: () => applyRules(all, rules),
  };
}

function applyRules(all: ClusterSpec, rules: readonly JudgedEndpointRule[]): ResolvedEndpoints {
  const resolved = all.resolve();
  const { chosen, leftOut, refusedBy } = selectEndpoints(rules, resolved.chosen);
  const known = resolved.chosen.length === 1 ? '1 endpoint' : `${resolved.chosen.length} endpoints`;
  return {
    ...resolved,
    chosen,
    leftOut: [...resolved.leftOut, ...leftOut.map(({ endpoint, by }) => ({ endpoint, why: `left out by ${by.text} (${by.origin})` }))],
    emptiness:
      refusedBy === undefined
        ? resolved.emptiness
        : `${all.name} has ${known}, and the registry's rule ${refusedBy.text} (${refusedBy.origin}) leaves none to ${describeRequests(refusedBy)}`,
  };
}
