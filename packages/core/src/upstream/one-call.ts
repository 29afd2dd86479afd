import type { CallAnswer, ServiceCall, StreamCalls } from '../protocol/calls.ts';
import type { Exchange, HeaderField, ResetReason, StreamProtocol, UpstreamConnection, UpstreamOwner } from '../stream/stream.ts';
import { formatAddress } from '../transport/listen.ts';
import { SocketTransport } from '../transport/socket-transport.ts';

/** What one call needs. */
export interface OneCallOptions<Req, Res> {
  readonly protocol: StreamProtocol<Req, Res>;
  readonly calls: StreamCalls<Req, Res>;
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
  /** For everything, the connection included. */
  readonly timeoutMs: number;
  /** Bytes of an answer; more are refused. */
  readonly maxAnswerBytes: number;
}

/** A call and its connection, which nobody else uses. */
export class OneCall<Req, Res> implements Exchange<Res>, UpstreamOwner {
  readonly wantsWholeResponse = true;
  /** Rejects with why there is no value: one attempt, and nothing is tried again. */
  readonly value: Promise<unknown>;
  readonly #options: OneCallOptions<Req, Res>;
  readonly #address: string;
  readonly #transport: SocketTransport;
  readonly #timer: NodeJS.Timeout;
  #settle: { resolve(value: unknown): void; reject(error: Error): void } | undefined;
  #head: Res | undefined;
  #body: Buffer[] = [];
  #bytes = 0;

  /** @throws CodecError when the protocol cannot say the call, RangeError when there is no such port */
  constructor(call: ServiceCall, options: OneCallOptions<Req, Res>) {
    const { protocol, calls, host, port, connectTimeoutMs, timeoutMs } = options;
    this.#options = options;
    this.#address = formatAddress(host, port);
    const { head, body } = calls.request(call, this.#address);
    this.value = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#transport = SocketTransport.connect({ host, port, timeoutMs: connectTimeoutMs });
    this.#timer = setTimeout(() => this.fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    const connection = protocol.connect(this.#transport, this, { alone: true, dialect: protocol.dialect(head) });
    this.#transport.start(connection);
    this.#send(connection, head, body);
  }

  /** Ends the call, unless it is over. */
  fail(reason: string): void {
    this.#end(() => this.#settle?.reject(new Error(`${this.#address}: ${reason}`)));
  }

  onResponseHead(head: Res, end: boolean): void {
    this.#head = head;
    if (end) this.#answered([]);
  }
  onResponseData(chunk: Buffer, end: boolean): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.maxAnswerBytes) this.fail(`an answer of more than ${this.#options.maxAnswerBytes} bytes`);
    else this.#body.push(Buffer.from(chunk));
    if (end) this.#answered([]);
    return true;
  }
  onResponseTrailers(trailers: readonly HeaderField[]): void {
    this.#answered(trailers);
  }
  onResponseReset(_reason: ResetReason, _processed: boolean, detail: string): void {
    this.fail(detail);
  }
  onClosed(reason: string): void {
    this.fail(reason);
  }
  /** One request on a connection of its own is known without its id. */
  onEcho(): boolean {
    return true;
  }
  onResponseInterim(): void {}
  onRequestData(): boolean {
    return true;
  }
  onRequestTrailers(): void {}
  onRequestReset(): void {}
  onRequestSent(): void {}
  onDownstreamDrain(): void {}
  onUpstreamDrain(): void {}
  onDraining(): void {}
  onLeaving(): void {}
  onAnswered(): void {}
  onGivenUp(): void {}

  #send(connection: UpstreamConnection<Req, Res>, head: Req, body: Buffer | undefined): void {
    const stream = connection.send(head, undefined, body === undefined, this);
    if (typeof stream === 'string') this.fail(stream);
    else if (body !== undefined) stream.sendData(body, true);
  }

  #answered(trailers: readonly HeaderField[]): void {
    const head = this.#head;
    if (head === undefined) return;
    const answer: CallAnswer = this.#options.calls.answer(head, Buffer.concat(this.#body), trailers);
    if (answer.kind === 'failed') this.fail(answer.reason);
    else this.#end(() => this.#settle?.resolve(answer.value));
  }

  #end(settle: () => void): void {
    if (this.#settle === undefined) return;
    settle();
    this.#settle = undefined;
    this.#head = undefined;
    this.#body = [];
    clearTimeout(this.#timer);
    this.#transport.destroy('the call is over');
  }
}
