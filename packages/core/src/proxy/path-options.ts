import type { FilterChain } from '../filter/chain.ts';
import type { ListenerStats } from '../observe/listener-stats.ts';
import type { HeaderScan, LookupResult } from '../protocol/spi.ts';
import type { Caller } from '../route/request-conditions.ts';
import type { Route } from '../route/route.ts';
import type { RouteRefusal } from '../route/service-routes.ts';
import type { DownstreamConnection, StreamProtocol } from '../stream/stream.ts';
import type { TimerWheel } from '../transport/timer-wheel.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';
import type { ProxiedExchange } from './exchange.ts';

/** The routes of one service, as the path asks them. */
export interface PathRoutes<Req, Res> {
  readonly scan: HeaderScan<Req>;
  match(
    service: string,
    method: string,
    values: readonly LookupResult[],
    caller: Caller,
  ): Route<UpstreamEndpoint<Req, Res>> | RouteRefusal | 'not-reached';
}

/** Where a path finds routes. */
export interface RouteSource<Req, Res> {
  find(service: string): PathRoutes<Req, Res> | undefined;
  /** Why find() has nothing. */
  describeMiss(service: string): string;
}

/** What a request path is made with. */
export interface PathOptions<Req, Res> {
  readonly listener: string;
  readonly protocol: StreamProtocol<Req, Res>;
  readonly wheel: TimerWheel;
  readonly stats: ListenerStats;
  readonly filters: FilterChain;
  /** Headers that filters declared: the first of every scan's values. */
  readonly declaredHeaders: number;
  readonly defaultTimeoutMs: number;
  /** Of streams: how long nothing may move, once the answer began; 0: for ever. */
  readonly streamIdleTimeoutMs: number;
  /** Told when a request is over; undefined: nobody listens. */
  readonly log: ((exchange: ProxiedExchange<Req, Res>) => void) | undefined;
  readonly onClosed: (connection: DownstreamConnection, reason: string) => void;
  readonly onUnreadable: (detail: string) => void;
}
