import type { ClusterSet } from '../cluster/cluster-set.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { DestinationRule, MeshResources, VirtualService } from '../config/model.ts';
import type { Problem } from '../errors/config-error.ts';
import type { DirectoryChange, ServiceEntryStore, SourceOptions } from '../registry/service-entry-store.ts';
import { checkHosts } from './check-hosts.ts';
import { checkRoutes } from './check-routes.ts';
import type { CompileContext, RouteProtocol } from './compile-service.ts';
import { type ExplainReport, type ExplainRequest, explainRequest } from './explain.ts';
import { HostIndex } from './host-index.ts';
import { inIstioOrder } from './merged-rules.ts';
import { RouteStats } from './route.ts';
import { RouteTable } from './route-table.ts';
import { ScanCache } from './scan-cache.ts';

/** The source of the entries that files hold. */
export const FILES: SourceOptions = { name: 'files', exactIdentity: false };

/** What routing for one protocol of one listener is made from. */
export interface RoutingOptions<H, E extends BalancedEndpoint> {
  readonly protocol: RouteProtocol<H>;
  readonly store: ServiceEntryStore;
  readonly clusters: ClusterSet<E>;
  /** Header names that the listener's filters declared, distinct: the first values of every scan, in this order. */
  readonly declaredHeaders: readonly string[];
  /** Whether scans read the deadline that the caller wrote. */
  readonly wantTimeout: boolean;
  /** Whether scans tell callers that need an upstream connection of their own. */
  readonly wantAffinity: boolean;
  /** Told of problems that show only when a registry announces a service, after the configuration was loaded. */
  onProblem(problem: Problem): void;
}

/** A configuration that was judged and is not in force. */
export interface PreparedRoutes {
  /** Refuse the change when any is an error. */
  readonly problems: readonly Problem[];
  /** Those of `problems` that are none when another protocol has no such problem. */
  readonly doubtful?: ReadonlySet<Problem>;
  /**
   * Puts it in force, after the store was given the new file entries.
   * @returns lets go of what only the former snapshot used; call it once its requests have ended
   */
  commit(): () => void;
}

/** Routes for one protocol of one listener, from configuration to configuration. */
export class RoutingState<H, E extends BalancedEndpoint> {
  readonly #options: RoutingOptions<H, E>;
  readonly #stats = new Map<string, RouteStats>();
  readonly #unsubscribe: () => void;
  #context: CompileContext<H, E>;
  #table: RouteTable<H, E>;
  readonly #retired = new Set<RouteTable<H, E>>();

  /** Begins with no resources: every announced service is routed to all its endpoints. */
  constructor(options: RoutingOptions<H, E>) {
    this.#options = options;
    this.#context = this.#contextOf({ virtualServices: [], destinationRules: [], serviceEntries: [] });
    this.#table = this.#tableOf(this.#context);
    this.#unsubscribe = options.store.onChange((change) => this.#onChange(change));
  }

  /** The table in force. Take it once per read event or request; it is replaced when the configuration changes. */
  get table(): RouteTable<H, E> {
    return this.#table;
  }

  /** Judges resources as they would be with the registries' present entries. Changes nothing. */
  prepare(resources: MeshResources): PreparedRoutes {
    const { store, protocol, clusters } = this.#options;
    const context = this.#contextOf(resources);
    const directory = store.preview(FILES, resources.serviceEntries);
    const hosts = checkHosts(resources, [context.virtualServices, context.destinationRules], clusters.loadBalancers);
    const { problems, doubtful } = checkRoutes({ ...context, directory, routeProtocol: protocol, resources });
    return { problems: [...hosts, ...problems], doubtful, commit: () => this.#commit(context) };
  }

  /** Which way a request would take and why, by the tests that requests meet. */
  explain(request: ExplainRequest): ExplainReport {
    return explainRequest({ table: this.#table, context: this.#context, protocol: this.#options.protocol }, request);
  }

  /** Lets all clusters go and hears no more of the store. */
  close(): void {
    this.#unsubscribe();
    this.#table.close();
    for (const table of this.#retired) table.close();
    this.#retired.clear();
  }

  /** Counters of every route that was compiled, by service and route. */
  get stats(): ReadonlyMap<string, RouteStats> {
    return this.#stats;
  }

  #commit(context: CompileContext<H, E>): () => void {
    const old = this.#table;
    const table = this.#tableOf(context);
    table.warm(old);
    this.#context = context;
    this.#table = table;
    this.#retired.add(old);
    return () => {
      if (this.#retired.delete(old)) old.close();
    };
  }

  /** Endpoints change inside clusters, whoever uses them; identities change routes. */
  #onChange(change: DirectoryChange): void {
    this.#options.clusters.refresh(change.names);
    if (!change.endpointsOnly) this.#table.invalidate(change.names);
  }

  #contextOf(resources: MeshResources): CompileContext<H, E> {
    const { protocol, store, clusters, declaredHeaders, wantTimeout, wantAffinity } = this.#options;
    // One that routes only opaque connections says nothing of requests.
    const services = inIstioOrder(resources.virtualServices).filter(
      ({ routes, tcpRoutes = [] }) => routes.length > 0 || tcpRoutes.length === 0,
    );
    const written = services.flatMap((resource) => resource.hosts.map((host) => ({ resource, host })));
    return {
      protocol: protocol.name,
      methodIsPath: protocol.methodIsPath,
      directory: store,
      virtualServices: new HostIndex<VirtualService>(written),
      destinationRules: new HostIndex<DestinationRule>(resources.destinationRules.map((resource) => ({ resource, host: resource.host }))),
      clusters,
      scans: new ScanCache({
        caseSensitive: protocol.caseSensitiveHeaders,
        declared: declaredHeaders,
        timeout: wantTimeout,
        affinity: wantAffinity,
        compile: (wanted) => protocol.compileScan(wanted),
      }),
      statsOf: (route) => this.#statsOf(route),
    };
  }

  #tableOf(context: CompileContext<H, E>): RouteTable<H, E> {
    return new RouteTable(context, (message) => this.#options.onProblem({ severity: 'error', message, position: undefined }));
  }

  #statsOf(route: string): RouteStats {
    let stats = this.#stats.get(route);
    if (stats === undefined) {
      stats = new RouteStats();
      this.#stats.set(route, stats);
    }
    return stats;
  }
}
