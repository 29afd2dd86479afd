import type { Bootstrap, ListenerConfig, ListenerProtocolConfig } from '../config/bootstrap-model.ts';
import type { MeshResources } from '../config/model.ts';
import type { Acceptor } from '../downstream/detecting-connection.ts';
import type { Problem } from '../errors/config-error.ts';
import { FilterChain } from '../filter/chain.ts';
import { routeHeaders } from '../filter/route-headers.ts';
import type { ListenerStats } from '../observe/listener-stats.ts';
import type { Log } from '../observe/log.ts';
import { settingsAsMetadata } from '../protocol/settings.ts';
import type { Detection } from '../protocol/spi.ts';
import { alpnOf, type Head, type Protocol } from '../protocol/streaming.ts';
import type { ServiceEntryStore } from '../registry/service-entry-store.ts';
import { type PreparedRoutes, RoutingState } from '../route/routing-state.ts';
import type { HeadReader } from '../stream/stream.ts';
import type { SocketTransport } from '../transport/socket-transport.ts';
import type { TimerWheel } from '../transport/timer-wheel.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';
import type { ProxiedExchange } from './exchange.ts';
import { fixedRoutes } from './fixed-routes.ts';
import type { ListenerFilters } from './listener-filters.ts';
import type { RouteSource } from './path-options.ts';
import type { ListenedProtocol, ProtocolRuntime } from './protocol-runtime.ts';
import { RequestPath } from './request-path.ts';

/** Told of a request that ended, and how to read its head. */
export type RequestEnd = (listener: string, exchange: ProxiedExchange<Head, Head>, heads: HeadReader<Head, Head>) => void;

/** What one protocol of a listener is made with. */
export interface ListenerProtocolOptions {
  readonly listener: ListenerConfig;
  readonly config: ListenerProtocolConfig;
  readonly codec: Protocol;
  readonly runtime: ProtocolRuntime;
  readonly bootstrap: Bootstrap;
  readonly store: ServiceEntryStore;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly stats: ListenerStats;
  /** undefined: nobody listens. */
  readonly onRequestEnd: RequestEnd | undefined;
}

/** One protocol of a listener, with its routes and the way of its requests. */
export class ListenerProtocol implements Acceptor {
  readonly name: string;
  readonly stats: ListenerStats;
  /** undefined: everything goes to one upstream. */
  readonly routing: RoutingState<Head, UpstreamEndpoint<Head, Head>> | undefined;
  /** Absent: it takes whatever comes. */
  readonly detect?: (head: Buffer) => Detection;
  /** Its names in TLS's negotiation; empty: it is not negotiated. */
  readonly alpn: readonly string[];
  readonly #listened: ListenedProtocol;
  readonly #path: RequestPath<Head, Head>;

  /** @throws ConfigError when its parts do not fit together */
  constructor(options: ListenerProtocolOptions, filters: ListenerFilters) {
    const { listener, config, codec, runtime, wheel, log, stats, bootstrap, onRequestEnd } = options;
    const listened = runtime.listen(config.settings);
    const { protocol } = listened;
    filters.check(listened.routeProtocol);
    this.name = config.name;
    this.stats = stats;
    if (codec.detect !== undefined) this.detect = (head) => codec.detect?.(head) ?? 'match';
    this.alpn = alpnOf(codec);
    this.#listened = listened;
    this.routing = listener.upstream === undefined ? createRouting(options, listened, filters.declared) : undefined;
    this.#path = new RequestPath(
      {
        listener: listener.name,
        protocol,
        wheel,
        stats,
        filters: new FilterChain([...filters.filters, ...(protocol.hasMediation ? [routeHeaders] : [])]),
        declaredHeaders: filters.declared.length,
        defaultTimeoutMs: bootstrap.defaultTimeout,
        streamIdleTimeoutMs: bootstrap.limits.streamIdleTimeout,
        log: onRequestEnd === undefined ? undefined : (exchange) => onRequestEnd(listener.name, exchange, protocol.heads),
        onClosed: ({ transport: { peer } }, reason) => log.debug('a caller is gone', { listener: listener.name, peer, reason }),
        onUnreadable: (detail) => log.debug('a caller sent what cannot be read', { listener: listener.name, detail }),
      },
      this.routing?.table ?? fixedOf(options, listened, filters.declared),
    );
  }

  accept(transport: SocketTransport) {
    return this.#listened.protocol.accept(transport, this.#path);
  }

  /** Judges resources for this protocol. Nothing is in force before commit(). */
  prepare(resources: MeshResources): PreparedRoutes {
    const { routing } = this;
    if (routing === undefined) return { problems: [], commit: () => () => undefined };
    const { commit, ...judged } = routing.prepare(resources);
    return {
      ...judged,
      commit: () => {
        const release = commit();
        this.#path.routes = routing.table;
        return release;
      },
    };
  }
}

function createRouting(
  { listener, runtime, store, log }: ListenerProtocolOptions,
  listened: ListenedProtocol,
  declared: readonly string[],
) {
  const wire = listener.deadline === 'wire';
  return new RoutingState({
    protocol: listened.routeProtocol,
    store,
    clusters: runtime.clusters,
    declaredHeaders: declared,
    wantTimeout: wire,
    wantAffinity: wire && listened.protocol.multiplexed,
    onProblem: (problem: Problem) => log.error(problem.message, { listener: listener.name }),
  });
}

function fixedOf(
  { listener, config, runtime }: ListenerProtocolOptions,
  { protocol }: ListenedProtocol,
  names: readonly string[],
): RouteSource<Head, Head> {
  const { name, upstream, deadline } = listener;
  if (upstream === undefined) throw new Error(`listener ${name} has no upstream`);
  return fixedRoutes({
    listener: name,
    upstream,
    metadata: settingsAsMetadata(config.name, config.settings),
    heads: protocol.heads,
    endpoints: runtime.pools,
    names,
    timeout: deadline === 'wire',
  });
}
