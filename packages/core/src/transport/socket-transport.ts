import { connect, type Socket } from 'node:net';
import { messageOf } from '../errors/message-of.ts';
import { addressIn, formatAddress } from './listen.ts';
import { loop } from './loop.ts';
import type { SocketSecurity } from './socket-security.ts';
import { socketReason } from './tls-reasons.ts';
import type { Transport, TransportUser } from './transport.ts';

/** Bytes queued before a connection counts as full. net.Socket's own default (16 KiB) would stall on every burst. */
export const HIGH_WATERMARK = 256 * 1024;
/** Up to here one copy and one write beat a vectored write. */
const GATHER_LIMIT = 64 * 1024;

/** What a new upstream connection needs. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  /** Milliseconds until the attempt fails, TLS included. */
  readonly timeoutMs: number;
  /** undefined: plain. */
  readonly security?: SocketSecurity | undefined;
  /** Whether this side may go on sending when the other has ended. */
  readonly halfOpen?: boolean;
}

/** A TCP connection as the engine writes to it, plain or, once its handshake is over, by TLS. */
export class SocketTransport implements Transport {
  readonly peer: string;
  closed = false;
  /** It was connected to, or it was accepted, and its handshake is over. */
  established: boolean;
  /** What TLS's negotiation (RFC 7301) chose; undefined: nothing was negotiated. */
  alpn: string | undefined = undefined;
  /** Set by every read; whoever watches for silence clears it. */
  heard = false;
  /** Closed from this side, by destroy or reset. */
  closedHere = false;
  #peerAddress: string | undefined = undefined;
  /** Of TLS, once the handshake is over. */
  #socket: Socket;
  /** What carries TLS. */
  readonly #carrier: Socket;
  readonly #security: SocketSecurity | undefined;
  #user: TransportUser | undefined = undefined;
  #pieces: Buffer[] = [];
  #last: Buffer | undefined = undefined;
  #from = 0;
  #to = 0;
  #queued = 0;
  #scheduled = false;
  /** Nothing can be sent or received yet. */
  #connecting: boolean;
  /** The socket takes nothing now: connecting, or over its watermark. */
  #blocked: boolean;
  #ending = false;
  #reason = '';
  /** Ends an attempt to connect. */
  #timer: NodeJS.Timeout | undefined = undefined;

  /** With `security`, what is written before the handshake is over waits; the first that the user hears is then onDrain, or onClose. */
  constructor(socket: Socket, peer: string, security?: SocketSecurity) {
    this.#socket = socket;
    this.#carrier = socket;
    this.#security = security;
    this.peer = peer;
    this.#connecting = socket.connecting || security !== undefined;
    this.#blocked = this.#connecting;
    this.established = !this.#connecting;
  }

  /** Starts connecting; what is written meanwhile waits. A failure is an onClose before any onFlushed. */
  static connect(options: ConnectOptions): SocketTransport {
    // highWaterMark is passed through to the stream, though net's types do not list it.
    const { host, port, halfOpen: allowHalfOpen = false } = options;
    const settings = { host, port, allowHalfOpen, noDelay: true, highWaterMark: HIGH_WATERMARK };
    const socket = connect(settings);
    const peer = formatAddress(host, port);
    const transport = new SocketTransport(socket, peer, options.security);
    const timer = setTimeout(() => {
      const wanted = socket.connecting ? 'connection' : 'end of the TLS handshake (does this port take TLS?)';
      transport.destroy(`no ${wanted} within ${options.timeoutMs} ms`);
    }, options.timeoutMs);
    socket.once('connect', () => {
      transport.#guard(() => (options.security === undefined ? transport.#established() : transport.#secure(options.security)));
    });
    socket.once('close', () => clearTimeout(timer));
    transport.#timer = timer;
    return transport;
  }

  start(user: TransportUser): void {
    this.#user = user;
    const socket = this.#socket;
    this.#watch(socket);
    if (this.#security === undefined) this.#receive(socket);
    else if (!socket.connecting) this.#secure(this.#security);
  }

  /** Whoever reads from here on is `user`, which is told what was received so far. What that throws is the caller's. */
  handOver(user: TransportUser, received: readonly Buffer[]): void {
    this.#user = user;
    for (const chunk of received) if (!this.#socket.destroyed) user.onBytes(chunk);
  }

  get peerAddress(): string {
    this.#peerAddress ??= addressIn(this.peer);
    return this.#peerAddress;
  }
  get connecting(): boolean {
    return this.#connecting;
  }
  /** end() was called: nothing is written any more. */
  get ending(): boolean {
    return this.#ending;
  }
  /** Without those of TLS itself. */
  get bytesRead(): number {
    return this.#connecting && this.#security !== undefined ? 0 : this.#socket.bytesRead;
  }
  get queuedBytes(): number {
    return this.#queued + this.#socket.writableLength;
  }
  get full(): boolean {
    return this.#queued > HIGH_WATERMARK || (this.#blocked && !this.#connecting);
  }

  writeRange(buffer: Buffer, from: number, to: number): void {
    if (this.closed) return;
    this.#queued += to - from;
    if (this.#last === buffer && this.#to === from) {
      this.#to = to;
      return;
    }
    if (this.#last !== undefined) this.#pieces.push(this.#piece(this.#last));
    this.#last = buffer;
    this.#from = from;
    this.#to = to;
    if (!this.#scheduled && !this.#blocked) {
      this.#scheduled = true;
      loop.flushLater(this);
    }
  }

  write(buffer: Buffer): void {
    this.writeRange(buffer, 0, buffer.length);
  }

  /** Hands everything queued to the socket, unless it is over its watermark: then nothing, so that what was not sent is known. */
  flush(): void {
    this.#scheduled = false;
    const last = this.#last;
    if (this.#blocked || this.closed || last === undefined) return;
    const piece = this.#piece(last);
    this.#last = undefined;
    const total = this.#queued;
    this.#queued = 0;
    const wasFull = total > HIGH_WATERMARK;
    if (this.#pieces.length === 0) {
      this.#blocked = !this.#put(piece);
    } else {
      const pieces = this.#pieces;
      this.#pieces = [];
      pieces.push(piece);
      this.#writeAll(pieces, total);
    }
    this.#user?.onFlushed();
    if (this.#ending) this.#socket.end();
    // A socket that the system took everything from at once was never full for Node (20.19 and later): it says nothing of draining.
    else if (wasFull && !this.full) this.#user?.onDrain();
  }

  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }
  end(): void {
    if (this.closed || this.#ending) return;
    this.#ending = true;
    if (this.#last !== undefined) this.flush();
    else if (this.#connecting && this.#security !== undefined) this.destroy('ended before the TLS handshake was over');
    else this.#socket.end();
  }
  destroy(reason: string): void {
    if (this.closed) return;
    this.#closeHere(reason);
    this.#socket.destroy();
  }
  /** As destroy, and the other side is told that this is no orderly end. */
  reset(reason: string): void {
    if (this.closed) return;
    this.#closeHere(reason);
    this.#carrier.resetAndDestroy();
  }

  #watch(socket: Socket): void {
    socket.on('error', (error) => {
      if (this.#reason === '') this.#reason = socketReason(error);
    });
    socket.on('close', () => {
      if (socket === this.#socket) this.#guard(() => this.#onClose());
    });
  }
  #receive(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.heard = true;
      this.#guard(() => this.#user?.onBytes(chunk));
    });
    socket.on('drain', () => this.#guard(() => this.#unblock()));
    socket.on('end', () => {
      const silence = socket.allowHalfOpen ? '' : this.#silence;
      this.#guard(() => (silence === '' ? this.#user?.onEnd() : this.destroy(silence)));
    });
  }
  #secure(security: SocketSecurity): void {
    security.secure(this.#carrier, this.peer, {
      onSecured: (socket) => {
        if (this.closed || !this.#connecting) return;
        this.#socket = socket;
        this.alpn = socket.alpnProtocol === false || socket.alpnProtocol === null ? undefined : socket.alpnProtocol;
        this.#watch(socket);
        this.#receive(socket);
        this.#guard(() => this.#established());
      },
      onRefused: (reason) => {
        if (this.#connecting && this.#reason === '') this.#reason = reason;
        if (this.#connecting) this.#carrier.destroy();
      },
    });
  }
  #established(): void {
    clearTimeout(this.#timer);
    this.established = true;
    this.#connecting = false;
    this.#unblock();
  }
  #closeHere(reason: string): void {
    if (this.#socket.destroyed) return;
    this.closedHere = true;
    if (this.#reason === '') this.#reason = reason;
  }
  #writeAll(pieces: Buffer[], total: number): void {
    if (total <= GATHER_LIMIT) {
      this.#blocked = !this.#put(Buffer.concat(pieces, total));
      return;
    }
    this.#socket.cork();
    for (const piece of pieces) this.#blocked = !this.#put(piece);
    this.#socket.uncork();
  }
  /** Whether the socket takes more. One that was made by tls.Server has Node's own low watermark, of which it cannot be relieved. */
  #put(bytes: Buffer): boolean {
    return this.#socket.write(bytes) || this.#socket.writableLength < HIGH_WATERMARK;
  }
  #piece(buffer: Buffer): Buffer {
    return this.#from === 0 && this.#to === buffer.length ? buffer : buffer.subarray(this.#from, this.#to);
  }
  /** One event of the socket. What it throws costs this connection alone. */
  #guard(handle: () => void): void {
    loop.begin();
    try {
      handle();
    } catch (error) {
      loop.onError(error);
      this.destroy(`a bug: ${messageOf(error)}`);
    }
  }
  #unblock(): void {
    this.#blocked = false;
    this.flush();
    if (!this.full) this.#user?.onDrain();
  }
  #onClose(): void {
    this.closed = true;
    this.#pieces = [];
    this.#last = undefined;
    this.#queued = 0;
    this.#user?.onClose(this.#reason === '' ? this.#silence || 'closed by the other side' : this.#reason);
  }
  /** Why a service ends a connection on which it said nothing; empty: it did, or nobody knows. */
  get #silence(): string {
    const reason = this.established && this.bytesRead === 0 ? this.#security?.silence : undefined;
    return reason === undefined ? '' : `closed by the other side after the TLS handshake: ${reason}`;
  }
}
