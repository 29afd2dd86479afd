import { ClusterSet } from '../cluster/cluster-set.ts';
import type { LoadBalancerFactory } from '../cluster/load-balancer.ts';
import type { Bootstrap } from '../config/bootstrap-model.ts';
import type { Capability, Frame, FrameProtocol } from '../protocol/spi.ts';
import type { RouteProtocol } from '../route/compile-service.ts';
import { frameProtocol } from '../stream/frame-protocol.ts';
import { FrameUpstreamCounts } from '../stream/frame-upstream.ts';
import type { StreamProtocol } from '../stream/stream.ts';
import { Pools } from '../upstream/pools.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';

/** What all listeners of one protocol share: its streams, its connections to services, its clusters. */
export class ProtocolRuntime {
  readonly protocol: StreamProtocol<Frame, Frame>;
  readonly routeProtocol: RouteProtocol<Frame>;
  readonly pools: Pools<Frame, Frame>;
  readonly clusters: ClusterSet<UpstreamEndpoint<Frame, Frame>>;
  readonly counts = new FrameUpstreamCounts();

  constructor(codec: FrameProtocol, bootstrap: Bootstrap, loadBalancers: ReadonlyMap<string, LoadBalancerFactory>) {
    const { upstream, limits } = bootstrap;
    this.protocol = frameProtocol(codec, limits, this.counts);
    this.pools = new Pools(this.protocol, {
      connections: upstream.connections,
      connectTimeoutMs: upstream.connectTimeout,
      heartbeatIntervalMs: upstream.heartbeatInterval,
      backoff: { initialMs: upstream.backoff.initial, maxMs: upstream.backoff.max },
    });
    this.clusters = new ClusterSet({ endpoints: this.pools, loadBalancers, balance: upstream.balance });
    this.routeProtocol = {
      name: codec.name,
      capabilities: capabilitiesOf(codec),
      caseSensitiveHeaders: this.protocol.caseSensitiveHeaders,
      compileScan: (wanted) => this.protocol.heads.scan(wanted),
    };
  }
}

/** The facets that a codec has, of those that filters and routes may require. */
export function capabilitiesOf(codec: FrameProtocol): ReadonlySet<Capability> {
  const facets: readonly Capability[] = ['multiplexing', 'routing', 'mediation'];
  return new Set(facets.filter((facet) => codec[facet] !== undefined));
}
