import { ClusterSet } from '../cluster/cluster-set.ts';
import type { LoadBalancerFactory } from '../cluster/load-balancer.ts';
import type { Bootstrap, LimitsConfig } from '../config/bootstrap-model.ts';
import { ConfigError } from '../errors/config-error.ts';
import { configured, settingsOf } from '../protocol/settings.ts';
import type { Capability, Frame, FrameProtocol, ScanRequest } from '../protocol/spi.ts';
import type { RouteProtocol } from '../route/compile-service.ts';
import { frameProtocol } from '../stream/frame-protocol.ts';
import { FrameUpstreamCounts } from '../stream/frame-upstream.ts';
import type { StreamProtocol } from '../stream/stream.ts';
import { type EndpointProtocol, Pools } from '../upstream/pools.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';

/** A protocol as one listener speaks it. */
export interface ListenedProtocol {
  readonly protocol: StreamProtocol<Frame, Frame>;
  readonly routeProtocol: RouteProtocol<Frame>;
}

/** What all listeners of one protocol share: its connections to services, its clusters. */
export class ProtocolRuntime {
  readonly pools: Pools<Frame, Frame>;
  readonly clusters: ClusterSet<UpstreamEndpoint<Frame, Frame>>;
  readonly counts = new FrameUpstreamCounts();
  readonly #codec: FrameProtocol;
  readonly #limits: LimitsConfig;
  /** As services want it, by their settings. */
  readonly #variants = new Map<string, EndpointProtocol<Frame, Frame>>();

  constructor(codec: FrameProtocol, bootstrap: Bootstrap, loadBalancers: ReadonlyMap<string, LoadBalancerFactory>) {
    const { upstream, limits } = bootstrap;
    this.#codec = codec;
    this.#limits = limits;
    this.pools = new Pools((endpoint) => this.#variant(settingsOf(codec.name, endpoint.metadata)), {
      connections: upstream.connections,
      maxConnections: upstream.maxConnections,
      connectTimeoutMs: upstream.connectTimeout,
      heartbeatIntervalMs: upstream.heartbeatInterval,
      backoff: { initialMs: upstream.backoff.initial, maxMs: upstream.backoff.max },
    });
    this.clusters = new ClusterSet({ endpoints: this.pools, loadBalancers, balance: upstream.balance });
  }

  /** The protocol as a listener with these settings speaks it. @throws ConfigError for settings that it does not have */
  listen(settings: ReadonlyMap<string, string>): ListenedProtocol {
    const codec = configured(this.#codec, settings);
    const protocol = frameProtocol(codec, this.#limits, this.counts);
    const { name, caseSensitiveHeaders, heads } = protocol;
    const compileScan = (wanted: ScanRequest) => heads.scan(wanted);
    return { protocol, routeProtocol: { name, capabilities: capabilitiesOf(codec), caseSensitiveHeaders, compileScan } };
  }

  #variant(settings: ReadonlyMap<string, string>): EndpointProtocol<Frame, Frame> {
    const key = [...settings].map(([name, value]) => `${name}=${value}`).join(' ');
    let variant = this.#variants.get(key);
    if (variant === undefined) {
      variant = { settings: key, protocol: frameProtocol(this.#serviceCodec(settings), this.#limits, this.counts) };
      this.#variants.set(key, variant);
    }
    return variant;
  }
  /** Settings from files were judged when they were loaded; a registry's that mean nothing are left aside. */
  #serviceCodec(settings: ReadonlyMap<string, string>): FrameProtocol {
    try {
      return configured(this.#codec, settings);
    } catch (error) {
      if (error instanceof ConfigError) return this.#codec;
      throw error;
    }
  }
}

/** The facets that a codec has, of those that filters and routes may require. */
export function capabilitiesOf(codec: FrameProtocol): ReadonlySet<Capability> {
  const facets: readonly Capability[] = ['multiplexing', 'routing', 'mediation'];
  return new Set(facets.filter((facet) => codec[facet] !== undefined));
}
