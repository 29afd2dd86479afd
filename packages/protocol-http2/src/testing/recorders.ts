import type {
  DownstreamConnection,
  DownstreamStream,
  Exchange,
  HeaderField,
  LocalReplyReason,
  RequestHandler,
  ResetReason,
  UpstreamOwner,
} from '@polywire/core/spi';
import type { RequestHead, ResponseHead } from '../head.ts';

/** Takes whatever happens to one exchange, as words. */
export class RecordedExchange implements Exchange<ResponseHead> {
  readonly wantsWholeResponse = false;
  readonly events: string[] = [];
  /** What onRequestData and onResponseData answer. */
  more = true;
  bytes = 0;
  stream: DownstreamStream<ResponseHead> | undefined = undefined;
  head: RequestHead | undefined = undefined;

  onRequestData(chunk: Buffer, end: boolean): boolean {
    return this.#data(chunk, end);
  }
  onRequestTrailers(trailers: readonly HeaderField[]): void {
    this.events.push(`trailers ${trailers.map(({ name, value }) => `${name}=${value}`).join(' ')}`);
  }
  onRequestReset(reason: ResetReason): void {
    this.events.push(`reset ${reason}`);
  }
  onDownstreamDrain(): void {
    this.events.push('drain');
  }
  onUpstreamDrain(): void {
    this.events.push('drain');
  }
  onRequestSent(): void {}
  onResponseInterim(head: ResponseHead): void {
    this.events.push(`interim ${head.facts.status}`);
  }
  onResponseHead(head: ResponseHead, end: boolean): void {
    this.events.push(`head ${head.facts.status}${end ? ' end' : ''}`);
  }
  onResponseData(chunk: Buffer, end: boolean): boolean {
    return this.#data(chunk, end);
  }
  onResponseTrailers(trailers: readonly HeaderField[]): void {
    this.onRequestTrailers(trailers);
  }
  onResponseReset(reason: ResetReason, processed: boolean, detail: string, code?: number): void {
    this.events.push(`reset ${reason}${processed ? '' : ' unprocessed'}${code === undefined ? '' : ` ${code}`}: ${detail}`);
  }

  #data(chunk: Buffer, end: boolean): boolean {
    this.bytes += chunk.length;
    this.events.push(`data ${chunk.length}${end ? ' end' : ''}`);
    return this.more;
  }
}

/** Takes the requests of a connection. */
export class RecordingHandler implements RequestHandler<RequestHead, ResponseHead> {
  readonly exchanges: RecordedExchange[] = [];
  readonly unreadable: string[] = [];
  readonly localReplies: LocalReplyReason[] = [];
  closed: string | undefined = undefined;
  /** Whether data may be passed on at once. */
  more = true;

  onRequest(stream: DownstreamStream<ResponseHead>, head: RequestHead, end: boolean): Exchange<ResponseHead> {
    const exchange = new RecordedExchange();
    exchange.stream = stream;
    exchange.head = head;
    exchange.more = this.more;
    exchange.events.push(`${head.facts.method} ${head.facts.path}${end ? ' end' : ''}`);
    this.exchanges.push(exchange);
    return exchange;
  }
  onUnreadable(detail: string): void {
    this.unreadable.push(detail);
  }
  onLocalReply(reason: LocalReplyReason): void {
    this.localReplies.push(reason);
  }
  onConnectionClosed(_connection: DownstreamConnection, reason: string): void {
    this.closed = reason;
  }
}

/** Keeps a connection to a service, and what it is told of it. */
export class RecordingOwner implements UpstreamOwner {
  readonly events: string[] = [];
  onDraining(): void {
    this.events.push('draining');
  }
  onLeaving(): void {
    this.events.push('leaving');
  }
  onEcho(): boolean {
    return true;
  }
  onAnswered(): void {}
  onGivenUp(): void {
    this.events.push('given up');
  }
  onClosed(reason: string): void {
    this.events.push(`closed: ${reason}`);
  }
}
