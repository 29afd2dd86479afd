import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { FilterChain } from '../filter/chain.ts';
import type { Filter } from '../filter/filter.ts';
import { ListenerStats } from '../observe/listener-stats.ts';
import { fixedRoutes } from '../proxy/fixed-routes.ts';
import { RequestPath } from '../proxy/request-path.ts';
import { loop } from '../transport/loop.ts';
import { TimerWheel } from '../transport/timer-wheel.ts';
import { Pools } from '../upstream/pools.ts';
import { serve } from './raw-peers.ts';
import { ToyCall, type ToyHead, ToyStreams } from './toy-streams.ts';

/** What a test changes of the usual. */
interface StreamPathOptions {
  readonly defaultTimeoutMs?: number;
  readonly streamIdleTimeoutMs?: number;
  readonly filters?: readonly Filter[];
}

/** A request path between callers and a service that the test plays both; one connection takes turns unless it says otherwise. */
export async function setup(t: TestContext, options: StreamPathOptions = {}) {
  const port = await serve(t, (socket) => socket.resume().on('end', () => socket.end()));
  const protocol = new ToyStreams();
  const wheel = new TimerWheel();
  wheel.start();
  const stats = new ListenerStats();
  const pools = new Pools<ToyHead, ToyHead>(() => ({ protocol, settings: '' }), {
    connections: 1,
    maxConnections: 3,
    connectTimeoutMs: 1000,
    heartbeatIntervalMs: 0,
    backoff: { initialMs: 50, maxMs: 200 },
  });
  t.after(() => {
    pools.close('the test is over');
    wheel.stop();
  });
  const upstream = { host: '127.0.0.1', port };
  const routes = fixedRoutes({
    listener: 'toy',
    upstream,
    heads: protocol.heads,
    endpoints: pools,
    metadata: new Map(),
    names: [],
    timeout: true,
  });
  const path = new RequestPath<ToyHead, ToyHead>(
    {
      listener: 'toy',
      protocol,
      wheel,
      stats,
      filters: new FilterChain(options.filters ?? []),
      declaredHeaders: 0,
      defaultTimeoutMs: options.defaultTimeoutMs ?? 5000,
      streamIdleTimeoutMs: options.streamIdleTimeoutMs ?? 5000,
      log: undefined,
      onClosed: () => undefined,
      onUnreadable: () => undefined,
    },
    routes,
  );
  const transport = { peer: 'a caller' };
  const call = (head: ToyHead, end: boolean) => {
    loop.begin();
    const caller = new ToyCall(Object.assign(Object.create(null), { transport, bindings: new Map() }));
    const exchange = path.onRequest(caller, head, end);
    assert(exchange !== undefined);
    const ended = new Promise<void>((resolve) => {
      caller.onEvent = () => {
        if (/^(abort|reply)|end$/.test(caller.events.at(-1) ?? '')) resolve();
      };
    });
    return { ...caller, caller, exchange, ended };
  };
  const sent = () => protocol.connections.flatMap((connection) => connection.sent);
  return { protocol, stats, pools, call, sent };
}
