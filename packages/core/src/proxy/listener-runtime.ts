import type { Bootstrap, ListenerConfig } from '../config/bootstrap-model.ts';
import type { MeshResources } from '../config/model.ts';
import { Listener, type ListenerOptions } from '../downstream/listener.ts';
import { ConfigError } from '../errors/config-error.ts';
import type { FilterFactory } from '../filter/filter.ts';
import { ListenerStats } from '../observe/listener-stats.ts';
import type { Log } from '../observe/log.ts';
import type { Protocol } from '../protocol/streaming.ts';
import type { ServiceEntryStore } from '../registry/service-entry-store.ts';
import type { ExplainReport, ExplainRequest } from '../route/explain.ts';
import type { PreparedRoutes } from '../route/routing-state.ts';
import type { SocketTransport } from '../transport/socket-transport.ts';
import type { TimerWheel } from '../transport/timer-wheel.ts';
import { ListenerDetection } from './listener-detection.ts';
import { ListenerFilters } from './listener-filters.ts';
import { ListenerProtocol, type RequestEnd } from './listener-protocol.ts';
import { ListenerTls } from './listener-tls.ts';
import type { OpaqueConnection } from './opaque-connection.ts';
import { ListenerOpaque, type OpaqueRuntime } from './opaque-runtime.ts';
import type { ProtocolRuntime } from './protocol-runtime.ts';
import type { TlsRuntime } from './tls-runtime.ts';

/** What a listener needs of the proxy it belongs to. */
export interface ListenerEnvironment {
  readonly bootstrap: Bootstrap;
  /** @throws ConfigError when no plugin brings it */
  readonly protocol: (name: string) => { readonly codec: Protocol; readonly runtime: ProtocolRuntime };
  /** All that plugins brought. */
  readonly loaded: ReadonlyMap<string, Protocol>;
  readonly opaque: OpaqueRuntime;
  readonly tls: TlsRuntime;
  readonly store: ServiceEntryStore;
  readonly filters: ReadonlyMap<string, FilterFactory>;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** Told of every request that ended; undefined: nobody listens. */
  readonly onRequestEnd: RequestEnd | undefined;
  /** Told of every connection that was passed on as it is and ended. */
  readonly onOpaqueEnd: (connection: OpaqueConnection) => void;
}

/** One configured listener with everything behind it. */
export class ListenerRuntime {
  readonly config: ListenerConfig;
  /** Of its connections; of its requests, too, when it has one protocol. */
  readonly stats = new ListenerStats();
  readonly listener: Listener;
  /** In configured order. */
  readonly protocols: readonly ListenerProtocol[];
  /** Where it passes bytes on to; undefined: nowhere. */
  readonly opaque: ListenerOpaque | undefined;
  /** undefined: it has one way for all connections. */
  readonly detection: ListenerDetection | undefined;
  /** undefined: its connections are plain. */
  readonly tls: ListenerTls | undefined;

  /** @throws ConfigError when its parts do not fit together */
  constructor(config: ListenerConfig, environment: ListenerEnvironment) {
    const { bootstrap, wheel, log } = environment;
    const { detection } = config;
    this.config = config;
    this.protocols = createProtocols(config, environment, this.stats);
    this.opaque = createOpaque(config, environment);
    const fallback = this.opaque?.path;
    const others = [...environment.loaded.values()].filter(({ name }) => !config.protocols.some((protocol) => protocol.name === name));
    const { protocols } = this;
    this.detection = detection && new ListenerDetection({ listener: config, detection, protocols, others, fallback, wheel, log });
    this.tls = createTls(config, environment, protocols);
    const accept = this.#accept();
    this.listener = new Listener({
      config,
      maxConnections: bootstrap.limits.maxConnectionsPerListener,
      idleTimeoutMs: bootstrap.limits.idleTimeout,
      stats: this.stats,
      accept: this.tls?.accept(accept) ?? accept,
      security: this.tls?.security,
    });
  }

  /** Names of its protocols, for metrics and messages. */
  get names(): readonly string[] {
    return [...this.protocols, ...(this.config.opaque === undefined || this.opaque === undefined ? [] : [this.opaque.path])].map(
      ({ name }) => name,
    );
  }

  /** Judges resources for this listener. Nothing is in force before commit(). */
  prepare(resources: MeshResources): PreparedRoutes {
    const prepared = this.protocols.map((protocol) => protocol.prepare(resources));
    if (this.opaque?.routing !== undefined) prepared.push(this.opaque.routing.prepare(resources));
    return {
      problems: prepared.flatMap(({ problems }) => problems),
      doubtful: new Set(prepared.flatMap(({ doubtful = [] }) => [...doubtful])),
      commit: () => {
        const releases = prepared.map(({ commit }) => commit());
        return () => {
          for (const release of releases) release();
        };
      },
    };
  }

  /** undefined when it does not route this protocol. */
  explain(protocol: string, request: ExplainRequest): ExplainReport | undefined {
    return this.protocols.find(({ name }) => name === protocol)?.routing?.explain(request);
  }

  close(reason: string): Promise<void> {
    const closed = this.listener.close(reason);
    for (const { routing } of this.protocols) routing?.close();
    this.opaque?.close();
    return closed;
  }

  #accept(): ListenerOptions['accept'] {
    const { detection, opaque } = this;
    const [protocol] = this.protocols;
    if (detection !== undefined) return (transport) => detection.accept(transport);
    if (protocol !== undefined) return (transport) => protocol.accept(transport);
    if (opaque !== undefined) return (transport) => opaque.path.accept(transport);
    throw new ConfigError(`listener ${this.config.name} has no protocol`);
  }
}

function createProtocols(config: ListenerConfig, environment: ListenerEnvironment, shared: ListenerStats): ListenerProtocol[] {
  const filters = new ListenerFilters(config, environment.filters);
  const last = config.protocols.length - 1;
  return config.protocols.map((protocol, index) => {
    const { codec, runtime } = environment.protocol(protocol.name);
    if (codec.detect === undefined && index < last) {
      throw new ConfigError(
        `listener ${config.name}: the protocol ${protocol.name} recognises nothing and would take every connection: name it last`,
      );
    }
    const stats = last === 0 ? shared : new ListenerStats();
    return new ListenerProtocol({ ...environment, listener: config, config: protocol, codec, runtime, stats }, filters);
  });
}

/** @throws TlsFault */
function createTls(
  listener: ListenerConfig,
  { tls: runtime, bootstrap, loaded, log }: ListenerEnvironment,
  protocols: readonly ListenerProtocol[],
): ListenerTls | undefined {
  const { tls } = listener;
  if (tls === undefined) return undefined;
  const timeoutMs = bootstrap.limits.tlsHandshakeTimeout;
  const negotiable = protocols.map((protocol) => ({
    alpn: protocol.alpn,
    accept: (transport: SocketTransport) => protocol.accept(transport),
  }));
  const identity = runtime.listener(listener.name, tls);
  return new ListenerTls({ listener, tls, identity, protocols: negotiable, loaded: [...loaded.values()], timeoutMs, log });
}

function createOpaque({ name: listener, opaque, detection }: ListenerConfig, environment: ListenerEnvironment): ListenerOpaque | undefined {
  const target = opaque ?? (detection?.fallback === 'refuse' ? undefined : detection?.fallback);
  if (target === undefined) return undefined;
  const { opaque: runtime, store, onOpaqueEnd: onEnd } = environment;
  return new ListenerOpaque({ listener, target, runtime, store, onEnd });
}
