import { ClusterSet } from '../cluster/cluster-set.ts';
import type { LoadBalancerFactory } from '../cluster/load-balancer.ts';
import type { Bootstrap } from '../config/bootstrap-model.ts';
import { ConfigError } from '../errors/config-error.ts';
import { configured, settingsOf } from '../protocol/settings.ts';
import type { Capability } from '../protocol/spi.ts';
import { alpnOf, type Head, type Protocol, type StreamEngine } from '../protocol/streaming.ts';
import type { RouteProtocol } from '../route/compile-service.ts';
import { frameProtocol } from '../stream/frame-protocol.ts';
import { FrameUpstreamCounts } from '../stream/frame-upstream.ts';
import type { StreamCounter, StreamProtocol } from '../stream/stream.ts';
import { loop } from '../transport/loop.ts';
import type { TimerWheel } from '../transport/timer-wheel.ts';
import { type EndpointProtocol, Pools } from '../upstream/pools.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';
import type { TlsRuntime } from './tls-runtime.ts';

/** A protocol as one listener speaks it. */
export interface ListenedProtocol {
  readonly protocol: StreamProtocol<Head, Head>;
  readonly routeProtocol: RouteProtocol<Head>;
}

/** What a protocol needs of the proxy that it runs in. */
export interface ProtocolEnvironment {
  readonly bootstrap: Bootstrap;
  readonly loadBalancers: ReadonlyMap<string, LoadBalancerFactory>;
  readonly wheel: TimerWheel;
  readonly tls: TlsRuntime;
}

/** What all listeners of one protocol share: its connections to services, its clusters. */
export class ProtocolRuntime {
  readonly pools: Pools<Head, Head>;
  readonly clusters: ClusterSet<UpstreamEndpoint<Head, Head>>;
  readonly counts = new FrameUpstreamCounts();
  /** Of a protocol with streams of its own. */
  readonly counters: readonly StreamCounter[];
  readonly #codec: Protocol;
  readonly #engine: StreamEngine;
  /** As services want it, by their settings. */
  readonly #variants = new Map<string, EndpointProtocol<Head, Head>>();

  constructor(codec: Protocol, environment: ProtocolEnvironment) {
    const { bootstrap, loadBalancers, wheel, tls } = environment;
    const { upstream, limits } = bootstrap;
    this.#codec = codec;
    this.counters = 'streams' in codec ? (codec.counters ?? []) : [];
    this.#engine = { limits, wheel, onError: (error) => loop.onError(error) };
    const options = {
      connections: upstream.connections,
      maxConnections: upstream.maxConnections,
      connectTimeoutMs: upstream.connectTimeout,
      heartbeatIntervalMs: upstream.heartbeatInterval,
      backoff: { initialMs: upstream.backoff.initial, maxMs: upstream.backoff.max },
    };
    this.pools = new Pools(
      (endpoint) => this.#variant(settingsOf(codec.name, endpoint.metadata)),
      options,
      (endpoint) => tls.endpoint(endpoint, alpnOf(codec)),
    );
    this.clusters = new ClusterSet({ endpoints: this.pools, loadBalancers, balance: upstream.balance });
  }

  /** The protocol as a listener with these settings speaks it. @throws ConfigError for settings that it does not have */
  listen(settings: ReadonlyMap<string, string>): ListenedProtocol {
    const codec = configured(this.#codec, settings);
    const protocol = this.#streamsOf(codec);
    const { name, caseSensitiveHeaders, heads } = protocol;
    const { methodIsPath } = heads;
    const routeProtocol: RouteProtocol<Head> = {
      name,
      capabilities: capabilitiesOf(codec),
      caseSensitiveHeaders,
      methodIsPath,
      compileScan: (wanted) => heads.scan(wanted),
      editFault: (edits, of) => heads.editFault?.(edits, of),
    };
    return { protocol, routeProtocol };
  }

  #streamsOf(codec: Protocol): StreamProtocol<Head, Head> {
    return 'streams' in codec ? codec.streams(this.#engine) : frameProtocol(codec, this.#engine.limits, this.counts);
  }
  #variant(settings: ReadonlyMap<string, string>): EndpointProtocol<Head, Head> {
    const key = [...settings].map(([name, value]) => `${name}=${value}`).join(' ');
    let variant = this.#variants.get(key);
    if (variant === undefined) {
      variant = { settings: key, protocol: this.#streamsOf(this.#serviceCodec(settings)) };
      this.#variants.set(key, variant);
    }
    return variant;
  }
  /** Settings from files were judged when they were loaded; a registry's that mean nothing are left aside. */
  #serviceCodec(settings: ReadonlyMap<string, string>): Protocol {
    try {
      return configured(this.#codec, settings);
    } catch (error) {
      if (error instanceof ConfigError) return this.#codec;
      throw error;
    }
  }
}

/** The facets that a codec has, of those that filters and routes may require. */
export function capabilitiesOf(codec: Protocol): ReadonlySet<Capability> {
  if ('streams' in codec) return new Set(codec.capabilities);
  const facets: readonly Capability[] = ['multiplexing', 'routing', 'mediation'];
  return new Set(facets.filter((facet) => codec[facet] !== undefined));
}
