import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { ToyFrame, toyFrame } from './toy-protocol.ts';

const HEADER = 11;

/** Cuts received bytes into frames, one buffer each. Joins them once a frame: 48 MiB joined at every read would take half a minute. */
class Cutter {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #wanted = HEADER;

  push(chunk: Buffer): ToyFrame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: ToyFrame[] = [];
    while (this.#bytes >= this.#wanted) {
      const all = Buffer.concat(this.#chunks);
      const length = HEADER + all.readUInt32BE(7);
      this.#wanted = length;
      this.#chunks = [all];
      if (all.length < length) break;
      frames.push(new ToyFrame(all, 0, length, length));
      this.#chunks = [all.subarray(length)];
      this.#bytes -= length;
      this.#wanted = HEADER;
    }
    return frames;
  }
}

/** A caller that speaks the toy protocol. */
export class ToyClient {
  readonly socket: Socket;
  readonly frames: ToyFrame[] = [];
  closed = false;
  #wanted: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    const cutter = new Cutter();
    socket.on('data', (chunk: Buffer) => {
      this.frames.push(...cutter.push(chunk));
      this.#wanted?.();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#wanted?.();
    });
  }
  static async connect(port: number): Promise<ToyClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new ToyClient(socket);
  }
  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }
  request(id: number, body: string): void {
    this.send(toyFrame('request', id, body));
  }
  /** Resolves when `count` frames are here. Rejects when the connection ends before. */
  async received(count: number): Promise<ToyFrame[]> {
    while (this.frames.length < count) {
      if (this.closed) throw new Error(`closed after ${this.frames.length} of ${count} frames`);
      await new Promise<void>((resolve) => {
        this.#wanted = resolve;
      });
    }
    return this.frames;
  }
  async ended(): Promise<void> {
    if (!this.closed) await once(this.socket, 'close');
  }
}

/** What a service does with a frame. */
export type ToyHandler = (frame: ToyFrame, socket: Socket) => void;

/** Answers every request with `<name> <body>`. */
export function echo(name: string): ToyHandler {
  return (frame, socket) => {
    if (frame.kind === 'request') socket.write(toyFrame('response', frame.id, `${name} ${frame.body}`));
  };
}

/** A service that speaks the toy protocol. */
export class ToyServer {
  readonly sockets = new Set<Socket>();
  readonly received: ToyFrame[] = [];
  accepted = 0;
  readonly #server: Server;

  private constructor(handler: ToyHandler) {
    this.#server = createServer((socket) => {
      this.accepted++;
      this.sockets.add(socket);
      const cutter = new Cutter();
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('data', (chunk: Buffer) => {
        for (const frame of cutter.push(chunk)) {
          this.received.push(frame);
          handler(frame, socket);
        }
      });
    });
  }
  static async start(handler: ToyHandler, port = 0): Promise<ToyServer> {
    const server = new ToyServer(handler);
    server.#server.listen(port, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }
  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
