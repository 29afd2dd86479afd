import type { Bootstrap } from '../config/bootstrap-model.ts';
import type { ServiceCall, StreamCalls } from '../protocol/calls.ts';
import type { Head, Protocol } from '../protocol/streaming.ts';
import type { CallOptions, RegistryContext } from '../registry/registry.ts';
import { frameProtocol } from '../stream/frame-protocol.ts';
import { FrameUpstreamCounts } from '../stream/frame-upstream.ts';
import type { StreamProtocol } from '../stream/stream.ts';
import { loop } from '../transport/loop.ts';
import { TimerWheel } from '../transport/timer-wheel.ts';
import { OneCall } from '../upstream/one-call.ts';

/** Calls that are under way at a time; others wait. */
const AT_ONCE = 16;
/** Bytes of an answer, where `limits.maxFrameBytes` is more: they are held whole, and by as many calls as are under way. */
const MOST_BYTES = 16 * 2 ** 20;

interface Callable {
  readonly protocol: StreamProtocol<Head, Head>;
  readonly calls: StreamCalls<Head, Head>;
}

/** Calls that the proxy makes itself, each on a connection of its own. */
export class ServiceCaller {
  readonly #protocols: ReadonlyMap<string, Protocol>;
  readonly #bootstrap: Pick<Bootstrap, 'limits' | 'upstream'>;
  readonly #callables = new Map<string, Callable>();
  readonly #wheel = new TimerWheel();
  readonly #waiting = new Set<() => void>();
  readonly #calls = new Set<OneCall<Head, Head>>();
  #running = 0;
  #closed = false;

  constructor(protocols: ReadonlyMap<string, Protocol>, bootstrap: Pick<Bootstrap, 'limits' | 'upstream'>) {
    this.#protocols = protocols;
    const { limits } = bootstrap;
    const maxFrameBytes = Math.min(limits.maxFrameBytes, MOST_BYTES);
    // Whatever is allowed is held whole.
    this.#bootstrap = { ...bootstrap, limits: { ...limits, maxFrameBytes, relayThresholdBytes: maxFrameBytes } };
  }

  /** As registries are lent it. */
  readonly call: NonNullable<RegistryContext['call']> = async (call, options) => {
    if (this.#closed) throw new Error('the proxy stopped');
    const callable = this.#callable(options.protocol);
    if (this.#running < AT_ONCE) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.add(resolve));
    try {
      return await this.#run(call, callable, options);
    } finally {
      this.#next();
    }
  };

  /** Ends all calls; those that wait fail. */
  close(): void {
    this.#closed = true;
    for (const call of this.#calls) call.fail('the proxy stopped');
    this.#wheel.stop();
  }

  async #run(call: ServiceCall, { protocol, calls }: Callable, { host, port, timeoutMs }: CallOptions): Promise<unknown> {
    if (this.#closed) throw new Error('the proxy stopped');
    const { limits, upstream } = this.#bootstrap;
    const connectTimeoutMs = Math.min(upstream.connectTimeout, timeoutMs);
    const maxAnswerBytes = limits.maxFrameBytes;
    const one = new OneCall(call, { protocol, calls, host, port, connectTimeoutMs, timeoutMs, maxAnswerBytes });
    this.#calls.add(one);
    try {
      return await one.value;
    } finally {
      this.#calls.delete(one);
    }
  }

  #next(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }

  #callable(name: string): Callable {
    const known = this.#callables.get(name);
    if (known !== undefined) return known;
    const codec = this.#protocols.get(name);
    if (codec === undefined) throw new Error(`no plugin brings the protocol "${name}"`);
    const protocol = this.#streamsOf(codec);
    const { calls } = protocol;
    if (calls === undefined) throw new Error(`the protocol "${name}" has no calls of Polywire's own`);
    const callable = { protocol, calls };
    this.#callables.set(name, callable);
    return callable;
  }

  #streamsOf(codec: Protocol): StreamProtocol<Head, Head> {
    const { limits } = this.#bootstrap;
    if (!('streams' in codec)) return frameProtocol(codec, limits, new FrameUpstreamCounts());
    this.#wheel.start();
    return codec.streams({ limits, wheel: this.#wheel, onError: (error) => loop.onError(error) });
  }
}
