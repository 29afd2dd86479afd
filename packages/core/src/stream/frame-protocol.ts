import type { LimitsConfig } from '../config/bootstrap-model.ts';
import { CodecError } from '../errors/codec-error.ts';
import type { StreamCalls } from '../protocol/calls.ts';
import type { Frame, FrameProtocol, HeaderScan, Routing, ScanRequest } from '../protocol/spi.ts';
import type { Transport } from '../transport/transport.ts';
import { FrameDownstreamConnection } from './frame-downstream.ts';
import { FrameUpstreamConnection, type FrameUpstreamCounts } from './frame-upstream.ts';
import type { HeadReader, RequestHandler, StreamProtocol } from './stream.ts';

/** Makes streams of a protocol that has only frames. */
export function frameProtocol<F extends Frame>(
  protocol: FrameProtocol<F>,
  limits: LimitsConfig,
  counts: FrameUpstreamCounts,
): StreamProtocol<F, F> {
  const { multiplexing } = protocol;
  return {
    name: protocol.name,
    multiplexed: multiplexing !== undefined,
    streaming: false,
    echo: multiplexing?.echo ?? 'certain',
    spread: multiplexing?.spread,
    hasDialects: protocol.dialect !== undefined,
    sharable: (head) => multiplexing !== undefined && (multiplexing.assignable === undefined || multiplexing.assignable(head)),
    dialect: (head) => (protocol.dialect === undefined ? 0 : protocol.dialect(head)),
    hasMediation: protocol.mediation !== undefined,
    caseSensitiveHeaders: protocol.routing?.caseSensitiveHeaders ?? true,
    heads: protocol.routing === undefined ? new BlindHeadReader() : new FrameHeadReader(protocol.routing),
    accept: (transport: Transport, handler: RequestHandler<F, F>) => new FrameDownstreamConnection(protocol, limits, transport, handler),
    connect: (transport, owner, use) => new FrameUpstreamConnection(protocol, limits, transport, owner, use, counts),
    calls: protocol.calls === undefined ? undefined : frameCalls(protocol, protocol.calls, limits),
  };
}

/** A request is its frame, and so is its answer. */
function frameCalls<F extends Frame>(
  protocol: FrameProtocol<F>,
  calls: NonNullable<FrameProtocol<F>['calls']>,
  { maxFrameBytes }: LimitsConfig,
): StreamCalls<F, F> {
  return {
    request: (call) => {
      const bytes = calls.request(call);
      const codec = protocol.connection({ side: 'downstream', maxFrameBytes, dialect: 0 });
      const head = codec.parse(bytes, 0, bytes.length, bytes.length);
      if (head?.kind !== 'request') throw new CodecError('CALL_REQUEST', `the codec "${protocol.name}" cannot read its own request`);
      return { head, body: undefined };
    },
    answer: (response) => calls.answer(response),
  };
}

class FrameHeadReader<F extends Frame> implements HeadReader<F, F> {
  readonly methodIsPath = false;
  readonly #routing: Routing<F>;
  constructor(routing: Routing<F>) {
    this.#routing = routing;
  }
  service(request: F): string {
    return this.#routing.service(request);
  }
  method(request: F): string {
    return this.#routing.method(request);
  }
  scan(wanted: ScanRequest): HeaderScan<F> {
    return this.#routing.scan(wanted);
  }
  setRemainingMs(request: F, ms: number): void {
    this.#routing.setRemainingMs?.(request, ms);
  }
  outcome(response: F): ReturnType<Routing<F>['outcome']> {
    return this.#routing.outcome(response);
  }
  size(frame: F): number {
    return frame.length;
  }
}

/** For a codec below level 3: every request looks the same. */
class BlindHeadReader<F extends Frame> implements HeadReader<F, F> {
  readonly methodIsPath = false;
  service(): string {
    return '';
  }
  method(): string {
    return '';
  }
  scan(): HeaderScan<F> {
    return { run() {}, values: [], timeoutMs: 0, bindsConnection: false };
  }
  setRemainingMs(): void {}
  outcome(): 'ok' {
    return 'ok';
  }
  size(frame: F): number {
    return frame.length;
  }
}
