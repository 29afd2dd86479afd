import { connect, type LookupFunction, type Socket } from 'node:net';
import type { ZkTls } from './client.ts';
import type { ZkHost } from './connect-string.ts';
import { CONNECTION_LOSS, ZkError } from './errors.ts';
import { PacketReader } from './packets.ts';
import { pingRequest, readConnectResponse, type SessionTicket } from './records.ts';
import { connectTls } from './tls.ts';

/** What one connection reports. */
export interface ConnectionHandler {
  /** The server's answer to the connect request; undefined: the session has expired. */
  established(ticket: SessionTicket | undefined): void;
  /** Throws when the packet is nonsense, which ends the connection. */
  packet(packet: Buffer): void;
  oversized(header: Buffer, length: number): void;
  /**
   * Once, and last.
   * @param refused the server closed it instead of answering the connect request
   */
  closed(cause: Error, refused: boolean): void;
}

export interface ConnectionOptions {
  readonly host: ZkHost;
  readonly lookup: LookupFunction;
  readonly tls: ZkTls | undefined;
  readonly connectTimeoutMs: number;
  readonly maxPacketBytes: number;
  /** The connect request. */
  readonly greeting: Buffer;
}

/** One TCP or TLS connection: handshake, pings, and the read timeout that notices a server that went silent. */
export class ZkConnection {
  readonly #socket: Socket;
  readonly #handler: ConnectionHandler;
  readonly #name: string;
  #phase: 'tcp' | 'handshake' | 'open' | 'closed' = 'tcp';
  #deadline: NodeJS.Timeout;
  #pings: NodeJS.Timeout | undefined;
  #reads = 0;
  #peer = '';

  /** @throws Error when the files of TLS cannot be read */
  constructor(options: ConnectionOptions, handler: ConnectionHandler) {
    this.#handler = handler;
    this.#name = `${options.host.host}:${options.host.port}`;
    // A connection has its own reader: bytes of a reply that was cut off die with it.
    const reader = new PacketReader(options.maxPacketBytes, {
      packet: (packet) => this.#packet(packet),
      oversized: (header, length) => handler.oversized(header, length),
    });
    // One address at a time, which the address book chooses: an address may accept connections and say nothing.
    const target = { ...options.host, lookup: options.lookup, autoSelectFamily: false, noDelay: true };
    this.#socket = options.tls === undefined ? connect(target) : connectTls(target, options.tls);
    this.#deadline = setTimeout(() => this.destroy(`no handshake within ${options.connectTimeoutMs} ms`), options.connectTimeoutMs);
    this.#socket.on(options.tls === undefined ? 'connect' : 'secureConnect', () => {
      const { localAddress, localPort, remoteAddress, remotePort } = this.#socket;
      // TCP allows it, when nobody listens on a port of this machine that then is the next one to be given out.
      if (localPort === remotePort && localAddress === remoteAddress) return this.destroy('connected to itself');
      this.#phase = 'handshake';
      this.#peer = `${remoteAddress}:${remotePort}`;
      this.#socket.write(options.greeting);
    });
    this.#socket.on('data', (chunk) => this.#data(reader, chunk));
    this.#socket.on('error', (error) => this.destroy(error.message, error));
    this.#socket.on('close', () => this.#fail('closed by the server', undefined, this.#phase === 'handshake'));
  }

  get open(): boolean {
    return this.#phase === 'open';
  }

  /** Address and port of the server; empty before the connection stands. */
  get peer(): string {
    return this.#peer;
  }

  send(packet: Buffer): void {
    this.#socket.write(packet);
  }

  /** Ends it now; `closed` is called before this returns, unless it was already. */
  destroy(reason: string, cause?: Error): void {
    // A server that refuses may do so with a reset; what TLS complains of is another matter.
    const isReset = cause !== undefined && 'code' in cause && cause.code === 'ECONNRESET';
    this.#fail(reason, cause, this.#phase === 'handshake' && isReset);
  }

  #data(reader: PacketReader, chunk: Buffer): void {
    if (this.#phase === 'closed') return;
    this.#reads++;
    if (this.#phase === 'open') this.#deadline.refresh();
    try {
      reader.push(chunk);
    } catch (error) {
      this.#fail('unreadable reply', error, false);
    }
  }

  #packet(packet: Buffer): void {
    if (this.#phase === 'open') this.#handler.packet(packet);
    else if (this.#phase === 'handshake') {
      const ticket = readConnectResponse(packet);
      if (ticket !== undefined) this.#keepAlive(ticket.timeoutMs);
      this.#handler.established(ticket);
    }
  }

  // As the Java client: a ping each third of the session timeout, and silence for two thirds ends the connection, which leaves the last
  // third to find another server before the session expires.
  #keepAlive(sessionTimeoutMs: number): void {
    this.#phase = 'open';
    clearTimeout(this.#deadline);
    const silenceMs = Math.floor((sessionTimeoutMs * 2) / 3);
    this.#deadline = setTimeout(() => this.#silent(silenceMs), silenceMs);
    this.#pings = setInterval(() => this.#socket.write(pingRequest()), Math.max(1, Math.floor(sessionTimeoutMs / 3)));
  }

  // Timers run before the sockets are polled: after this process itself was held up, the answers may be waiting there.
  #silent(silenceMs: number): void {
    const reads = this.#reads;
    setImmediate(() => {
      if (reads === this.#reads) this.destroy(`silent for ${silenceMs} ms`);
    });
  }

  #fail(reason: string, cause: unknown, refused: boolean): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    clearTimeout(this.#deadline);
    clearInterval(this.#pings);
    this.#socket.destroy();
    this.#handler.closed(new ZkError(CONNECTION_LOSS, undefined, `${this.#name}: ${reason}`, cause), refused);
  }
}
