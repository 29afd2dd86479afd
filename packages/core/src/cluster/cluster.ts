import type { ClientTls } from '../config/model.ts';
import { EffectiveWeights, type Warming } from './effective-weights.ts';
import type { Endpoint } from './endpoint.ts';
import type { BalancedEndpoint, LoadBalancer, Picker } from './load-balancer.ts';
import type { WarmUp } from './warm-up.ts';

/** Makes live endpoints. What must be shared by address (connections, health) is shared, and counted, behind them. */
export interface EndpointSource<E extends BalancedEndpoint> {
  /**
   * A live endpoint whose data is `endpoint`: weight, labels and metadata of one address differ between services.
   * @param tls how it is connected to; absent: plainly
   */
  acquire(endpoint: Endpoint, tls?: EndpointTls): E;
  release(live: E): void;
}

/** TLS towards one endpoint. */
export interface EndpointTls {
  readonly settings: ClientTls;
  /** Host of the endpoint's service. */
  readonly host: string;
}

/** Counters of one cluster, since the process began. */
export class ClusterStats {
  requests = 0;
  ok = 0;
  businessErrors = 0;
  failures = 0;
  timeouts = 0;
  retries = 0;
}

/** An endpoint that a cluster knows and does not use. */
export interface LeftOutEndpoint {
  readonly endpoint: Endpoint;
  /** `label version is "v1", the subset wants "v2"` */
  readonly why: string;
}

/** The endpoints of a cluster at one moment. */
export interface ResolvedEndpoints {
  /** All have weight > 0; no two have the same address and port. */
  readonly chosen: readonly Endpoint[];
  readonly leftOut: readonly LeftOutEndpoint[];
  /** Hosts of the services that the chosen endpoints are of; needed for TLS alone. */
  readonly hosts?: ReadonlyMap<Endpoint, string>;
  /** Why nothing is chosen; meaningless when something is. */
  readonly emptiness: string;
}

/** What a cluster is made from. */
export interface ClusterSpec {
  /** Equal ids mean interchangeable clusters: they are shared, also from one configuration to the next. */
  readonly id: string;
  /** `host`, or `host|subset`. */
  readonly name: string;
  /** Name of a balancer's factory. */
  readonly loadBalancer: string;
  /** How its endpoints are connected to; absent: plainly. */
  readonly tls?: ClientTls | undefined;
  /** How its endpoints come to their shares, whatever they say themselves; absent: as they say. */
  readonly warmUp?: WarmUp | undefined;
  /** `file:line:column` of the DestinationRule, or of the service's entry. */
  readonly origin: string;
  /** Lower-case interfaces and hosts whose change asks for a new resolve(). */
  readonly dependsOn: readonly string[];
  /**
   * Name of another cluster, which has all these endpoints and more, is held at least as long and keeps the connections. Requests count
   * there, and those that still hold this cluster when it is closed go on.
   */
  readonly partOf?: string;
  resolve(): ResolvedEndpoints;
}

/** A named set of endpoints and the balancer that chooses among them. */
export class Cluster<E extends BalancedEndpoint> {
  readonly spec: ClusterSpec;
  readonly name: string;
  readonly stats: ClusterStats;
  readonly #source: EndpointSource<E>;
  readonly #balancer: LoadBalancer;
  readonly #sharesPicks: boolean;
  #resolved: ResolvedEndpoints = { chosen: [], leftOut: [], emptiness: 'it was not resolved yet' };
  #endpoints: readonly E[] = [];
  #weights = new EffectiveWeights([], undefined, 0);
  /** Runs while an endpoint warms up. */
  #renewal: NodeJS.Timeout | undefined;
  #picker: Picker<E> | undefined;
  #lastEvent = -1;
  #last: E | undefined;
  #shared = 0;

  /** @param sharePicks whether requests of one read may go to one endpoint, if the balancer agrees */
  constructor(spec: ClusterSpec, stats: ClusterStats, source: EndpointSource<E>, balancer: LoadBalancer, sharePicks: boolean) {
    this.spec = spec;
    this.name = spec.name;
    this.stats = stats;
    this.#source = source;
    this.#balancer = balancer;
    this.#sharesPicks = sharePicks && balancer.sharesPicks;
    this.refresh();
  }

  get endpoints(): readonly E[] {
    return this.#endpoints;
  }

  get resolved(): ResolvedEndpoints {
    return this.#resolved;
  }

  /**
   * @param readEvent grows by one with every read event; requests of one event share a pick
   * @param tried an endpoint that just failed this request
   * @returns undefined: there is no endpoint, see describeEmptiness
   */
  pick(readEvent: number, tried: E | undefined): E | undefined {
    const picker = this.#picker;
    if (picker === undefined) return undefined;
    if (!this.#sharesPicks || tried !== undefined) return picker.pick(tried);
    const last = this.#last;
    if (last !== undefined && readEvent === this.#lastEvent && last.available) {
      this.#shared++;
      return last;
    }
    if (this.#shared > 0) {
      picker.shared?.(this.#shared);
      this.#shared = 0;
    }
    const picked = picker.pick(undefined);
    this.#last = picked;
    this.#lastEvent = readEvent;
    return picked;
  }

  /** How far the endpoint at this place of `endpoints` is; undefined: it takes its whole share. */
  warming(index: number): Warming | undefined {
    return this.#weights.warming(index);
  }

  /** Why pick() has nothing. */
  describeEmptiness(): string {
    return this.#resolved.emptiness;
  }

  /** Looks the endpoints up again. Those that stay keep their connections. */
  refresh(): void {
    this.#replace(this.spec.resolve());
  }

  /** Lets every endpoint go. Requests that still hold the cluster find it empty, unless it is a part of another. */
  close(): void {
    clearTimeout(this.#renewal);
    if (this.spec.partOf !== undefined) {
      for (const endpoint of this.#endpoints) this.#source.release(endpoint);
      return;
    }
    this.#replace({ chosen: [], leftOut: [], emptiness: `${this.name} is no longer configured` });
  }

  #replace(resolved: ResolvedEndpoints): void {
    const before = this.#endpoints;
    if (sameElements(this.#resolved.chosen, resolved.chosen)) {
      this.#resolved = resolved;
      return;
    }
    const { tls: settings } = this.spec;
    const live = resolved.chosen.map((endpoint) =>
      settings === undefined
        ? this.#source.acquire(endpoint)
        : this.#source.acquire(endpoint, { settings, host: resolved.hosts?.get(endpoint) ?? endpoint.address }),
    );
    this.#resolved = resolved;
    this.#endpoints = live;
    const now = Date.now();
    this.#weights = new EffectiveWeights(live, this.spec.warmUp, now);
    this.#newPicker();
    this.#renewLater(now);
    for (const endpoint of before) this.#source.release(endpoint);
  }

  #newPicker(): void {
    const live = this.#endpoints;
    this.#picker = live.length === 0 ? undefined : this.#balancer.update(live, this.#weights.values);
    this.#last = undefined;
    this.#shared = 0;
  }

  #renewLater(now: number): void {
    clearTimeout(this.#renewal);
    const pauseMs = this.#weights.pauseMs(now);
    this.#renewal = pauseMs === undefined ? undefined : setTimeout(() => this.#renew(), pauseMs).unref();
  }

  #renew(): void {
    const now = Date.now();
    if (this.#weights.renew(now) && this.#picker?.reweigh?.(this.#weights.values) !== true) this.#newPicker();
    this.#renewLater(now);
  }
}

/** Endpoints are immutable: what is the same object has not changed. */
function sameElements(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return a.length === b.length && a.every((endpoint, index) => endpoint === b[index]);
}
