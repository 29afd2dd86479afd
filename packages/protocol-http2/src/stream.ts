import type { SendQueue } from './flow/send-queue.ts';
import type { SendingStream } from './flow/sending-stream.ts';

/** What a stream needs of its connection. */
export interface StreamHost {
  /** Windows that new streams begin with: the peer's, and ours as far as the peer knows of it. */
  readonly initialSendWindow: number;
  readonly initialReceiveWindow: number;
  /** So many bytes wait for a slow stream, or no longer. */
  hold(stream: Http2Stream, bytes: number): void;
  /** Gives a stream's window back when it is worth a frame. */
  returnWindow(stream: Http2Stream): void;
}

/** Who ended a stream before its end. `unprocessed`: its peer, which did nothing with it. */
export type StreamEnd = 'by-peer' | 'by-error' | 'by-connection' | 'unprocessed';

/** What streams of both sides share: their windows, and where they stand. */
export abstract class Http2Stream implements SendingStream {
  nextReady: SendingStream | undefined = undefined;
  previousReady: SendingStream | undefined = undefined;
  isReady = false;
  queue: SendQueue | undefined = undefined;
  closed = false;
  readonly id: number;
  sendWindow: number;
  /** The peer sends nothing more. */
  remoteEnded = false;
  /** Octets of data that the peer must still send, by its content-length; -1: it did not say. */
  expected = -1;
  /** What the peer may still send; below 0 when SETTINGS made it smaller. */
  receiveWindow: number;
  /** Received and not given back. */
  unreturned = 0;
  /** Of that, what came while the stream was paused. */
  held = 0;
  paused = false;
  readonly #host: StreamHost;

  constructor(host: StreamHost, id: number) {
    this.#host = host;
    this.id = id;
    this.sendWindow = host.initialSendWindow;
    this.receiveWindow = host.initialReceiveWindow;
  }

  /** Takes data in as far as it goes with what the message's head said; what is wrong otherwise. */
  count(bytes: number, end: boolean): string | undefined {
    if (this.expected < 0) return undefined;
    this.expected -= bytes;
    if (this.expected < 0) return 'more data than content-length says';
    return end && this.expected > 0 ? 'less data than content-length says' : undefined;
  }

  /** Data was passed on, or is kept while the stream is paused: its window is given back now, or then. */
  credit(bytes: number): void {
    this.unreturned += bytes;
    if (this.paused) {
      this.held += bytes;
      this.#host.hold(this, bytes);
    } else this.#host.returnWindow(this);
  }

  /** The peer's data is not passed on: it gets no more window than it has. */
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.release();
    if (!this.closed) this.#host.returnWindow(this);
  }
  /** See core's streams. */
  progressed(): boolean {
    const { queue } = this;
    if (queue === undefined) return false;
    const { progressed } = queue;
    queue.progressed = false;
    return progressed;
  }
  /** Whatever was held is not any more. */
  release(): void {
    if (this.held === 0) return;
    const held = this.held;
    this.held = 0;
    this.#host.hold(this, -held);
  }

  /** Data of the peer, [from, to) of a received chunk. */
  abstract onData(chunk: Buffer, from: number, to: number, end: boolean): void;
  /** It is over without its end, and is no stream of its connection any more. */
  abstract onReset(code: number, detail: string, how: StreamEnd): void;
  abstract onDrained(): void;
  abstract onEndSent(): void;
}
