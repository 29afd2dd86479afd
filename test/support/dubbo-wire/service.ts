import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Owner } from '../owner.ts';
import { errorResponse, FLAGS, frame, kindOf, readTexts, response, STATUS, type WireFrame } from './frame.ts';
import { Splitter } from './splitter.ts';

/** A request as a service sees it. */
export interface Received {
  readonly frame: WireFrame;
  readonly service: string;
  readonly method: string;
  /** The argument when it is a text, else empty. */
  readonly argument: string;
  readonly socket: Socket;
  reply(value: string | Buffer): void;
  fail(message: string): void;
}

export type Handler = (received: Received) => void;

/** A provider. */
export class WireService {
  /** Open connections, oldest first. */
  readonly sockets = new Set<Socket>();
  accepted = 0;
  requests = 0;
  /** Answers to what it asked its callers. */
  readonly answers: WireFrame[] = [];
  readonly #server: Server;
  handler: Handler;

  private constructor(handler: Handler) {
    this.handler = handler;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  static async start(owner: Owner, handler: Handler, port = 0): Promise<WireService> {
    const service = new WireService(handler);
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
    const splitter = new Splitter((received) => this.#onFrame(received, socket));
    socket.on('data', (chunk: Buffer) => splitter.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
  }

  #onFrame(received: WireFrame, socket: Socket): void {
    const kind = kindOf(received);
    if (kind === 'heartbeat') socket.write(frame(FLAGS.heartbeatAnswer, STATUS.ok, received.id, received.body));
    if (kind === 'response') this.answers.push(received);
    if (kind !== 'request' && kind !== 'oneway') return;
    this.requests++;
    const [, service = '', , method = '', descriptor = ''] = readTexts(received.body, 0, 5);
    const isText = descriptor === 'Ljava/lang/String;';
    this.handler({
      frame: received,
      service,
      method,
      argument: isText ? (readTexts(received.body, 0, 6)[5] ?? '') : '',
      socket,
      reply: (value) => void socket.write(response(received.id, value)),
      fail: (message) => void socket.write(errorResponse(received.id, 70, message)),
    });
  }
}

/** Answers `<name>|<argument>`: who answered, and to whom. */
export function echo(name: string): Handler {
  return ({ argument, reply }) => reply(`${name}|${argument}`);
}
