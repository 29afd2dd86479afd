import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Owner } from '../owner.ts';
import type { RawWire, WireMessage } from './raw-wire.ts';
import { Splitter } from './splitter.ts';

/** A request as a service sees it. */
export interface Received {
  readonly message: WireMessage;
  readonly method: string;
  /** The argument as text. */
  readonly text: string;
  readonly socket: Socket;
  reply(value: string | Buffer): void;
}

export type Handler = (received: Received) => void;

/** A provider. */
export class WireService {
  /** Open connections, oldest first. */
  readonly sockets = new Set<Socket>();
  accepted = 0;
  /** One-way ones included. */
  requests = 0;
  /** Everything that was neither a request nor a heartbeat that it answered. */
  readonly others: WireMessage[] = [];
  heartbeats = 0;
  /** Bytes that are no frames. */
  broken: string | undefined;
  readonly #wire: RawWire;
  readonly #server: Server;
  handler: Handler;

  private constructor(wire: RawWire, handler: Handler) {
    this.#wire = wire;
    this.handler = handler;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  static async start(owner: Owner, wire: RawWire, handler: Handler, port = 0): Promise<WireService> {
    const service = new WireService(wire, handler);
    owner.after(() => service.stop());
    await new Promise<void>((resolve, reject) => {
      service.#server.once('error', reject);
      service.#server.listen({ port, host: '127.0.0.1' }, resolve);
    });
    return service;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.#server.listening) await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  broadcast(bytes: Buffer): void {
    for (const socket of this.sockets) socket.write(bytes);
  }

  #accept(socket: Socket): void {
    this.accepted++;
    this.sockets.add(socket);
    const splitter = new Splitter(this.#wire, (message) => this.#onMessage(message, socket));
    socket.on('data', (chunk: Buffer) => {
      try {
        splitter.push(chunk);
      } catch (error) {
        this.broken ??= String(error);
        socket.destroy();
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
  }

  #onMessage(message: WireMessage, socket: Socket): void {
    const { kind, id, method } = message;
    if (kind === 'heartbeat' && this.#wire.heartbeatAnswer !== undefined) {
      this.heartbeats++;
      socket.write(this.#wire.heartbeatAnswer(id));
    } else if (kind === 'request' || kind === 'oneway') {
      this.requests++;
      const reply = (value: string | Buffer) => {
        socket.write(this.#wire.answer(id, method, typeof value === 'string' ? Buffer.from(value) : value));
      };
      this.handler({ message, method, text: message.body.toString('latin1', 0, 1024), socket, reply });
    } else {
      this.others.push(message);
    }
  }
}

/** Answers `<name>|<argument>`: who answered, and to whom. One-way calls get nothing. */
export function echo(name: string): Handler {
  return ({ message, text, reply }) => {
    if (message.kind === 'request') reply(`${name}|${text}`);
  };
}

/** Resolves with the next `count` requests, which the service does not answer by itself. */
export function hold(service: WireService, count: number): Promise<Received[]> {
  const held: Received[] = [];
  return new Promise((resolve) => {
    service.handler = (received) => {
      held.push(received);
      if (held.length === count) resolve(held);
    };
  });
}
