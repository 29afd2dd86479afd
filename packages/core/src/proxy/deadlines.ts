import type { HeadReader } from '../stream/stream.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';
import type { ProxiedExchange } from './exchange.ts';
import type { PathOptions } from './path-options.ts';

/** A rewritten deadline matters only when this much was spent here. */
const WORTH_TELLING_MS = 10;
/** Whoever says a deadline has a timer of its own: its users should see what they see without a proxy. Dubbo's clients look every 30 ms. */
const CALLERS_FIRST_MS = 50;
/** A large answer is given up when nothing of it moved for this long. */
const STANDSTILL_MS = 60_000;

/** How long an exchange may take, from who asked for it. */
export class Deadlines<Req, Res> {
  readonly #options: PathOptions<Req, Res>;
  readonly #heads: HeadReader<Req, Res>;
  readonly #streaming: boolean;

  constructor(options: PathOptions<Req, Res>) {
    this.#options = options;
    this.#heads = options.protocol.heads;
    this.#streaming = options.protocol.streaming;
  }

  /** Before an attempt: its deadline runs from here, and what is left of it is handed on. */
  beginAttempt(exchange: ProxiedExchange<Req, Res>, target: UpstreamEndpoint<Req, Res>): void {
    if (exchange.attempt === 1) this.#arm(exchange, this.#timeout(exchange, target));
    const spent = exchange.elapsedMs;
    if (exchange.timeoutMs > 0 && (spent >= WORTH_TELLING_MS || exchange.attempt > 1)) {
      this.#heads.setRemainingMs(exchange.head, Math.max(1, Math.floor(exchange.timeoutMs - spent)));
    }
  }

  /** A filter waits: one that never decides must not keep its caller waiting for ever. */
  beginFilter(exchange: ProxiedExchange<Req, Res>): void {
    if (exchange.timeoutMs > 0) return;
    this.#arm(exchange, exchange.wireTimeoutMs > 0 ? exchange.wireTimeoutMs : this.#options.defaultTimeoutMs);
  }

  /** The answer began and is not over. */
  beginAnswer(exchange: ProxiedExchange<Req, Res>): void {
    // A stream's deadline, where somebody asked for one, is that of its last byte.
    if (this.#streaming && exchange.timeoutIsFinal && exchange.timeoutMs > 0) return;
    this.#options.wheel.disarm(exchange);
    exchange.timeoutIsFinal = false;
    this.#armStandstill(exchange);
  }

  /** A deadline has come that counts standstill only: true when something moved meanwhile, and it was put off. */
  putOff(exchange: ProxiedExchange<Req, Res>): boolean {
    if (exchange.timeoutIsFinal || !exchange.progressed()) return false;
    if (exchange.answering) this.#armStandstill(exchange);
    else this.#options.wheel.arm(exchange, exchange.timeoutMs);
    return true;
  }

  /** `timeoutMs` counts from the request's arrival; 0: no limit. */
  #arm(exchange: ProxiedExchange<Req, Res>, timeoutMs: number): void {
    if (exchange.timeoutMs > 0) this.#options.wheel.disarm(exchange);
    exchange.timeoutMs = timeoutMs;
    if (timeoutMs <= 0) return;
    const grace = timeoutMs === exchange.wireTimeoutMs ? CALLERS_FIRST_MS : 0;
    this.#options.wheel.arm(exchange, Math.max(0, timeoutMs + grace - exchange.elapsedMs));
  }
  #armStandstill(exchange: ProxiedExchange<Req, Res>): void {
    const ms = this.#streaming ? this.#options.streamIdleTimeoutMs : STANDSTILL_MS;
    if (ms > 0) this.#options.wheel.arm(exchange, ms);
  }
  /** Wire, then route, then what the provider asked for in the registry, then the default. */
  #timeout(exchange: ProxiedExchange<Req, Res>, target: UpstreamEndpoint<Req, Res>): number {
    if (exchange.wireTimeoutMs > 0) return exchange.wireTimeoutMs;
    const routed = exchange.route?.timeoutMs ?? -1;
    if (routed >= 0) return routed;
    const asked = target.timeoutMs(exchange.method);
    if (asked > 0) return asked;
    exchange.timeoutIsFinal = !this.#streaming;
    return this.#options.defaultTimeoutMs;
  }
}
