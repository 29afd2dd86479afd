import type {
  DownstreamStream,
  Exchange,
  Head,
  HeaderField,
  RequestHandler,
  StreamEngine,
  Transport,
  UpstreamOwner,
} from '@polywire/core/spi';

const LIMITS: StreamEngine['limits'] = {
  maxFrameBytes: 16 * 1024 * 1024,
  relayThresholdBytes: 64 * 1024,
  maxBufferedFrontBytes: 1024 * 1024,
  downstreamQueueBytes: 16 * 1024 * 1024,
  upstreamQueueBytes: 16 * 1024 * 1024,
  maxConnectionsPerListener: 100,
  maxPendingPerConnection: 65_536,
  idleTimeout: 0,
  streamIdleTimeout: 0,
  tlsHandshakeTimeout: 10_000,
};

/** What the suite lends to streams in core's place: no deadline passes, and what should never be thrown fails the case. */
export const lentEngine: StreamEngine = {
  limits: LIMITS,
  wheel: { arm() {}, disarm() {} },
  onError(error) {
    throw error;
  },
};

/** A connection that keeps what is written to it. */
export class KeptBytes implements Transport {
  readonly peer = '127.0.0.1:1';
  readonly peerAddress = '127.0.0.1';
  readonly queuedBytes = 0;
  readonly full = false;
  closed = false;
  #written: Buffer[] = [];

  writeRange(buffer: Buffer, from: number, to: number): void {
    if (!this.closed) this.#written.push(Buffer.from(buffer.subarray(from, to)));
  }
  write(buffer: Buffer): void {
    this.writeRange(buffer, 0, buffer.length);
  }
  /** What was written since it was asked last. */
  take(): Buffer {
    return Buffer.concat(this.#written.splice(0));
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {
    this.closed = true;
  }
}

/** One message as it came: its head, its body, and headers behind that. */
export class Message {
  head: Head | undefined = undefined;
  ended = false;
  readonly body: Buffer[] = [];
  trailers: readonly HeaderField[] = [];

  take(head: Head, end: boolean): void {
    this.head = head;
    this.ended = end;
  }
  data(chunk: Buffer, end: boolean): boolean {
    this.body.push(Buffer.from(chunk));
    this.ended = end;
    return true;
  }
  end(trailers: readonly HeaderField[]): void {
    this.trailers = trailers;
    this.ended = true;
  }
}

/** One request and its answer, kept. */
export class KeptExchange implements Exchange<Head> {
  readonly wantsWholeResponse = true;
  readonly request = new Message();
  readonly response = new Message();

  onRequestData(chunk: Buffer, end: boolean): boolean {
    return this.request.data(chunk, end);
  }
  onRequestTrailers(trailers: readonly HeaderField[]): void {
    this.request.end(trailers);
  }
  onResponseHead(head: Head, end: boolean): void {
    this.response.take(head, end);
  }
  onResponseData(chunk: Buffer, end: boolean): boolean {
    return this.response.data(chunk, end);
  }
  onResponseTrailers(trailers: readonly HeaderField[]): void {
    this.response.end(trailers);
  }
  onRequestReset(): void {}
  onDownstreamDrain(): void {}
  onUpstreamDrain(): void {}
  onRequestSent(): void {}
  onResponseInterim(): void {}
  onResponseReset(): void {}
}

/** Keeps the requests of a connection. */
export class KeptRequests implements RequestHandler<Head, Head> {
  readonly exchanges: KeptExchange[] = [];

  onRequest(_stream: DownstreamStream<Head>, head: Head, end: boolean): KeptExchange {
    const exchange = new KeptExchange();
    exchange.request.take(head, end);
    this.exchanges.push(exchange);
    return exchange;
  }
  onUnreadable(detail: string): void {
    throw new Error(`the other side cannot read it: ${detail}`);
  }
  onLocalReply(): void {}
  onConnectionClosed(): void {}
}

/** An owner that minds nothing. */
export const mildOwner: UpstreamOwner = {
  onDraining() {},
  onLeaving() {},
  onEcho: () => true,
  onAnswered() {},
  onGivenUp() {},
  onClosed() {},
};
