import type { HeaderField, Transport } from '@polywire/core/spi';
import type { Http2Counters } from '../counters.ts';
import { FIRST_WINDOW, MAX_WINDOW } from '../frame.ts';
import type { FrameWriter } from '../frame-writer.ts';
import type { Guard } from '../guard.ts';
import { inPlace } from './in-place.ts';
import { ReadyList } from './ready-list.ts';
import { SendQueue } from './send-queue.ts';
import type { SendingStream } from './sending-stream.ts';

const EMPTY = Buffer.alloc(0);

/** Sends the data of a connection's streams, as far as windows and the socket allow, and keeps the rest. */
export class Sender {
  /** Of the whole connection. */
  window: number = FIRST_WINDOW;
  /** In all streams. */
  queuedBytes = 0;
  readonly #transport: Transport;
  readonly #writer: FrameWriter;
  readonly #guard: Guard;
  readonly #counters: Http2Counters;
  /** With data, and a window of their own: they wait for the connection. */
  readonly #ready = new ReadyList<SendingStream>();
  /** Without data, but told to pause while the socket is full. */
  #paused: SendingStream[] = [];

  constructor(transport: Transport, writer: FrameWriter, guard: Guard, counters: Http2Counters) {
    this.#transport = transport;
    this.#writer = writer;
    this.#guard = guard;
    this.#counters = counters;
  }

  /** False asks to pause until onDrained. */
  data(stream: SendingStream, data: Buffer, end: boolean): boolean {
    const placed = inPlace.take(data);
    const chunk = placed ? inPlace.chunk : data;
    const to = placed ? inPlace.from + data.length : data.length;
    let from = to - data.length;
    if (stream.queue !== undefined) return this.#enqueue(stream, stream.queue, chunk, from, to, placed, end);
    let room = placed;
    if (from < to && !this.#transport.full) {
      let most = Math.min(this.window, stream.sendWindow);
      while (from < to && most > 0) {
        const bytes = Math.min(to - from, most, this.#writer.maxFrameBytes);
        this.#write(stream, chunk, from, bytes, room, end && from + bytes === to);
        room = false;
        from += bytes;
        most -= bytes;
      }
    }
    if (from < to) {
      stream.queue = new SendQueue();
      return this.#enqueue(stream, stream.queue, chunk, from, to, room, end);
    }
    if (end) {
      if (data.length === 0) this.#writer.data(stream.id, EMPTY, 0, 0, false, true);
      stream.onEndSent();
      return true;
    }
    if (!this.#transport.full) return true;
    this.#paused.push(stream);
    return false;
  }

  /** They end the stream, behind its data. */
  trailers(stream: SendingStream, fields: readonly HeaderField[]): void {
    if (stream.queue !== undefined) {
      stream.queue.trailers = fields;
      return;
    }
    this.#writer.headers(stream.id, fields, true);
    stream.onEndSent();
  }

  /** The stream is over: what it had to send is dropped. */
  drop(stream: SendingStream): void {
    if (stream.queue === undefined) return;
    this.#count(-stream.queue.bytes);
    stream.queue = undefined;
    // A window that never opens would keep it for ever.
    this.#ready.delete(stream);
  }

  /** The peer opened its connection's window. False: wider than it may be. */
  grow(increment: number): boolean {
    this.window += increment;
    if (this.window > MAX_WINDOW) return false;
    this.pump();
    return true;
  }
  /** The peer opened a stream's window. False: wider than it may be. */
  growStream(stream: SendingStream, increment: number): boolean {
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW) return false;
    if (stream.queue !== undefined && stream.sendWindow > 0) {
      this.#ready.add(stream);
      this.pump();
    }
    return true;
  }

  /** The socket takes data again. */
  onDrain(): void {
    this.pump();
    if (this.#paused.length === 0 || this.#transport.full) return;
    const paused = this.#paused;
    this.#paused = [];
    for (const stream of paused) if (!stream.closed && stream.queue === undefined) stream.onDrained();
  }

  /** One frame of each stream in turn. */
  pump(): void {
    while (this.window > 0 && this.#ready.size > 0 && !this.#transport.full) {
      const stream = this.#ready.shift();
      if (stream?.queue !== undefined) this.#sendNext(stream, stream.queue);
    }
  }

  #sendNext(stream: SendingStream, queue: SendQueue): void {
    const { front } = queue;
    if (front === undefined) return;
    const bytes = Math.min(front.to - front.from, this.window, stream.sendWindow, this.#writer.maxFrameBytes);
    if (bytes <= 0) return;
    const ends = queue.ended && bytes === queue.bytes;
    this.#write(stream, front.chunk, front.from, bytes, front.room, ends);
    this.#count(-bytes);
    queue.sent(bytes);
    if (queue.bytes > 0) {
      if (stream.sendWindow > 0) this.#ready.add(stream);
      return;
    }
    stream.queue = undefined;
    if (queue.trailers !== undefined) this.trailers(stream, queue.trailers);
    else if (ends) stream.onEndSent();
    else stream.onDrained();
  }

  #write(stream: SendingStream, chunk: Buffer, from: number, bytes: number, room: boolean, end: boolean): void {
    this.#writer.data(stream.id, chunk, from, from + bytes, room, end);
    this.window -= bytes;
    stream.sendWindow -= bytes;
    this.#guard.useful();
  }

  #enqueue(stream: SendingStream, queue: SendQueue, chunk: Buffer, from: number, to: number, room: boolean, end: boolean): false {
    queue.add(chunk, from, to, room, end);
    this.#count(to - from);
    if (stream.sendWindow > 0) this.#ready.add(stream);
    return false;
  }

  #count(bytes: number): void {
    this.queuedBytes += bytes;
    this.#counters.queuedBytes += bytes;
  }
}
