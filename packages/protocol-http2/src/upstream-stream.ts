import type { Exchange, HeaderField, ResetReason, UpstreamStream } from '@polywire/core/spi';
import { inPlace } from './flow/in-place.ts';
import { CANCEL, ENHANCE_YOUR_CALM, errorName, PROTOCOL_ERROR } from './frame.ts';
import { Malformed, type RequestHead, ResponseHead } from './head.ts';
import type { HeaderBlock } from './header-block.ts';
import { readResponse } from './response-rules.ts';
import { Http2Stream, type StreamEnd } from './stream.ts';
import { readTrailers } from './trailer-rules.ts';
import type { Http2UpstreamConnection } from './upstream-connection.ts';

const EMPTY = Buffer.alloc(0);

/** One request to a service. */
export class Http2UpstreamStream extends Http2Stream implements UpstreamStream {
  /** The last of the request was written. */
  localEnded: boolean;
  readonly exchange: Exchange<ResponseHead>;
  readonly #connection: Http2UpstreamConnection;
  readonly #isHead: boolean;
  /** The answer's own head came. */
  #answered = false;
  #interims = 0;

  constructor(connection: Http2UpstreamConnection, id: number, head: RequestHead, end: boolean, exchange: Exchange<ResponseHead>) {
    super(connection, id);
    this.#connection = connection;
    this.#isHead = head.facts.isHead;
    this.localEnded = end;
    this.exchange = exchange;
  }

  sendData(chunk: Buffer, end: boolean): boolean {
    return this.closed || this.#connection.sender.data(this, chunk, end);
  }
  sendTrailers(trailers: readonly HeaderField[]): void {
    if (!this.closed) this.#connection.sender.trailers(this, trailers);
  }
  cancel(_reason: ResetReason): void {
    this.#connection.resetStream(this, CANCEL);
  }

  onHeaders(block: HeaderBlock, end: boolean): void {
    if (block.overLimit) return this.#fault('headers over the limit (max-header-list)', ENHANCE_YOUR_CALM);
    if (this.#answered) return this.#onTrailers(block, end);
    const facts = readResponse(block);
    if (facts instanceof Malformed) return this.#fault(facts.detail);
    const head = new ResponseHead(facts, block.listBytes);
    if (facts.interim) return this.#onInterim(head, end);
    this.#answered = true;
    this.expected = this.#isHead ? 0 : facts.contentLength;
    if (end && this.expected > 0) return this.#fault('no data, though content-length says so');
    if (end) this.#connection.onAnswerEnd(this);
    this.exchange.onResponseHead(head, end);
  }
  onData(chunk: Buffer, from: number, to: number, end: boolean): void {
    if (!this.#answered) return this.#fault('DATA before headers');
    if (end) this.#connection.onAnswerEnd(this);
    const data = to === from ? EMPTY : inPlace.view(chunk, from, to);
    if (!this.exchange.onResponseData(data, end) && !end) this.pause();
    inPlace.end();
  }
  onReset(code: number, detail: string, how: StreamEnd): void {
    const { exchange } = this;
    if (how === 'unprocessed') exchange.onResponseReset('connection-closed', false, detail, code);
    else if (how === 'by-peer') exchange.onResponseReset('cancelled', true, `RST_STREAM with ${errorName(code)}`, code);
    else exchange.onResponseReset('protocol-error', true, detail);
  }
  onDrained(): void {
    this.exchange.onUpstreamDrain();
  }
  onEndSent(): void {
    this.localEnded = true;
  }

  #onInterim(head: ResponseHead, end: boolean): void {
    const most = this.#connection.environment.options.interimResponses;
    if (end) return this.#fault(`an answer that ends with status ${head.facts.status}`);
    if (++this.#interims > most) return this.#fault(`more than ${most} heads before the answer's (interim-responses)`, ENHANCE_YOUR_CALM);
    this.exchange.onResponseInterim(head);
  }
  #onTrailers(block: HeaderBlock, end: boolean): void {
    if (!end) return this.#fault('trailers that do not end their stream');
    const trailers = readTrailers(block);
    if (trailers instanceof Malformed) return this.#fault(trailers.detail);
    const short = this.count(0, true);
    if (short !== undefined) return this.#fault(short);
    this.#connection.onAnswerEnd(this);
    this.exchange.onResponseTrailers(trailers);
  }
  #fault(detail: string, code: number = PROTOCOL_ERROR): void {
    this.#connection.streamError(this.id, code, detail);
  }
}
