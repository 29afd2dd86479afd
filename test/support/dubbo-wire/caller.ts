import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Owner } from '../owner.ts';
import { answerText, type Call, FLAGS, frame, kindOf, request, type WireFrame } from './frame.ts';
import { Splitter } from './splitter.ts';

/** What became of a call. */
export type Answer =
  | { readonly kind: 'answer'; readonly frame: WireFrame; readonly status: number; readonly text: string }
  | { readonly kind: 'closed' };

/** A caller's connection. It counts every answer that nobody waits for. */
export class WireCaller {
  readonly socket: Socket;
  /** Answers to an id that never was asked, or that had its answer before. */
  readonly strays: WireFrame[] = [];
  /** Letters of one-way events, in order. */
  readonly events: string[] = [];
  /** Requests that the service sent to this caller. */
  readonly callbacks: WireFrame[] = [];
  heartbeatAnswers = 0;
  /** Bytes that are no frames. */
  broken: string | undefined;
  closed = false;
  onCallback: (request: WireFrame) => void = () => undefined;
  readonly #waiting = new Map<bigint, (answer: Answer) => void>();
  readonly #ended: Promise<void>;
  #nextId: bigint;

  private constructor(socket: Socket, firstId: bigint) {
    this.socket = socket;
    this.#nextId = firstId;
    const splitter = new Splitter((received) => this.#onFrame(received));
    socket.on('data', (chunk: Buffer) => {
      try {
        splitter.push(chunk);
      } catch (error) {
        this.broken ??= String(error);
        socket.destroy();
      }
    });
    socket.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.closed = true;
        for (const settle of this.#waiting.values()) settle({ kind: 'closed' });
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /** @param firstId ids count up from here; equal ones at many callers are what old Dubbo consumers do */
  static async connect(owner: Owner, port: number, firstId = 0n): Promise<WireCaller> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    owner.after(() => void socket.destroy());
    await once(socket, 'connect');
    return new WireCaller(socket, firstId);
  }

  /** Resolves when the connection is gone. */
  get ended(): Promise<void> {
    return this.#ended;
  }
  get open(): number {
    return this.#waiting.size;
  }

  call(call: Call): Promise<Answer> {
    const id = this.nextId();
    return this.sendRaw(id, request(id, call));
  }

  nextId(): bigint {
    return this.#nextId++;
  }

  /** Sends bytes that hold a request with this id, whole or not, and waits for its answer. */
  sendRaw(id: bigint, bytes: Buffer): Promise<Answer> {
    const answer = this.expect(id);
    if (!this.closed) this.socket.write(bytes);
    return answer;
  }

  /** Waits for an answer with this id to something that was, or will be, written to the socket. */
  expect(id: bigint): Promise<Answer> {
    if (this.closed) return Promise.resolve({ kind: 'closed' });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  #onFrame(received: WireFrame): void {
    switch (kindOf(received)) {
      case 'response': {
        const settle = this.#waiting.get(received.id);
        if (settle === undefined) {
          this.strays.push(received);
          return;
        }
        this.#waiting.delete(received.id);
        settle({ kind: 'answer', frame: received, status: received.status, text: received.digest === '' ? answerText(received) : '' });
        return;
      }
      case 'heartbeat':
        this.socket.write(frame(FLAGS.heartbeatAnswer, 20, received.id, received.body));
        return;
      case 'event':
        this.events.push(received.body.toString('latin1', 1));
        return;
      case 'request':
      case 'oneway':
        this.callbacks.push(received);
        this.onCallback(received);
        return;
      case 'heartbeatAnswer':
        this.heartbeatAnswers++;
        return;
    }
  }
}
