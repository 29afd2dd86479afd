import { messageOf } from '../errors/message-of.ts';
import type { FilterVerdict } from '../filter/filter.ts';
import { requestName } from '../identity/request-name.ts';
import type { ListenerStats } from '../observe/listener-stats.ts';
import { type LocalReply, type LocalReplyReason, type LookupResult, NOT_REACHED } from '../protocol/spi.ts';
import type { Caller } from '../route/request-conditions.ts';
import { Route } from '../route/route.ts';
import type { RouteRefusal } from '../route/service-routes.ts';
import type { DownstreamConnection, DownstreamStream, Exchange, HeaderField, HeadReader, RequestHandler } from '../stream/stream.ts';
import { loop } from '../transport/loop.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';
import { Binding } from './binding.ts';
import { countEnd } from './count.ts';
import { Deadlines } from './deadlines.ts';
import { type ExchangeEvents, type ExchangeFacts, ProxiedExchange } from './exchange.ts';
import { LOCAL_REPLY_OUTCOME } from './local-reply.ts';
import type { PathOptions, PathRoutes, RouteSource } from './path-options.ts';

/** A request of which no byte was sent goes to another endpoint once. */
const MAX_ATTEMPTS = 2;
/** Services that end connections of streams may end several at a time, and mean nothing by any of them. */
const MAX_STREAM_ATTEMPTS = 4;

/**
 * The life of a request, in reading order:
 *   onRequest     read the head, find the service's routes, one scan for every header in force
 *   #filter       filters that want to see it before a route is chosen
 *   #routeTo      the rules in order; filters that want to see the route
 *   #attempt      cluster -> endpoint -> connection
 *   #send         deadline, edits, bytes out
 *   onResponse    outcome, filters, bytes back
 *   onReset, onDeadline, onCallerGone   what can go wrong
 *   #fail         the proxy's own answer
 *   #finish       always last, exactly once
 */
export class RequestPath<Req, Res> implements RequestHandler<Req, Res>, ExchangeEvents<Req, Res> {
  /** Of the configuration in force. Replaced whole; requests finish on the routes they found. */
  routes: RouteSource<Req, Res>;
  readonly #options: PathOptions<Req, Res>;
  readonly #stats: ListenerStats;
  readonly #heads: HeadReader<Req, Res>;
  readonly #facts: ExchangeFacts;
  readonly #deadlines: Deadlines<Req, Res>;

  constructor(options: PathOptions<Req, Res>, routes: RouteSource<Req, Res>) {
    this.#options = options;
    this.#stats = options.stats;
    this.#heads = options.protocol.heads;
    this.#facts = { protocol: options.protocol.name, streaming: options.protocol.streaming };
    this.#deadlines = new Deadlines(options);
    this.routes = routes;
  }

  onRequest(stream: DownstreamStream<Res>, head: Req, end: boolean): Exchange<Res> | undefined {
    const heads = this.#heads;
    const service = heads.service(head);
    const method = heads.method(head);
    const caller = stream.connection.transport;
    const { filters, declaredHeaders } = this.#options;
    const routes = this.routes.find(service);
    if (routes !== undefined) {
      routes.scan.run(head);
      if (!end && !this.#facts.streaming && needsMore(routes, service, method, caller, declaredHeaders)) return undefined;
    }
    this.#stats.requestsActive++;
    const exchange = new ProxiedExchange(this, this.#facts, stream, head, service, method, end);
    if (routes === undefined) {
      this.#fail(exchange, 'no-route', this.routes.describeMiss(service));
      return exchange;
    }
    const scan = routes.scan;
    exchange.wireTimeoutMs = scan.timeoutMs;
    exchange.bindsConnection = scan.bindsConnection;
    if (declaredHeaders > 0) exchange.captured = scan.values.slice(0, declaredHeaders);
    if (filters.request.length === 0) this.#routeTo(exchange, routes.match(service, method, scan.values, caller));
    else this.#filter(exchange, routes, scan.values.slice(), 0);
    return exchange;
  }

  /** Filters before the route. They may wait, and the scan is shared, so they come with a copy of its values. */
  #filter(exchange: ProxiedExchange<Req, Res>, routes: PathRoutes<Req, Res>, values: readonly LookupResult[], from: number): void {
    const filters = this.#options.filters.request;
    for (let index = from; index < filters.length; index++) {
      const verdict = filters[index]!.onRequest(exchange);
      if (verdict === 'continue') continue;
      return this.#stopOrWait(exchange, verdict, () => this.#filter(exchange, routes, values, index + 1));
    }
    this.#routeTo(exchange, routes.match(exchange.service, exchange.method, values, exchange.downstream.connection.transport));
  }

  #routeTo(exchange: ProxiedExchange<Req, Res>, route: Route<UpstreamEndpoint<Req, Res>> | RouteRefusal | 'not-reached'): void {
    if (!(route instanceof Route)) {
      if (route === 'not-reached') this.#fail(exchange, 'bad-request', 'a rule needs a part that this request does not have');
      else this.#fail(exchange, route.reason, route.message);
      return;
    }
    exchange.route = route;
    route.stats.requests++;
    exchange.cluster = route.pickCluster();
    this.#filterRouted(exchange, 0);
  }

  #filterRouted(exchange: ProxiedExchange<Req, Res>, from: number): void {
    const filters = this.#options.filters.routed;
    for (let index = from; index < filters.length; index++) {
      const verdict = filters[index]!.onRouted(exchange);
      if (verdict === 'continue') continue;
      return this.#stopOrWait(exchange, verdict, () => this.#filterRouted(exchange, index + 1));
    }
    this.#attempt(exchange, undefined);
  }

  /** A filter said something else than go on: a reply ends the request, a promise suspends this request alone. */
  #stopOrWait(exchange: ProxiedExchange<Req, Res>, verdict: LocalReply | Promise<FilterVerdict>, goOn: () => void): void {
    if (!(verdict instanceof Promise)) return this.#fail(exchange, verdict.reason, verdict.message);
    this.#deadlines.beginFilter(exchange);
    verdict.then(
      (late) => {
        loop.begin();
        if (exchange.over) return;
        if (late === 'continue') goOn();
        else this.#fail(exchange, late.reason, late.message);
      },
      (error: unknown) => this.#fail(exchange, 'internal', `a filter failed: ${messageOf(error)}`),
    );
  }

  /** Cluster, endpoint, connection. `failed` was tried and did not take the request. */
  #attempt(exchange: ProxiedExchange<Req, Res>, failed: UpstreamEndpoint<Req, Res> | undefined): void {
    const cluster = exchange.cluster;
    if (cluster === undefined) return;
    if (this.#sendBound(exchange, cluster)) return;
    let endpoint = cluster.pick(loop.readEvent, failed);
    if (endpoint === undefined) return this.#fail(exchange, 'no-healthy-upstream', cluster.describeEmptiness());
    let pooled = this.#connection(exchange, endpoint);
    if (pooled === undefined && failed === undefined) {
      const other = cluster.pick(loop.readEvent, endpoint);
      if (other !== undefined && other !== endpoint) {
        endpoint = other;
        pooled = this.#connection(exchange, other);
      }
    }
    if (pooled === undefined) {
      const reason = endpoint.pool.overflowing ? 'overflow' : 'no-healthy-upstream';
      return this.#fail(exchange, reason, `${cluster.name}: ${endpoint.pool.describe()}`);
    }
    exchange.target = endpoint;
    exchange.pooled = pooled;
    if (exchange.bindsConnection) {
      const { bindings } = exchange.downstream.connection;
      bindings.set(cluster, new Binding(endpoint, pooled, bindings.get(cluster)));
      pooled.connection.bind(exchange.downstream.connection);
    }
    this.#send(exchange);
  }

  #connection(exchange: ProxiedExchange<Req, Res>, endpoint: UpstreamEndpoint<Req, Res>): ProxiedExchange<Req, Res>['pooled'] {
    if (exchange.bindsConnection) return endpoint.pool.bound(exchange.head);
    // A large request must not stand in front of others while it arrives.
    return exchange.whole || this.#facts.streaming ? endpoint.pool.shared(exchange.head) : endpoint.pool.exclusive(exchange.head);
  }

  /** A caller that the service calls back stays on its own connection. */
  #sendBound(exchange: ProxiedExchange<Req, Res>, cluster: object): boolean {
    const bindings = exchange.downstream.connection.bindings;
    if (bindings.size === 0) return false;
    const binding = bindings.get(cluster);
    if (!(binding instanceof Binding)) return false;
    const { endpoint, pooled } = binding as Binding<Req, Res>;
    if (!pooled.connection.usable) return false;
    exchange.target = endpoint;
    exchange.pooled = pooled;
    this.#send(exchange);
    return true;
  }

  #send(exchange: ProxiedExchange<Req, Res>): void {
    const { pooled, target } = exchange;
    if (pooled === undefined || target === undefined) return;
    exchange.attempt++;
    const filters = this.#options.filters.attempt;
    for (let i = 0; i < filters.length; i++) filters[i]!.onAttempt(exchange);
    this.#deadlines.beginAttempt(exchange, target);
    const sent = pooled.connection.send(exchange.head, exchange.requestEdits, exchange.whole, exchange);
    if (typeof sent === 'string') {
      // Nothing was sent: the endpoint is not to blame.
      exchange.target = undefined;
      target.pool.release(pooled);
      return this.#fail(exchange, 'bad-request', sent);
    }
    target.pool.activeRequests++;
    target.pool.stats.requests++;
    if (exchange.cluster !== undefined) exchange.cluster.stats.requests++;
    exchange.sendTo(sent);
  }

  onResponse(exchange: ProxiedExchange<Req, Res>, head: Res, end: boolean): void {
    const heads = this.#heads;
    const outcome = heads.outcome(head);
    exchange.outcome = outcome;
    exchange.responseBytes = heads.size(head);
    const filters = this.#options.filters.response;
    for (let i = 0; i < filters.length; i++) filters[i]!.onResponse(exchange);
    if (!exchange.downstream.respond(head, exchange.responseEdits, end)) {
      // A stream would go on for nobody; a frame is here, or ends by itself.
      if (this.#facts.streaming && !end) exchange.upstream?.cancel('local');
      return this.#fail(exchange, 'internal', 'a rule changes headers of this answer, but they cannot be edited in place');
    }
    if (this.#facts.streaming) exchange.answer = head;
    if (end) return this.#finish(exchange);
    exchange.answering = true;
    this.#deadlines.beginAnswer(exchange);
  }
  onResponseTrailers(exchange: ProxiedExchange<Req, Res>, trailers: readonly HeaderField[]): void {
    exchange.outcome = this.#heads.trailersOutcome?.(trailers) ?? exchange.outcome;
    exchange.trailers = trailers;
    exchange.downstream.respondTrailers(trailers);
    this.#finish(exchange);
  }
  onResponseEnd(exchange: ProxiedExchange<Req, Res>): void {
    this.#finish(exchange);
  }
  onSent(exchange: ProxiedExchange<Req, Res>): void {
    this.#stats.oneway++;
    exchange.downstream.finish();
    this.#finish(exchange);
  }

  onReset(exchange: ProxiedExchange<Req, Res>, processed: boolean, detail: string, code: number | undefined): void {
    const target = exchange.target;
    if (exchange.answering) {
      exchange.outcome = 'failure';
      exchange.downstream.abort(`the service broke off its answer: ${detail}`, code);
      return this.#finish(exchange);
    }
    if (!processed && exchange.repeatable && exchange.attempt < (this.#facts.streaming ? MAX_STREAM_ATTEMPTS : MAX_ATTEMPTS)) {
      this.#leaveUpstream(exchange);
      if (exchange.cluster !== undefined) exchange.cluster.stats.retries++;
      return this.#attempt(exchange, target);
    }
    const address = target === undefined ? '' : ` (${target.endpoint.address}:${target.endpoint.port})`;
    const reason: LocalReplyReason = processed ? 'upstream-reset' : 'no-healthy-upstream';
    this.#fail(exchange, reason, `${exchange.cluster?.name ?? exchange.service}: no answer from the service${address}: ${detail}`);
  }

  onDeadline(exchange: ProxiedExchange<Req, Res>): void {
    if (this.#deadlines.putOff(exchange)) return;
    if (exchange.answering) {
      exchange.upstream?.cancel('timeout');
      exchange.outcome = 'timeout';
      exchange.downstream.abort(exchange.timeoutIsFinal ? `not over within ${exchange.timeoutMs} ms` : 'the answer stood still');
      return this.#finish(exchange);
    }
    exchange.upstream?.cancel('timeout');
    const address = exchange.target === undefined ? '' : ` by ${exchange.target.endpoint.address}:${exchange.target.endpoint.port}`;
    this.#fail(
      exchange,
      'timeout',
      `${requestName(exchange.service, exchange.method)}: no answer${address} within ${exchange.timeoutMs} ms`,
    );
  }

  onCallerGone(exchange: ProxiedExchange<Req, Res>): void {
    exchange.upstream?.cancel('cancelled');
    this.#stats.cancelled++;
    this.#finish(exchange);
  }

  onUnreadable(detail: string): void {
    this.#stats.protocolErrors++;
    this.#options.onUnreadable(detail);
  }
  onLocalReply(reason: LocalReplyReason): void {
    this.#stats.localReplies[reason]++;
  }
  onConnectionClosed(connection: DownstreamConnection, reason: string): void {
    this.#options.onClosed(connection, reason);
  }

  #fail(exchange: ProxiedExchange<Req, Res>, reason: LocalReplyReason, message: string): void {
    if (exchange.over) return;
    const reply = { reason, message: message === '' ? reason : message };
    exchange.localReply = reply;
    exchange.outcome = LOCAL_REPLY_OUTCOME[reason];
    this.#stats.localReplies[reason]++;
    for (const filter of this.#options.filters.response) filter.onResponse(exchange);
    exchange.downstream.reply(reply);
    this.#finish(exchange);
  }

  #finish(exchange: ProxiedExchange<Req, Res>): void {
    if (exchange.over) return;
    exchange.over = true;
    this.#options.wheel.disarm(exchange);
    this.#leaveUpstream(exchange);
    countEnd(exchange, this.#stats);
    const filters = this.#options.filters.log;
    for (let i = 0; i < filters.length; i++) filters[i]!.onLog(exchange);
    this.#options.log?.(exchange);
  }

  #leaveUpstream(exchange: ProxiedExchange<Req, Res>): void {
    const { pooled, target } = exchange;
    if (exchange.upstream === undefined || pooled === undefined || target === undefined) return;
    exchange.upstream = undefined;
    exchange.pooled = undefined;
    target.pool.activeRequests--;
    target.pool.release(pooled);
  }
}

/** Whether a rule, an edit or a filter in force needs a part of a large request that is not here yet. */
function needsMore<Req, Res>(routes: PathRoutes<Req, Res>, service: string, method: string, caller: Caller, declared: number): boolean {
  const values = routes.scan.values;
  for (let i = 0; i < declared; i++) if (values[i] === NOT_REACHED) return true;
  const route = routes.match(service, method, values, caller);
  return route === 'not-reached' || (route instanceof Route && route.needsWholeRequest);
}
