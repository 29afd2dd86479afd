import { Cluster, type ClusterSpec, ClusterStats, type EndpointSource } from './cluster.ts';
import type { BalancedEndpoint, LoadBalancerFactory } from './load-balancer.ts';

/** What all clusters of a set have in common. */
export interface ClusterSetOptions<E extends BalancedEndpoint> {
  readonly endpoints: EndpointSource<E>;
  /** By name, upper case. */
  readonly loadBalancers: ReadonlyMap<string, LoadBalancerFactory>;
  /** `request`: every request is balanced on its own, also those that arrived in one read. */
  readonly balance: 'readEvent' | 'request';
}

interface Held<E extends BalancedEndpoint> {
  readonly cluster: Cluster<E>;
  users: number;
}

/** Live clusters, shared by all routes that mean the same endpoints, closed when the last route lets go. */
export class ClusterSet<E extends BalancedEndpoint> {
  readonly #options: ClusterSetOptions<E>;
  readonly #held = new Map<string, Held<E>>();
  readonly #byName = new Map<string, Set<Cluster<E>>>();
  /** By the cluster's name: counters survive a change of labels or balancer. */
  readonly #stats = new Map<string, ClusterStats>();

  constructor(options: ClusterSetOptions<E>) {
    this.#options = options;
  }

  /** Names of the balancers there are. */
  get loadBalancers(): ReadonlySet<string> {
    return new Set(this.#options.loadBalancers.keys());
  }

  /** The cluster of this spec, with one more user. */
  acquire(spec: ClusterSpec): Cluster<E> {
    const held = this.#held.get(spec.id);
    if (held !== undefined) {
      held.users++;
      return held.cluster;
    }
    const cluster = this.#create(spec);
    this.#held.set(spec.id, { cluster, users: 1 });
    for (const name of spec.dependsOn) {
      const clusters = this.#byName.get(name);
      if (clusters === undefined) this.#byName.set(name, new Set([cluster]));
      else clusters.add(cluster);
    }
    return cluster;
  }

  release(cluster: Cluster<E>): void {
    const held = this.#held.get(cluster.spec.id);
    if (held?.cluster !== cluster || --held.users > 0) return;
    this.#held.delete(cluster.spec.id);
    for (const name of cluster.spec.dependsOn) {
      const clusters = this.#byName.get(name);
      clusters?.delete(cluster);
      if (clusters?.size === 0) this.#byName.delete(name);
    }
    cluster.close();
  }

  /** Looks up again the endpoints of the clusters that depend on any of these lower-case names. */
  refresh(names: Iterable<string>): void {
    const affected = new Set<Cluster<E>>();
    for (const name of names) for (const cluster of this.#byName.get(name) ?? []) affected.add(cluster);
    for (const cluster of affected) cluster.refresh();
  }

  /** Every cluster in use, for the admin listener. */
  *all(): Iterable<Cluster<E>> {
    for (const held of this.#held.values()) yield held.cluster;
  }

  #create(spec: ClusterSpec): Cluster<E> {
    const factory = this.#options.loadBalancers.get(spec.loadBalancer);
    if (factory === undefined) throw new Error(`no load balancer is called ${spec.loadBalancer}`);
    const name = spec.partOf ?? spec.name;
    let stats = this.#stats.get(name);
    if (stats === undefined) {
      stats = new ClusterStats();
      this.#stats.set(name, stats);
    }
    return new Cluster(spec, stats, this.#options.endpoints, factory.create(), this.#options.balance === 'readEvent');
  }
}
