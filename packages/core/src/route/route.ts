import type { Cluster } from '../cluster/cluster.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { RouteInfo } from '../filter/filter.ts';
import type { HeaderEdits } from '../protocol/spi.ts';

/** Counters of one route, since the process began. They outlive recompilation. */
export class RouteStats {
  requests = 0;
  /** Times a rule of this route could not be decided because the frame's serialization cannot be walked. */
  unreadable = 0;
}

/** A cluster and its share among a route's destinations. */
export interface WeightedCluster<E extends BalancedEndpoint> {
  readonly cluster: Cluster<E>;
  readonly weight: number;
}

/** What a route says beside its destinations. */
export interface RouteOptions {
  readonly name: string;
  readonly origin: string;
  readonly requestEdits: HeaderEdits | undefined;
  readonly responseEdits: HeaderEdits | undefined;
  readonly timeoutMs: number;
  readonly stats: RouteStats;
}

/** Everything a request needs to know about where it goes, found once. Immutable but for its counters. */
export class Route<E extends BalancedEndpoint> implements RouteInfo {
  readonly name: string;
  /** `file:line:column` of the rule, or where the service was read when no rule is in force. */
  readonly origin: string;
  readonly requestEdits: HeaderEdits | undefined;
  readonly responseEdits: HeaderEdits | undefined;
  /** Milliseconds; -1: not said, 0: no limit. */
  readonly timeoutMs: number;
  readonly stats: RouteStats;
  readonly destinations: readonly WeightedCluster<E>[];
  /** Edits splice whole frames only. */
  readonly needsWholeRequest: boolean;
  readonly needsWholeResponse: boolean;
  readonly #only: Cluster<E> | undefined;
  readonly #first: Cluster<E>;
  readonly #bounds: Float64Array;
  readonly #total: number;

  /** @param destinations at least one; weights >= 0, of which one may stand alone and otherwise some are > 0 */
  constructor(options: RouteOptions, destinations: readonly [WeightedCluster<E>, ...WeightedCluster<E>[]]) {
    this.name = options.name;
    this.origin = options.origin;
    this.requestEdits = options.requestEdits;
    this.responseEdits = options.responseEdits;
    this.timeoutMs = options.timeoutMs;
    this.stats = options.stats;
    this.destinations = destinations;
    this.needsWholeRequest = options.requestEdits !== undefined;
    this.needsWholeResponse = options.responseEdits !== undefined;
    this.#only = destinations.length === 1 ? destinations[0].cluster : undefined;
    this.#first = destinations[0].cluster;
    let total = 0;
    this.#bounds = Float64Array.from(destinations, (destination) => (total += destination.weight));
    this.#total = total;
  }

  /** One of the destinations, by weight. */
  pickCluster(): Cluster<E> {
    const only = this.#only;
    if (only !== undefined) return only;
    const bounds = this.#bounds;
    const draw = Math.random() * this.#total;
    for (let i = 0; i < bounds.length; i++) if (draw < bounds[i]!) return this.destinations[i]!.cluster;
    return this.#first;
  }
}
