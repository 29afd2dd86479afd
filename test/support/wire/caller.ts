import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Owner } from '../owner.ts';
import type { Call, RawWire, WireMessage } from './raw-wire.ts';
import { Splitter } from './splitter.ts';

/** What became of a call. */
export type Answer =
  | { readonly kind: 'answer'; readonly message: WireMessage; readonly status: string; readonly text: string }
  | { readonly kind: 'closed' };

type Settle = (answer: Answer) => void;

/** A caller's connection. It keeps every answer that nobody waits for. */
export class WireCaller {
  readonly wire: RawWire;
  readonly socket: Socket;
  /** Answers to an id that never was asked, or that had its answer before. */
  readonly strays: WireMessage[] = [];
  readonly heartbeatAnswers: WireMessage[] = [];
  /** It was told to make no new requests here. */
  sentAway = false;
  /** Bytes that are no frames. */
  broken: string | undefined;
  closed = false;
  /** Told of what the service asks this caller. */
  onRequest: (request: WireMessage) => void = () => undefined;
  /** By id, those that used it in order. */
  readonly #waiting = new Map<string, Settle[]>();
  readonly #ended: Promise<void>;
  #count: number;

  private constructor(wire: RawWire, socket: Socket, first: number) {
    this.wire = wire;
    this.socket = socket;
    this.#count = first;
    const splitter = new Splitter(wire, (message) => this.#onMessage(message));
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
        for (const settle of [...this.#waiting.values()].flat()) settle({ kind: 'closed' });
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /** @param first ids count up from here; equal ones at many callers are what most clients do */
  static async connect(owner: Owner, wire: RawWire, port: number, first = 1): Promise<WireCaller> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    owner.after(() => void socket.destroy());
    await once(socket, 'connect');
    return new WireCaller(wire, socket, first);
  }
  /** @param socket connected, plain or by TLS */
  static over(owner: Owner, wire: RawWire, socket: Socket): WireCaller {
    owner.after(() => void socket.destroy());
    return new WireCaller(wire, socket, 1);
  }

  /** Resolves when the connection is gone. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  nextId(): Buffer {
    return this.wire.id(this.#count++);
  }

  call(call: Call): Promise<Answer> {
    const id = this.nextId();
    return this.send(id, this.wire.request(id, call));
  }

  /** Calls a method with a text. */
  say(method: string, text = '', more: Partial<Call> = {}): Promise<Answer> {
    return this.call({ method, body: Buffer.from(text), ...more });
  }

  /** Sends bytes that hold a request with this id, whole or not, and waits for its answer. */
  send(id: Buffer, bytes: Buffer): Promise<Answer> {
    const answer = this.expect(id);
    if (!this.closed) this.socket.write(bytes);
    return answer;
  }

  /** Waits for an answer with this id to something that was, or will be, written to the socket. */
  expect(id: Buffer): Promise<Answer> {
    if (this.closed) return Promise.resolve({ kind: 'closed' });
    const key = id.toString('hex');
    return new Promise((resolve) => {
      const others = this.#waiting.get(key);
      if (others === undefined) this.#waiting.set(key, [resolve]);
      else others.push(resolve);
    });
  }

  #onMessage(message: WireMessage): void {
    if (message.kind === 'goAway') {
      this.sentAway = true;
    } else if (message.kind === 'heartbeatAnswer') {
      this.heartbeatAnswers.push(message);
    } else if (message.kind === 'request') {
      this.onRequest(message);
    } else if (message.kind === 'answer') {
      const key = message.id.toString('hex');
      const waiting = this.#waiting.get(key);
      const settle = waiting?.shift();
      if (waiting?.length === 0) this.#waiting.delete(key);
      if (settle === undefined) this.strays.push(message);
      else settle({ kind: 'answer', message, status: message.status, text: message.body.toString('latin1', 0, 1024) });
    }
  }
}

/** Nothing came that was not asked for, and nothing that is no frame. */
export function assertClean(caller: WireCaller): void {
  assert.equal(caller.broken, undefined);
  assert.deepEqual(caller.strays, []);
}
