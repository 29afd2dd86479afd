import { own } from '../buffer/own.ts';
import type { LimitsConfig } from '../config/bootstrap-model.ts';
import { CodecError } from '../errors/codec-error.ts';
import { messageOf } from '../errors/message-of.ts';
import type { CodecConnection, Frame, FrameProtocol, LocalReply } from '../protocol/spi.ts';
import { loop } from '../transport/loop.ts';
import { HIGH_WATERMARK } from '../transport/socket-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { AnswerOrder } from './answer-order.ts';
import { FrameDownstreamStream } from './frame-downstream-stream.ts';
import { FrameReader, type FrameSink, type Taken } from './frame-reader.ts';
import { LinkedStreams } from './linked-streams.ts';
import { withFront } from './patched-frame.ts';
import { type Pending, PendingTable } from './pending-table.ts';
import type { BoundUpstream, DownstreamConnection, RequestHandler } from './stream.ts';

/** Enough of a stranger's first bytes to answer a health check by. */
const REFUSED_HEAD_BYTES = 256;
/** What a stranger may still say after its answer: a close with bytes unread would take the answer away from it again. */
const LINGER_BYTES = 64 * 1024;

/** Where the caller's answer to a request of the service goes. */
export interface CallbackOwner<F extends Frame> {
  onCallbackAnswer(answer: F, request: F): void;
}
class Callback<F extends Frame> implements Pending {
  id = 0;
  readonly request: F;
  readonly owner: CallbackOwner<F>;
  constructor(request: F, owner: CallbackOwner<F>) {
    this.request = request;
    this.owner = owner;
  }
}

/** A caller's connection that speaks frames. */
export class FrameDownstreamConnection<F extends Frame> implements DownstreamConnection, FrameSink<F> {
  open = 0;
  readonly transport: Transport;
  readonly protocol: FrameProtocol<F>;
  readonly bindings = new Map<object, BoundUpstream>();
  readonly #handler: RequestHandler<F, F>;
  readonly #limits: LimitsConfig;
  readonly #codec: CodecConnection<F>;
  readonly #reader: FrameReader<F>;
  /** Open streams, to be told when the caller goes away. */
  readonly #streams = new LinkedStreams<FrameDownstreamStream<F>>();
  /** The requests that wait for an answer, by their ids, where the protocol's callers use ids twice. */
  readonly #ids: Map<number, FrameDownstreamStream<F>> | undefined;
  /** Has the id of the next request: that one waits until it is over. */
  #namesake: FrameDownstreamStream<F> | undefined = undefined;
  #order: AnswerOrder | undefined = undefined;
  #callbacks: PendingTable<Callback<F>> | undefined = undefined;
  /** The stream whose large request is being received. */
  #receiving: FrameDownstreamStream<F> | undefined = undefined;
  #outputFull = false;
  /** Whose large request waits for its service. */
  #pausedFor: FrameDownstreamStream<F> | undefined = undefined;
  #reading = true;
  #ended = false;
  /** Bytes that a stranger may still send; undefined for callers that speak the protocol. */
  #linger: number | undefined = undefined;

  constructor(protocol: FrameProtocol<F>, limits: LimitsConfig, transport: Transport, handler: RequestHandler<F, F>) {
    this.protocol = protocol;
    this.transport = transport;
    this.#handler = handler;
    this.#limits = limits;
    this.#codec = protocol.connection({ side: 'downstream', maxFrameBytes: limits.maxFrameBytes, dialect: 0 });
    this.#reader = new FrameReader(this.#codec, limits, this);
    this.#ids = protocol.multiplexing?.callerId === undefined ? undefined : new Map();
  }

  onBytes(chunk: Buffer): void {
    if (this.#linger !== undefined) return this.#ignore(chunk);
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#refuse(error);
    }
    if (this.transport.full) this.#outputFull = true;
    this.#applyFlow();
  }

  onFrame(frame: F): 'taken' | 'later' {
    switch (frame.kind) {
      case 'request':
        if (this.#waitsForNamesake(frame)) return 'later';
        this.#onRequest(frame);
        return 'taken';
      case 'oneway':
        this.#onRequest(frame);
        return 'taken';
      case 'ping': {
        const pong = this.#codec.pong?.(frame);
        if (pong !== undefined) this.emit(frame, pong, 0, pong.length, true);
        return 'taken';
      }
      case 'response':
        this.#onCallbackAnswer(frame);
        return 'taken';
      default:
        return 'taken';
    }
  }

  onFront(frame: F): Taken {
    if (frame.kind !== 'request' && frame.kind !== 'oneway') {
      // A large answer to a callback is kept whole; anything else that is large has no meaning here.
      return frame.kind === 'response' && frame.to - frame.from < this.#limits.maxBufferedFrontBytes ? 'need-more' : 'skip';
    }
    if (this.#waitsForNamesake(frame)) return 'later';
    if (frame.defect !== undefined) {
      this.#answerDefect(frame, frame.defect);
      return 'skip';
    }
    if (frame.length > this.#limits.maxFrameBytes) {
      this.#answerTooLarge(frame);
      return 'skip';
    }
    if (this.#begin(frame, false)) return this.#receiving === undefined ? 'skip' : 'taken';
    if (frame.to - frame.from < this.#limits.maxBufferedFrontBytes) return 'need-more';
    const most = this.#limits.maxBufferedFrontBytes;
    this.#answer(frame, {
      reason: 'too-large',
      message: `a rule needs a part of this ${frame.length}-byte request that lies beyond its first ${most} bytes (limits.maxBufferedFrontBytes)`,
    });
    return 'skip';
  }

  onData(chunk: Buffer, end: boolean): void {
    const stream = this.#receiving;
    if (end) {
      this.#receiving = undefined;
      this.#reader.held = this.#awaitsAnswer();
    }
    if (stream?.exchange === undefined) return;
    if (!stream.exchange.onRequestData(chunk, end)) stream.pause();
  }

  onFlushed(): void {}
  onDrain(): void {
    this.#outputFull = false;
    this.#applyFlow();
    for (const stream of this.#streams.all()) stream.exchange?.onDownstreamDrain();
  }
  onEnd(): void {
    this.#ended = true;
    this.#endWhenIdle();
  }
  onClose(reason: string): void {
    for (const stream of this.#streams.all()) {
      this.#streams.leave(stream);
      stream.exchange?.onRequestReset('connection-closed');
    }
    for (const bound of this.bindings.values()) bound.close('the caller that it belonged to is gone');
    this.bindings.clear();
    this.#handler.onConnectionClosed(this, reason);
  }

  goAway(): void {
    const frame = this.#codec.goAway?.();
    if (frame !== undefined) this.emit(frame, frame, 0, frame.length, true);
  }

  /** Passes a request of the service on to this caller, under an id that is free here. False when too many wait already. */
  callBack(request: F, owner: CallbackOwner<F>): boolean {
    const multiplexing = this.protocol.multiplexing;
    if (multiplexing === undefined) return false;
    this.#callbacks ??= new PendingTable(multiplexing.maxId);
    if (this.#callbacks.size >= this.#limits.maxPendingPerConnection) return false;
    if (request.kind === 'request') {
      const front = multiplexing.assignId(request, this.#callbacks.add(new Callback(request, owner)));
      if (front !== undefined) {
        const bytes = withFront(request, front);
        this.emit(request, bytes, 0, bytes.length, true);
        return true;
      }
    }
    this.emit(request, request.chunk, request.from, request.to, true);
    return true;
  }

  /** Writes [from, to) as part of `owner`'s answer, in its turn. `end` with its last part. */
  emit(owner: object, buffer: Buffer, from: number, to: number, end: boolean): void {
    const order = this.#order;
    if (order === undefined) {
      if (!end) this.#order = new AnswerOrder(this.transport, owner);
      if (this.transport.full) this.transport.write(own(buffer, from, to));
      else this.transport.writeRange(buffer, from, to);
    } else this.#emitInOrder(order, owner, own(buffer, from, to), end);
    if (this.transport.full) this.#checkQueue();
  }

  /** Whether `owner` may go on: false asks to pause. */
  mayWrite(owner: object): boolean {
    return !this.transport.full && (this.#order === undefined || this.#order.isActive(owner));
  }

  /** Called by a stream that is over. */
  closed(stream: FrameDownstreamStream<F>): void {
    this.#leave(stream);
    if (this.#receiving === stream) {
      this.#receiving = undefined;
      this.#reader.skipRest();
    }
    if (this.#pausedFor === stream) this.#pausedFor = undefined;
    if (this.#namesake === stream) this.#namesake = undefined;
    this.#applyFlow();
  }
  /** Reads no more, or again, because `stream`'s large request cannot be passed on, or can. */
  pauseFor(stream: FrameDownstreamStream<F>, paused: boolean): void {
    if (paused) this.#pausedFor = stream;
    else if (this.#pausedFor === stream) this.#pausedFor = undefined;
    this.#applyFlow();
  }

  #onRequest(frame: F): void {
    if (frame.defect !== undefined) return this.#answerDefect(frame, frame.defect);
    if (frame.length > this.#limits.maxFrameBytes) return this.#answerTooLarge(frame);
    if (this.open >= this.#limits.maxPendingPerConnection) return this.#answerOverflow(frame);
    this.#begin(frame, true);
  }
  /** Two open requests with one id: their caller could not tell the answers apart but by their order. */
  #waitsForNamesake(frame: F): boolean {
    if (this.#ids === undefined || frame.kind !== 'request') return false;
    const namesake = this.#ids.get(this.#idOf(frame));
    if (namesake === undefined) return false;
    this.#namesake = namesake;
    // Whoever ends the wait goes on reading only where it was held; a frame that waits while others are taken up is not seen by #applyFlow.
    this.#reader.held = true;
    return true;
  }
  /** True when the request was accepted or answered, false when the handler needs more of the front. */
  #begin(frame: F, whole: boolean): boolean {
    const stream = new FrameDownstreamStream(this, frame);
    if (!whole) this.#receiving = stream;
    this.#streams.enter(stream);
    this.open++;
    if (frame.kind === 'request') this.#ids?.set(this.#idOf(frame), stream);
    this.#reader.held = this.#awaitsAnswer();
    const exchange = this.#handler.onRequest(stream, frame, whole);
    if (exchange === undefined) {
      this.#receiving = undefined;
      this.#leave(stream);
      return false;
    }
    stream.exchange = exchange;
    return true;
  }
  #leave(stream: FrameDownstreamStream<F>): void {
    this.#streams.leave(stream);
    this.open--;
    if (stream.request.kind === 'request') this.#ids?.delete(this.#idOf(stream.request));
  }
  #idOf(request: F): number {
    return this.protocol.multiplexing?.callerId?.(request) ?? 0;
  }
  #answerDefect(frame: F, defect: string): void {
    this.#handler.onUnreadable(defect);
    this.#answer(frame, { reason: 'bad-request', message: defect });
  }
  #answerTooLarge(frame: F): void {
    const message = `a request of ${frame.length} bytes is over the limit of ${this.#limits.maxFrameBytes} (limits.maxFrameBytes)`;
    this.#answer(frame, { reason: 'too-large', message });
  }
  #answerOverflow(frame: F): void {
    const most = this.#limits.maxPendingPerConnection;
    this.#answer(frame, {
      reason: 'overflow',
      message: `${most} requests of this connection wait already (limits.maxPendingPerConnection)`,
    });
  }
  #answer(request: F, reply: LocalReply): void {
    if (request.kind === 'oneway') return;
    const mediation = this.protocol.mediation;
    if (mediation === undefined) return this.transport.destroy(reply.message);
    this.#handler.onLocalReply(reply.reason);
    const bytes = mediation.localReply(request, reply);
    this.emit(request, bytes, 0, bytes.length, true);
  }
  #refuse(error: unknown): void {
    const reason = messageOf(error);
    if (!(error instanceof CodecError)) {
      loop.onError(error);
      return this.transport.destroy(`a bug: ${reason}`);
    }
    this.#handler.onUnreadable(reason);
    const answer = this.open === 0 ? this.#codec.refuse?.(this.#reader.head(REFUSED_HEAD_BYTES)) : undefined;
    if (answer === undefined) return this.transport.destroy(reason);
    this.#reader.held = true;
    this.#ended = true;
    this.#linger = LINGER_BYTES;
    this.transport.write(answer);
    this.transport.end();
  }
  #ignore(chunk: Buffer): void {
    this.#linger = (this.#linger ?? 0) - chunk.length;
    if (this.#linger < 0) this.transport.destroy('it is no caller, and goes on sending');
  }
  #onCallbackAnswer(answer: F): void {
    const id = this.protocol.multiplexing?.assignedId(answer);
    const callback = id === undefined ? undefined : this.#callbacks?.take(id);
    callback?.owner.onCallbackAnswer(answer, callback.request);
  }
  #emitInOrder(order: AnswerOrder, owner: object, piece: Buffer, end: boolean): void {
    const moves = end && order.waiting && order.isActive(owner);
    if (order.write(owner, piece, end)) this.#order = undefined;
    // Whoever waited for this answer's end was asked to pause.
    if (moves && !this.transport.full) this.onDrain();
    if (order.heldBytes > HIGH_WATERMARK) this.#checkQueue();
  }
  #checkQueue(): void {
    const queued = this.transport.queuedBytes + (this.#order?.heldBytes ?? 0);
    if (queued > this.#limits.downstreamQueueBytes) {
      const why = this.transport.full ? 'the caller does not read its answers' : 'answers wait behind a large one that stands still';
      this.transport.destroy(`${why}: ${queued} bytes queued (limits.downstreamQueueBytes)`);
    } else if (!this.#outputFull) {
      this.#outputFull = true;
      this.#applyFlow();
    }
  }
  /** Without ids, or with one that is open, the next request waits for an answer. */
  #awaitsAnswer(): boolean {
    if (this.#namesake !== undefined) return true;
    return this.protocol.multiplexing === undefined && this.open > 0 && this.#receiving === undefined;
  }
  #applyFlow(): void {
    if (this.transport.closed || this.#linger !== undefined) return;
    const stopped = this.#outputFull || this.#pausedFor !== undefined;
    const held = stopped || this.#awaitsAnswer();
    const reading = !held || (!stopped && this.#reader.buffered <= this.#limits.relayThresholdBytes);
    if (reading !== this.#reading) {
      this.#reading = reading;
      if (reading) this.transport.resume();
      else this.transport.pause();
    }
    const release = this.#reader.held && !held;
    this.#reader.held = held;
    try {
      if (release) this.#reader.resume();
    } catch (error) {
      this.#refuse(error);
    }
    this.#endWhenIdle();
  }
  /** A caller that ended its side is still answered what it asked, also what was held back. */
  #endWhenIdle(): void {
    if (!this.#ended || this.#reader.held || this.#reader.running) return;
    if (this.#receiving !== undefined) this.transport.destroy('the caller ended inside a request');
    else if (this.open === 0) this.transport.end();
  }
}
