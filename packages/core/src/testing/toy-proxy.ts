import type { TestContext } from 'node:test';
import type { LimitsConfig } from '../config/bootstrap-model.ts';
import { Listener } from '../downstream/listener.ts';
import { FilterChain } from '../filter/chain.ts';
import type { Filter } from '../filter/filter.ts';
import { ListenerStats } from '../observe/listener-stats.ts';
import type { FrameProtocol } from '../protocol/spi.ts';
import { fixedRoutes } from '../proxy/fixed-routes.ts';
import type { RouteSource } from '../proxy/path-options.ts';
import { RequestPath } from '../proxy/request-path.ts';
import { frameProtocol } from '../stream/frame-protocol.ts';
import { FrameUpstreamCounts } from '../stream/frame-upstream.ts';
import type { StreamProtocol } from '../stream/stream.ts';
import { TimerWheel } from '../transport/timer-wheel.ts';
import type { PoolOptions } from '../upstream/pool.ts';
import { Pools } from '../upstream/pools.ts';
import { ToyClient, type ToyHandler, ToyServer } from './toy-peers.ts';
import { type ToyFrame, toyProtocol } from './toy-protocol.ts';

const TOY_LIMITS: LimitsConfig = {
  maxFrameBytes: 16 * 1024 * 1024,
  relayThresholdBytes: 64 * 1024,
  maxBufferedFrontBytes: 1024 * 1024,
  downstreamQueueBytes: 4 * 1024 * 1024,
  upstreamQueueBytes: 4 * 1024 * 1024,
  maxConnectionsPerListener: 100,
  maxPendingPerConnection: 1000,
  tlsHandshakeTimeout: 1000,
  idleTimeout: 0,
  streamIdleTimeout: 0,
};
const POOL: PoolOptions = {
  connections: 1,
  maxConnections: 100,
  connectTimeoutMs: 1000,
  heartbeatIntervalMs: 0,
  backoff: { initialMs: 50, maxMs: 200 },
};

/** What a test changes of the usual. */
export interface ToyProxyOptions {
  readonly upstreamPort: number;
  readonly limits?: Partial<LimitsConfig>;
  readonly pool?: Partial<PoolOptions>;
  readonly multiplexed?: boolean;
  /** What makes the codec another one. */
  readonly codec?: (toy: FrameProtocol<ToyFrame>) => FrameProtocol<ToyFrame>;
  readonly filters?: readonly Filter[];
  readonly names?: readonly string[];
  readonly defaultTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  /** Routes of the test's own instead of one upstream. */
  readonly routes?: (protocol: StreamProtocol<ToyFrame, ToyFrame>, pools: Pools<ToyFrame, ToyFrame>) => RouteSource<ToyFrame, ToyFrame>;
}

/** An engine around the toy protocol, without configuration files. Ends with the test. */
export class ToyProxy {
  readonly stats = new ListenerStats();
  readonly counts = new FrameUpstreamCounts();
  readonly closeReasons: string[] = [];
  readonly pools: Pools<ToyFrame, ToyFrame>;
  readonly listener: Listener;
  readonly path: RequestPath<ToyFrame, ToyFrame>;
  port = 0;
  readonly #wheel = new TimerWheel();

  private constructor(options: ToyProxyOptions) {
    const limits = { ...TOY_LIMITS, ...options.limits };
    const toy = toyProtocol(options.multiplexed);
    const protocol = frameProtocol(options.codec?.(toy) ?? toy, limits, this.counts);
    this.pools = new Pools(() => ({ protocol, settings: '' }), { ...POOL, ...options.pool });
    const upstream = { host: '127.0.0.1', port: options.upstreamPort };
    const names = options.names ?? [];
    const routes =
      options.routes?.(protocol, this.pools) ??
      fixedRoutes({ listener: 'toy', upstream, heads: protocol.heads, endpoints: this.pools, metadata: new Map(), names, timeout: true });
    this.path = new RequestPath(
      {
        listener: 'toy',
        protocol,
        wheel: this.#wheel,
        stats: this.stats,
        filters: new FilterChain(options.filters ?? []),
        declaredHeaders: names.length,
        defaultTimeoutMs: options.defaultTimeoutMs ?? 5000,
        streamIdleTimeoutMs: 0,
        log: undefined,
        onClosed: (_connection, reason) => this.closeReasons.push(reason),
        onUnreadable: () => undefined,
      },
      routes,
    );
    this.listener = new Listener({
      config: { name: 'toy', address: { host: '127.0.0.1', port: 0 } },
      maxConnections: limits.maxConnectionsPerListener,
      idleTimeoutMs: options.idleTimeoutMs ?? 0,
      stats: this.stats,
      accept: (transport) => protocol.accept(transport, this.path),
    });
  }

  static async start(t: TestContext, options: ToyProxyOptions): Promise<ToyProxy> {
    const proxy = new ToyProxy(options);
    proxy.#wheel.start();
    proxy.pools.start();
    t.after(() => proxy.stop());
    proxy.port = (await proxy.listener.start()).port;
    return proxy;
  }
  stop(): void {
    this.listener.close('the test is over');
    this.pools.close('the test is over');
    this.#wheel.stop();
  }
}

/** A service that `handler` plays, an engine before it, and a maker of callers. All end with the test. */
export async function setup(t: TestContext, handler: ToyHandler, options: Partial<ToyProxyOptions> = {}) {
  const server = await ToyServer.start(handler);
  t.after(() => server.stop());
  const proxy = await ToyProxy.start(t, { upstreamPort: server.port, ...options });
  const client = async () => {
    const made = await ToyClient.connect(proxy.port);
    t.after(() => made.socket.destroy());
    return made;
  };
  return { server, proxy, client };
}
