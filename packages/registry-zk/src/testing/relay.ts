import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { PacketReader } from '../client/packets.ts';
import { OP_ADD_WATCH, OP_SET_WATCHES_2 } from '../client/records.ts';
import { Recorder } from './recorder.ts';

const UNKNOWN_OPCODE = 9_999;

/** A TCP relay in front of a server, which can fail in the ways networks and old servers do. */
export class Relay {
  /** Pretends that the server is older than 3.6: it gets an opcode it does not know in place of recursive watches. */
  oldServer = false;
  /** New connections are accepted and lead nowhere. */
  partitioned = false;
  /** Opcodes of what clients asked. */
  readonly requests = new Recorder<number>();
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cutAfter: number | undefined;
  #cutHow: 'break' | 'silence' = 'break';
  #onCut: (() => void) | undefined;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((downstream) => this.#accept(downstream));
  }

  static async start(target: number): Promise<Relay> {
    const relay = new Relay(target);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address !== 'object') throw new Error('the relay is not listening');
    return `127.0.0.1:${address.port}`;
  }

  /** Breaks every connection. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /**
   * Lets this many more bytes of answers through, then breaks every connection, or goes silent on them as a network does that lost its way.
   * Resolves at the cut.
   */
  cutAfter(bytes: number, how: 'break' | 'silence' = 'break'): Promise<void> {
    this.#cutAfter = bytes;
    this.#cutHow = how;
    return new Promise((resolve) => {
      this.#onCut = resolve;
    });
  }

  async stop(): Promise<void> {
    this.breakAll();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(downstream: Socket): void {
    if (this.partitioned) {
      this.#sockets.add(downstream);
      downstream.on('close', () => this.#sockets.delete(downstream)).on('error', () => {});
      downstream.resume();
      return;
    }
    const upstream = connect({ port: this.#target, host: '127.0.0.1', noDelay: true });
    for (const [socket, other] of [
      [downstream, upstream],
      [upstream, downstream],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    let first = true;
    const requests = new PacketReader(Number.MAX_SAFE_INTEGER, {
      packet: (packet) => {
        upstream.write(frame(first ? packet : this.#aged(packet)));
        first = false;
      },
      oversized: () => {},
    });
    downstream.on('data', (chunk: Buffer) => requests.push(chunk));
    upstream.on('data', (chunk: Buffer) => this.#answer(downstream, chunk));
  }

  #aged(packet: Buffer): Buffer {
    const op = packet.readInt32BE(4);
    this.requests.add(op);
    if (!this.oldServer || (op !== OP_ADD_WATCH && op !== OP_SET_WATCHES_2)) return packet;
    const copy = Buffer.from(packet);
    copy.writeInt32BE(UNKNOWN_OPCODE, 4);
    return copy;
  }

  #answer(downstream: Socket, chunk: Buffer): void {
    if (this.#cutAfter === undefined || chunk.length < this.#cutAfter) {
      if (this.#cutAfter !== undefined) this.#cutAfter -= chunk.length;
      downstream.write(chunk);
      return;
    }
    const rest = chunk.subarray(0, this.#cutAfter);
    this.#cutAfter = undefined;
    downstream.write(rest, () => {
      if (this.#cutHow === 'break') this.breakAll();
      else for (const socket of this.#sockets) socket.pause();
      this.#onCut?.();
    });
  }
}

function frame(packet: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(packet.length + 4);
  framed.writeInt32BE(packet.length, 0);
  packet.copy(framed, 4);
  return framed;
}
