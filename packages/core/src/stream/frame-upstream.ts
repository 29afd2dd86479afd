import { own } from '../buffer/own.ts';
import type { LimitsConfig } from '../config/bootstrap-model.ts';
import { CodecError } from '../errors/codec-error.ts';
import { messageOf } from '../errors/message-of.ts';
import type { CodecConnection, Frame, FrameProtocol, HeaderEdits, NewFront } from '../protocol/spi.ts';
import { loop } from '../transport/loop.ts';
import type { Transport } from '../transport/transport.ts';
import { type CallbackOwner, FrameDownstreamConnection } from './frame-downstream.ts';
import { FrameReader, type FrameSink, type Taken } from './frame-reader.ts';
import { FrameUpstreamStream } from './frame-upstream-stream.ts';
import { trailerOf } from './patched-frame.ts';
import { PendingTable } from './pending-table.ts';
import type { ConnectionUse, DownstreamConnection, Exchange, SendResult, UpstreamConnection, UpstreamOwner } from './stream.ts';

const EMPTY = Buffer.alloc(0);
/** Without ids every answer belongs to the one request that waits, so the table's ids never meet the wire. */
const NO_IDS = 0x7fffffff;

/** Frames of one service connection that did not find their stream. */
export class FrameUpstreamCounts {
  /** Answers that came after their stream was over, or that nobody asked for. */
  late = 0;
}

/** A connection to a service that speaks frames. */
export class FrameUpstreamConnection<F extends Frame> implements UpstreamConnection<F, F>, FrameSink<F>, CallbackOwner<F> {
  draining = false;
  movedUs = 0;
  readonly transport: Transport;
  readonly protocol: FrameProtocol<F>;
  readonly #limits: LimitsConfig;
  readonly #owner: UpstreamOwner;
  readonly #counts: FrameUpstreamCounts;
  readonly #codec: CodecConnection<F>;
  readonly #reader: FrameReader<F>;
  readonly #pending: PendingTable<FrameUpstreamStream<F>>;
  /** The first id that the table gave. */
  readonly #firstId: number;
  /** The id of the last request that was given up, while nothing shows that the service is done with it; else 0. */
  #givenUp = 0;
  /** Sent in this turn of the loop, or waiting for the connection: their bytes can still be taken back. */
  #unflushed: FrameUpstreamStream<F>[] = [];
  /** The one that waits and has the connection to itself, so that its answer needs no id to be known by. */
  #inOrder: FrameUpstreamStream<F> | undefined = undefined;
  /** Every request has the connection to itself: the protocol has no ids, or this service may not give them back. */
  readonly #oneByOne: boolean;
  /** Somebody wants to know how fast answers come. */
  readonly #timed: boolean;
  /** The stream whose large request is being sent. */
  #sending: FrameUpstreamStream<F> | undefined = undefined;
  /** The stream whose large answer is being received. */
  #receiving: FrameUpstreamStream<F> | undefined = undefined;
  #caller: FrameDownstreamConnection<F> | undefined = undefined;

  constructor(
    protocol: FrameProtocol<F>,
    limits: LimitsConfig,
    transport: Transport,
    owner: UpstreamOwner,
    use: ConnectionUse,
    counts: FrameUpstreamCounts,
  ) {
    const { multiplexing } = protocol;
    this.protocol = protocol;
    this.transport = transport;
    this.#limits = limits;
    this.#owner = owner;
    this.#counts = counts;
    this.#codec = protocol.connection({ side: 'upstream', maxFrameBytes: limits.maxFrameBytes, dialect: use.dialect });
    this.#reader = new FrameReader(this.#codec, limits, this);
    const maxId = multiplexing?.maxId ?? NO_IDS;
    const certain = (multiplexing?.echo ?? 'certain') === 'certain';
    // A service that counts answers, or always says the same, must not seem to give ids back.
    this.#firstId = certain ? 1 : 1 + Math.floor(Math.random() * maxId);
    this.#pending = new PendingTable(maxId, this.#firstId);
    this.#timed = multiplexing?.spread !== undefined;
    this.#oneByOne = multiplexing === undefined || (use.alone && !certain);
  }

  get usable(): boolean {
    if (this.transport.closed || this.draining || this.#sending !== undefined) return false;
    if (this.#pending.size >= this.#limits.maxPendingPerConnection) return false;
    return !this.transport.full || this.transport.queuedBytes < this.#limits.upstreamQueueBytes;
  }
  get open(): number {
    return this.#pending.size;
  }
  get unanswered(): number {
    return this.#pending.size + (this.#givenUp > 0 ? 1 : 0);
  }
  get midRequest(): boolean {
    return this.#sending !== undefined;
  }

  send(head: F, edits: HeaderEdits | undefined, end: boolean, exchange: Exchange<F>): SendResult<FrameUpstreamStream<F>> {
    const objection = this.protocol.multiplexing?.objection?.(head);
    if (objection !== undefined) return objection;
    const stream = new FrameUpstreamStream(this, head, end, exchange);
    if (this.transport.full) keep(head);
    const front = this.#identify(stream, head);
    if (edits !== undefined) {
      // Of a large frame only the front is here, and not where its headers end.
      const pieces = end ? this.protocol.mediation?.edit(head, edits, front) : undefined;
      if (pieces === undefined) {
        this.forget(stream);
        return `a rule changes headers of this request, but ${end ? 'its headers cannot be edited in place' : 'it is too large to be held whole'}`;
      }
      for (const piece of pieces) this.transport.write(piece);
    } else if (front === undefined) {
      this.transport.writeRange(head.chunk, head.from, head.to);
    } else {
      this.#writeFront(head, front);
    }
    if (!end) {
      this.#sending = stream;
      stream.trailer = trailerOf(this.protocol, head);
    }
    this.#unflushed.push(stream);
    return stream;
  }

  ping(): boolean {
    if (this.#sending !== undefined) return false;
    const frame = this.#codec.ping?.(this.#pending.skipId());
    if (frame === undefined) return false;
    this.transport.write(frame);
    return true;
  }

  bind(caller: DownstreamConnection): void {
    // Both sides of a route table speak one protocol; any other caller cannot be called back.
    if (caller instanceof FrameDownstreamConnection) this.#caller = caller;
  }

  onBytes(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof CodecError)) loop.onError(error);
      this.transport.destroy(messageOf(error));
    }
  }

  onFrame(frame: F): 'taken' {
    switch (frame.kind) {
      case 'response':
        this.#onResponse(frame);
        return 'taken';
      case 'ping': {
        const pong = this.#codec.pong?.(frame);
        if (pong !== undefined && this.#sending === undefined) this.transport.write(pong);
        return 'taken';
      }
      case 'request':
      case 'oneway':
        this.#onCallback(frame);
        return 'taken';
      case 'goaway':
      case 'resume': {
        const draining = frame.kind === 'goaway';
        if (draining === this.draining) return 'taken';
        this.draining = draining;
        this.#owner.onDraining();
        return 'taken';
      }
      default:
        return 'taken';
    }
  }

  onFront(frame: F): Taken {
    if (frame.kind !== 'response') return this.#caller !== undefined && this.#mayKeep(frame) ? 'need-more' : 'skip';
    const stream = this.#waiting(frame);
    if (stream === undefined) return 'skip';
    if (frame.length > this.#limits.maxFrameBytes) {
      return this.#refuse(
        stream,
        `an answer of ${frame.length} bytes is over the limit of ${this.#limits.maxFrameBytes} (limits.maxFrameBytes)`,
      );
    }
    if (stream.exchange.wantsWholeResponse) {
      if (this.#mayKeep(frame)) return 'need-more';
      return this.#refuse(stream, `an answer of ${frame.length} bytes is too large to edit (limits.maxBufferedFrontBytes)`);
    }
    this.forget(stream);
    this.#receiving = stream;
    stream.exchange.onResponseHead(frame, false);
    return stream.cancelled ? 'skip' : 'taken';
  }

  onData(chunk: Buffer, end: boolean): void {
    const stream = this.#receiving;
    if (end) this.#receiving = undefined;
    if (stream === undefined || stream.cancelled) return;
    stream.exchange.onResponseData(chunk, end);
    if (end) this.#answered(stream);
  }

  onFlushed(): void {
    const flushed = this.#unflushed;
    this.#unflushed = [];
    for (const stream of flushed) stream.flushed(EMPTY);
  }

  onDrain(): void {
    this.#sending?.exchange.onUpstreamDrain();
  }

  onEnd(): void {
    this.transport.destroy('the service closed the connection');
  }

  onClose(reason: string): void {
    this.#owner.onClosed(reason);
    const unflushed = this.#unflushed;
    this.#unflushed = [];
    this.#inOrder = undefined;
    const sending = this.#sending;
    this.#sending = undefined;
    const receiving = this.#receiving;
    this.#receiving = undefined;
    for (const stream of this.#pending.drain()) if (stream.sent) stream.exchange.onResponseReset('connection-closed', true, reason);
    for (const stream of unflushed)
      if (!stream.cancelled && !stream.sent) stream.exchange.onResponseReset('connection-closed', false, reason);
    if (sending?.sent && sending.oneway) sending.exchange.onResponseReset('connection-closed', true, reason);
    if (receiving !== undefined && !receiving.cancelled) receiving.exchange.onResponseReset('connection-closed', true, reason);
    this.#caller?.transport.destroy(`the service closed the connection that it calls this caller back on: ${reason}`);
  }

  onCallbackAnswer(answer: F, request: F): void {
    const front = this.protocol.multiplexing?.restoreId(answer, request);
    if (front === undefined) this.transport.writeRange(answer.chunk, answer.from, answer.to);
    else this.#writeFront(answer, front);
  }

  /** The stream's answer, should it come, is dropped. */
  forget(stream: FrameUpstreamStream<F>): void {
    if (this.#inOrder === stream) this.#inOrder = undefined;
    if (stream.id > 0) this.#pending.take(stream.id);
  }

  /** The last byte of a large request was queued. */
  sendingEnded(): void {
    this.#sending = undefined;
  }
  /** Ends a stream whose request or answer is under way: without its id, or inside a frame, nothing else can follow on this connection. */
  abandon(stream: FrameUpstreamStream<F>): void {
    const inFrame = this.#sending === stream;
    const receiving = this.#receiving === stream;
    // What comes next here would stand behind the rest of an answer that may never come.
    const unpaired = this.#inOrder === stream || (receiving && this.#oneByOne);
    if (this.#pending.get(stream.id) === stream) this.#givenUp = stream.id;
    this.forget(stream);
    if (receiving) this.#reader.skipRest();
    if (!inFrame && !unpaired) return;
    this.#owner.onGivenUp();
    this.transport.destroy('a request on it was given up');
  }

  /** Gives a request the id that its answer is known by, or the connection. */
  #identify(stream: FrameUpstreamStream<F>, head: F): NewFront | undefined {
    const multiplexing = this.protocol.multiplexing;
    const assignable = multiplexing?.assignable === undefined || multiplexing.assignable(head);
    if (head.kind === 'oneway') {
      // A service that answers it all the same must not do so with the id of somebody who waits.
      const answerable = multiplexing?.echo !== undefined && assignable;
      return answerable ? multiplexing.assignId(head, this.#pending.skipId()) : undefined;
    }
    if (this.#timed && this.unanswered === 0) this.movedUs = loop.nowUs;
    const id = this.#pending.add(stream);
    if (multiplexing === undefined) {
      this.#inOrder = stream;
      return undefined;
    }
    if (this.#oneByOne || !assignable) this.#inOrder = stream;
    stream.identified = assignable;
    return assignable ? multiplexing.assignId(head, id) : undefined;
  }
  #onResponse(frame: F): void {
    const stream = this.#waiting(frame);
    if (stream === undefined) return;
    this.forget(stream);
    stream.exchange.onResponseHead(frame, true);
    this.#answered(stream);
  }
  /** Whose answer it is; undefined, and counted, when it is nobody's. */
  #waiting(response: F): FrameUpstreamStream<F> | undefined {
    const stream = this.#inOrder === undefined ? this.#byId(response) : this.#trusted(response, this.#inOrder);
    if (stream === undefined) this.#counts.late++;
    else if (this.#timed) this.#owner.onAnswered((loop.nowUs - this.movedUs) >>> 0);
    this.movedUs = loop.nowUs;
    // In turn: the service is done with what was asked before.
    if (this.#givenUp > 0 && (this.protocol.multiplexing?.assignedId(response) ?? 0) >= this.#givenUp) this.#givenUp = 0;
    return stream;
  }
  #byId(response: F): FrameUpstreamStream<F> | undefined {
    const id = this.#oneByOne ? undefined : this.protocol.multiplexing?.assignedId(response);
    return id === undefined ? undefined : this.#pending.get(id);
  }
  /** The answer to the one request on this connection, unless it bears an id that this service never gave it. */
  #trusted(response: F, stream: FrameUpstreamStream<F>): FrameUpstreamStream<F> | undefined {
    const multiplexing = this.protocol.multiplexing;
    if (multiplexing === undefined || !stream.identified) return stream;
    const id = multiplexing.assignedId(response);
    // Of a one-way request before it: nothing else can be open here.
    if (id !== undefined && id >= this.#firstId && id < stream.id) return undefined;
    if (this.#owner.onEcho(id === stream.id)) return stream;
    this.transport.destroy('the service answered with an id that was not asked');
    return undefined;
  }
  #writeFront(frame: F, { front, replaces }: NewFront): void {
    this.transport.write(front);
    this.transport.writeRange(frame.chunk, frame.from + replaces, frame.to);
  }
  #mayKeep(frame: F): boolean {
    return frame.to - frame.from < this.#limits.maxBufferedFrontBytes;
  }
  #refuse(stream: FrameUpstreamStream<F>, detail: string): Taken {
    this.forget(stream);
    stream.exchange.onResponseReset('protocol-error', true, detail);
    this.#answered(stream);
    return 'skip';
  }
  /** The rest of a request that was answered early is not worth its way, and without it nothing else can follow here. */
  #answered(stream: FrameUpstreamStream<F>): void {
    if (this.#sending === stream) this.transport.destroy('the service answered before it had the whole request');
  }
  #onCallback(request: F): void {
    if (this.#caller?.callBack(request, this) === true || request.kind === 'oneway') return;
    const mediation = this.protocol.mediation;
    if (mediation === undefined) return;
    this.transport.write(mediation.localReply(request, { reason: 'no-route', message: 'no caller is bound to this connection' }));
  }
}

/** A frame that has to wait lets go of the chunk that it came in. */
function keep(frame: Frame): void {
  frame.chunk = own(frame.chunk, frame.from, frame.to);
  frame.to -= frame.from;
  frame.from = 0;
}
