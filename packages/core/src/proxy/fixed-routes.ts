import { Cluster, ClusterStats, type EndpointSource } from '../cluster/cluster.ts';
import { roundRobin } from '../cluster/lb/round-robin.ts';
import type { SocketAddress } from '../config/units.ts';
import { Route, RouteStats } from '../route/route.ts';
import type { HeadReader } from '../stream/stream.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';
import type { PathRoutes, RouteSource } from './path-options.ts';

/** What a listener with one fixed upstream is made with. */
export interface FixedRoutesOptions<Req, Res> {
  readonly listener: string;
  readonly upstream: SocketAddress;
  /** What the service at that address wants to hear, as an endpoint's metadata say it. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly heads: HeadReader<Req, Res>;
  readonly endpoints: EndpointSource<UpstreamEndpoint<Req, Res>>;
  /** Headers that filters declared. */
  readonly names: readonly string[];
  /** Whether callers' own deadlines, and the marks of those that are called back, are read off the wire. */
  readonly timeout: boolean;
}

/** Routes of a listener that sends everything to one address: the inbound side of a sidecar. */
export function fixedRoutes<Req, Res>(options: FixedRoutesOptions<Req, Res>): RouteSource<Req, Res> {
  const { host, port } = options.upstream;
  const origin = `listeners.${options.listener}.upstream`;
  const nothing = new Map<string, string>();
  const endpoint = { address: host, port, weight: 1, labels: nothing, metadata: options.metadata, origin };
  const name = `${host}:${port}`;
  const cluster = new Cluster(
    {
      id: `fixed ${name}`,
      name,
      loadBalancer: roundRobin.name,
      origin,
      dependsOn: [],
      resolve: () => ({ chosen: [endpoint], leftOut: [], emptiness: '' }),
    },
    new ClusterStats(),
    options.endpoints,
    roundRobin.create(),
    true,
  );
  const route = new Route<UpstreamEndpoint<Req, Res>>(
    { name, origin, requestEdits: undefined, responseEdits: undefined, timeoutMs: -1, stats: new RouteStats() },
    [{ cluster, weight: 1 }],
  );
  const routes: PathRoutes<Req, Res> = {
    scan: options.heads.scan({ names: options.names, timeout: options.timeout, affinity: options.timeout }),
    match: () => route,
  };
  return { find: () => routes, describeMiss: () => `${name} takes every service` };
}
