import type { Bootstrap, ListenerConfig } from '../config/bootstrap-model.ts';
import type { MeshResources } from '../config/model.ts';
import { Listener } from '../downstream/listener.ts';
import { ConfigError, type Problem } from '../errors/config-error.ts';
import { FilterChain } from '../filter/chain.ts';
import type { Filter, FilterFactory } from '../filter/filter.ts';
import { routeHeaders } from '../filter/route-headers.ts';
import { ListenerStats } from '../observe/listener-stats.ts';
import type { Log } from '../observe/log.ts';
import type { Frame } from '../protocol/spi.ts';
import type { ServiceEntryStore } from '../registry/service-entry-store.ts';
import type { ExplainReport, ExplainRequest } from '../route/explain.ts';
import { type PreparedRoutes, RoutingState } from '../route/routing-state.ts';
import type { TimerWheel } from '../transport/timer-wheel.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';
import type { ProxiedExchange } from './exchange.ts';
import { fixedRoutes } from './fixed-routes.ts';
import type { RouteSource } from './path-options.ts';
import type { ProtocolRuntime } from './protocol-runtime.ts';
import { RequestPath } from './request-path.ts';

/** What a listener needs of the proxy it belongs to. */
export interface ListenerEnvironment {
  readonly bootstrap: Bootstrap;
  readonly runtime: ProtocolRuntime;
  readonly store: ServiceEntryStore;
  readonly filters: ReadonlyMap<string, FilterFactory>;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** Told of every request that ended; undefined: nobody listens. */
  readonly onRequestEnd: ((listener: string, exchange: ProxiedExchange<Frame, Frame>) => void) | undefined;
}

type Routing = RoutingState<Frame, UpstreamEndpoint<Frame, Frame>>;

/** One configured listener with everything behind it. */
export class ListenerRuntime {
  readonly config: ListenerConfig;
  readonly stats = new ListenerStats();
  readonly listener: Listener;
  /** undefined: it sends everything to one upstream. */
  readonly routing: Routing | undefined;
  readonly protocol: string;
  readonly #path: RequestPath<Frame, Frame>;

  /** @throws ConfigError when its parts do not fit together */
  constructor(config: ListenerConfig, environment: ListenerEnvironment) {
    const { bootstrap, runtime, log, onRequestEnd } = environment;
    this.config = config;
    this.protocol = runtime.protocol.name;
    const { filters, declared } = createFilters(config, environment);
    this.routing = config.upstream === undefined ? createRouting(config, environment, declared) : undefined;
    const routes = this.routing?.table ?? fixedOf(config, environment, declared);
    const { name } = config;
    this.#path = new RequestPath(
      {
        listener: name,
        protocol: runtime.protocol,
        wheel: environment.wheel,
        stats: this.stats,
        filters: new FilterChain([...filters, ...(runtime.protocol.hasMediation ? [routeHeaders] : [])]),
        declaredHeaders: declared.length,
        defaultTimeoutMs: bootstrap.defaultTimeout,
        log: onRequestEnd === undefined ? undefined : (exchange) => onRequestEnd(name, exchange),
        onClosed: (connection, reason) => log.debug('a caller is gone', { listener: name, peer: connection.transport.peer, reason }),
        onUnreadable: (detail) => log.debug('a caller sent what cannot be read', { listener: name, detail }),
      },
      routes,
    );
    this.listener = new Listener({
      config,
      maxConnections: bootstrap.limits.maxConnectionsPerListener,
      idleTimeoutMs: bootstrap.limits.idleTimeout,
      stats: this.stats,
      accept: (transport) => runtime.protocol.accept(transport, this.#path),
    });
  }

  /** Judges resources for this listener. Nothing is in force before commit(). */
  prepare(resources: MeshResources): PreparedRoutes {
    const prepared = this.routing?.prepare(resources);
    if (prepared === undefined) return { problems: [], commit: () => () => undefined };
    return {
      problems: prepared.problems,
      commit: () => {
        const release = prepared.commit();
        if (this.routing !== undefined) this.#path.routes = this.routing.table;
        return release;
      },
    };
  }

  explain(request: ExplainRequest): ExplainReport | undefined {
    return this.routing?.explain(request);
  }

  close(reason: string): Promise<void> {
    const closed = this.listener.close(reason);
    this.routing?.close();
    return closed;
  }
}

function createFilters(config: ListenerConfig, environment: ListenerEnvironment): { filters: Filter[]; declared: string[] } {
  const declared: string[] = [];
  const declare = (header: string): number => {
    const known = declared.indexOf(header);
    return known >= 0 ? known : declared.push(header) - 1;
  };
  const filters = config.filters.map(({ name, config: settings }) => {
    const factory = environment.filters.get(name);
    if (factory === undefined) throw new ConfigError(`listener ${config.name}: no plugin brings the filter "${name}"`);
    const filter = factory.create(settings, declare);
    const { capabilities, name: protocol } = environment.runtime.routeProtocol;
    const missing = filter.requires?.find((capability) => !capabilities.has(capability));
    if (missing === undefined) return filter;
    throw new ConfigError(`listener ${config.name}: the filter "${name}" needs ${missing}, which the protocol ${protocol} does not have`);
  });
  return { filters, declared };
}

function createRouting(config: ListenerConfig, environment: ListenerEnvironment, declared: readonly string[]): Routing {
  const { runtime, store, log } = environment;
  return new RoutingState({
    protocol: runtime.routeProtocol,
    store,
    clusters: runtime.clusters,
    declaredHeaders: declared,
    wantTimeout: config.deadline === 'wire',
    wantAffinity: config.deadline === 'wire' && runtime.protocol.multiplexed,
    onProblem: (problem: Problem) => log.error(problem.message, { listener: config.name }),
  });
}

function fixedOf(config: ListenerConfig, environment: ListenerEnvironment, names: readonly string[]): RouteSource<Frame, Frame> {
  if (config.upstream === undefined) throw new ConfigError(`listener ${config.name} has no upstream`);
  const { protocol, pools } = environment.runtime;
  const timeout = config.deadline === 'wire';
  return fixedRoutes({ listener: config.name, upstream: config.upstream, heads: protocol.heads, endpoints: pools, names, timeout });
}
