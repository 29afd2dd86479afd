import type { Cluster, ClusterSpec } from '../cluster/cluster.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { LookupResult } from '../protocol/spi.ts';
import type { JudgedEndpointRule } from './endpoint-rules.ts';
import { type Caller, RequestConditions } from './request-conditions.ts';
import type { Route, RouteOptions } from './route.ts';
import type { ExplainedCondition, Verdict } from './rule.ts';
import { RuledRoutes } from './ruled-routes.ts';

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
  routes: RuledRoutes<E> | undefined;
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
  route(method: string, values: readonly LookupResult[], caller: Caller): Route<E> | 'not-reached' {
    const conditions = this.#conditions;
    const verdicts = this.#verdicts;
    const { stats } = this.#options.route;
    for (let i = 0; i < conditions.length; i++) {
      const verdict = conditions[i]!.judge(method, values, caller, stats);
      if (verdict === 'not-reached') return verdict;
      verdicts[i] = verdict === 'holds' ? 1 : 0;
    }
    let branch = this.#root;
    for (let i = 0; i < verdicts.length; i++) {
      if (verdicts[i] === 1) branch = branch.holds ??= newBranch();
      else branch = branch.fails ??= newBranch();
    }
    branch.routes ??= new RuledRoutes(this.#options, this.#rulesJudged(), this);
    return branch.routes.route(caller);
  }

  /** What a rule says of a request; undefined: it is not applied. */
  explain(
    { position }: JudgedEndpointRule,
    method: string,
    values: readonly LookupResult[],
    caller: Caller,
  ): { readonly verdict: Verdict; readonly conditions: readonly ExplainedCondition[] } | undefined {
    const applied = this.#applied.find(({ judged }) => judged.position === position);
    if (applied === undefined) return undefined;
    const { conditions } = applied;
    const verdict = conditions?.judge(method, values, caller, this.#options.route.stats) ?? 'holds';
    return { verdict, conditions: conditions?.explain(method, values, caller) ?? [] };
  }

  /** Lets its clusters go. Requests that hold one go on. */
  close(): void {
    const { clusters } = this.#options;
    for (const cluster of this.#made) clusters.release(cluster);
    this.#made = [];
    this.#root = newBranch();
  }

  /** A cluster of its own, until it is released or all are let go because there are too many. */
  acquire(spec: ClusterSpec): Cluster<E> {
    const cluster = this.#options.clusters.acquire(spec);
    this.#made.push(cluster);
    return cluster;
  }

  release(cluster: Cluster<E>): void {
    const index = this.#made.indexOf(cluster);
    if (index < 0) return;
    this.#made.splice(index, 1);
    this.#options.clusters.release(cluster);
  }

  /** To be called before clusters are acquired. */
  makeRoom(count: number): void {
    if (this.#made.length + count > REMEMBERED_SETS) this.close();
  }

  /** Those that are for the request that was judged last. */
  #rulesJudged(): JudgedEndpointRule[] {
    let condition = 0;
    return this.#applied
      .filter(({ conditions }) => conditions === undefined || this.#verdicts[condition++] === 1)
      .map(({ judged }) => judged);
  }
}

function newBranch<E extends BalancedEndpoint>(): Branch<E> {
  return { holds: undefined, fails: undefined, routes: undefined };
}
