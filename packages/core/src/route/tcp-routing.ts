import type { ClusterSpec } from '../cluster/cluster.ts';
import type { ClusterSet } from '../cluster/cluster-set.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { DestinationRule, MeshResources, RouteDestination, TcpRoute, VirtualService } from '../config/model.ts';
import { formatPosition, type Position, type Problem } from '../errors/config-error.ts';
import { OPAQUE_PROTOCOL } from '../identity/opaque-protocol.ts';
import { parseServiceKey } from '../identity/service-key.ts';
import type { ServiceDirectory } from '../registry/entry-index.ts';
import type { DirectoryChange, ServiceEntryStore } from '../registry/service-entry-store.ts';
import { checkHosts } from './check-hosts.ts';
import { clusterSpec, type DestinationContext, targetNames } from './destination.ts';
import { HostIndex } from './host-index.ts';
import { inIstioOrder } from './merged-rules.ts';
import { Route, RouteStats, type WeightedCluster } from './route.ts';
import { FILES, type PreparedRoutes } from './routing-state.ts';

/** What the routing of connections without requests is made from. */
export interface TcpRoutingOptions<E extends BalancedEndpoint> {
  /** Names the listener in messages. */
  readonly listener: string;
  /** The service that callers mean, and its port. */
  readonly target: { readonly host: string; readonly port: number };
  readonly store: ServiceEntryStore;
  readonly clusters: ClusterSet<E>;
}

interface Snapshot extends DestinationContext {
  readonly virtualServices: HostIndex<VirtualService>;
}

/** One service's connections: by its VirtualServices' `tcp` routes, else to all its endpoints. From configuration to configuration. */
export class TcpRouting<E extends BalancedEndpoint> {
  readonly #options: TcpRoutingOptions<E>;
  readonly #stats = new Map<string, RouteStats>();
  readonly #unsubscribe: () => void;
  readonly #names: ReadonlySet<string>;
  readonly #retired = new Set<Route<E>>();
  #snapshot: Snapshot;
  #route: Route<E>;

  constructor(options: TcpRoutingOptions<E>) {
    this.#options = options;
    this.#names = targetNames(targetOf(options.target.host));
    this.#snapshot = this.#snapshotOf({ virtualServices: [], destinationRules: [], serviceEntries: [] }, options.store);
    this.#route = this.#compile(this.#snapshot);
    this.#unsubscribe = options.store.onChange((change) => this.#onChange(change));
  }

  /** In force now. */
  get route(): Route<E> {
    return this.#route;
  }
  /** Counters of every route that there was, by name. */
  get stats(): ReadonlyMap<string, RouteStats> {
    return this.#stats;
  }

  /** Judges resources as they would be with the registries' present entries. Changes nothing. */
  prepare(resources: MeshResources): PreparedRoutes {
    const { store, clusters } = this.#options;
    const snapshot = this.#snapshotOf(resources, store);
    const indexes = [snapshot.virtualServices, snapshot.destinationRules];
    const problems = [
      ...checkHosts(resources, indexes, clusters.loadBalancers),
      ...this.#checkTarget(store.preview(FILES, resources.serviceEntries)),
      ...(this.#ruleOf(snapshot) === undefined ? this.#checkUnused(resources) : []),
    ];
    return { problems, commit: () => this.#commit(snapshot) };
  }

  close(): void {
    this.#unsubscribe();
    for (const route of [this.#route, ...this.#retired]) this.#release(route);
    this.#retired.clear();
  }

  #commit(snapshot: Snapshot): () => void {
    const old = this.#route;
    this.#snapshot = snapshot;
    this.#route = this.#compile(snapshot);
    this.#retired.add(old);
    return () => {
      if (this.#retired.delete(old)) this.#release(old);
    };
  }

  /** Endpoints change inside clusters; who a service is may change which DestinationRule is its own. */
  #onChange({ names, endpointsOnly }: DirectoryChange): void {
    this.#options.clusters.refresh(names);
    if (endpointsOnly || ![...names].some((name) => this.#names.has(name))) return;
    const old = this.#route;
    this.#route = this.#compile(this.#snapshot);
    this.#release(old);
  }

  #snapshotOf(resources: MeshResources, directory: ServiceDirectory): Snapshot {
    const services = inIstioOrder(resources.virtualServices).filter(({ tcpRoutes = [] }) => tcpRoutes.length > 0);
    return {
      protocol: OPAQUE_PROTOCOL,
      directory,
      virtualServices: new HostIndex(services.flatMap((resource) => resource.hosts.map((host) => ({ resource, host })))),
      destinationRules: new HostIndex<DestinationRule>(resources.destinationRules.map((resource) => ({ resource, host: resource.host }))),
    };
  }

  #compile(snapshot: Snapshot): Route<E> {
    const { host } = this.#options.target;
    const rule = this.#ruleOf(snapshot);
    if (rule === undefined) {
      const spec = clusterSpec(snapshot, targetOf(host), undefined);
      return this.#routeOf(host, spec.origin, [this.#weighted(spec, 1)]);
    }
    const { name, position, destinations } = rule;
    const [first, ...more] = destinations.map((destination) => this.#destination(snapshot, destination));
    if (first === undefined) throw new Error(`route ${name} has no destination`);
    return this.#routeOf(name, formatPosition(position), [first, ...more]);
  }

  /** As Istio merges them: rules of all VirtualServices, those for any port behind those for one. */
  #ruleOf({ virtualServices }: Snapshot): { name: string; position: Position; destinations: readonly RouteDestination[] } | undefined {
    const { host, port } = this.#options.target;
    const named = virtualServices.named(host.toLowerCase());
    const resources = new Set((named.length > 0 ? named : virtualServices.wildcard([host.toLowerCase()])).map(({ resource }) => resource));
    const rules = [...resources].flatMap(({ name, tcpRoutes = [] }) =>
      tcpRoutes.map((route: TcpRoute, at) => ({ ...route, name: `${name}#tcp${at + 1}` })),
    );
    return rules.find(({ ports }) => ports.includes(port)) ?? rules.find(({ ports }) => ports.length === 0);
  }

  #destination(snapshot: Snapshot, { host, subset, weight }: RouteDestination): WeightedCluster<E> {
    return this.#weighted(clusterSpec(snapshot, targetOf(host), subset), weight);
  }
  #weighted(spec: ClusterSpec, weight: number): WeightedCluster<E> {
    return { cluster: this.#options.clusters.acquire(spec), weight };
  }
  #routeOf(name: string, origin: string, destinations: readonly [WeightedCluster<E>, ...WeightedCluster<E>[]]): Route<E> {
    let stats = this.#stats.get(name);
    if (stats === undefined) {
      stats = new RouteStats();
      this.#stats.set(name, stats);
    }
    return new Route({ name, origin, requestEdits: undefined, responseEdits: undefined, timeoutMs: -1, stats }, destinations);
  }
  #release(route: Route<E>): void {
    for (const { cluster } of route.destinations) this.#options.clusters.release(cluster);
  }

  /** VirtualServices that name the target's host, none of which has a route for its port: not what their author expects. */
  #checkUnused(resources: MeshResources): Problem[] {
    const { listener, target } = this.#options;
    const speakers = resources.virtualServices.filter(({ hosts }) =>
      hosts.some(({ text }) => text.toLowerCase() === target.host.toLowerCase()),
    );
    return speakers.map(({ name, position }) => ({
      severity: 'warning',
      message: `VirtualService ${name} has no spec.tcp route for port ${target.port}: connections of listener ${listener} go to all endpoints of "${target.host}"`,
      position,
    }));
  }

  #checkTarget(directory: ServiceDirectory): Problem[] {
    const { listener, target } = this.#options;
    const [entry] = directory.byHost(target.host.toLowerCase());
    const who = `listener ${listener}: "${target.host}"`;
    if (entry === undefined) {
      const message = `${who} is in no ServiceEntry and no registry now: until it is, its connections are reset`;
      return [{ severity: 'warning', message, position: undefined }];
    }
    const { origin, ports, port } = entry.entry;
    if (port === undefined ? ports.some(({ number }) => number === target.port) : port === target.port) return [];
    const known = ports.map(({ number }) => number).join(', ');
    const message = ports.some(({ number }) => number === target.port)
      ? `${who} is reached at port ${port} of the ServiceEntry at ${origin}, not at ${target.port}: write a ServiceEntry of its own for that port`
      : `${who} has no port ${target.port}: the ServiceEntry at ${origin} has ${known}`;
    return [{ severity: 'error', message, position: undefined }];
  }
}

function targetOf(host: string) {
  return { text: host, pattern: parseServiceKey(host), variant: undefined };
}
