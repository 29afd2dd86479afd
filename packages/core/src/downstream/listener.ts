import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { ListenerConfig } from '../config/bootstrap-model.ts';
import type { ListenerStats } from '../observe/listener-stats.ts';
import { formatAddress, listen } from '../transport/listen.ts';
import type { SocketSecurity } from '../transport/socket-security.ts';
import { HIGH_WATERMARK, SocketTransport } from '../transport/socket-transport.ts';
import type { TransportUser } from '../transport/transport.ts';
import { HandshakingConnection } from './handshaking-connection.ts';

/** A caller's connection as its listener sees it. */
export interface AcceptedConnection extends TransportUser {
  /** What is under way on it; while there is something, silence is no reason to close it. */
  readonly open: number;
  /** Tells the caller to send no new requests here. */
  goAway(): void;
  /** See DownstreamConnection. */
  endIdle?(): boolean;
}

/** What a listener is made with. */
export interface ListenerOptions {
  readonly config: Pick<ListenerConfig, 'name' | 'address'>;
  readonly maxConnections: number;
  /** Silence, with nothing open, after which a caller's connection is closed, in milliseconds; 0: never. */
  readonly idleTimeoutMs: number;
  readonly stats: ListenerStats;
  readonly accept: (transport: SocketTransport) => AcceptedConnection;
  /** undefined: connections are plain. */
  readonly security?: SocketSecurity | undefined;
}

interface Accepted {
  readonly transport: SocketTransport;
  readonly connection: AcceptedConnection;
  /** Looks since anything was read. */
  silent: number;
}

/** Silence is looked for this often per idle or quiet time. */
const LOOKS = 4;
const BACKLOG = 4096;
/** How long a caller may take to end a connection that was ended here. */
const CLOSE_MS = 200;

/** Accepts the connections of one address and lets them go again. */
export class Listener {
  readonly name: string;
  /** `address:port` as bound, or as configured while it is not. */
  address: string;
  /** The same, of the port alone. */
  port: number;
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #accepted = new Set<Accepted>();
  #idleTimer: NodeJS.Timeout | undefined = undefined;
  #drained: (() => void) | undefined = undefined;

  constructor(options: ListenerOptions) {
    const { name, address } = options.config;
    this.name = name;
    this.address = formatAddress(address.host, address.port);
    this.port = address.port;
    this.#options = options;
    const settings = { noDelay: true, allowHalfOpen: true, highWaterMark: HIGH_WATERMARK };
    this.#server = createServer(settings, (socket) => this.#accept(socket));
  }

  /** @throws when the address cannot be listened on, with the listener's name */
  async start(): Promise<AddressInfo> {
    const { host, port } = this.#options.config.address;
    const address = await listen(this.#server, `listener ${this.name}`, { host, port, backlog: BACKLOG });
    this.address = formatAddress(address.address, address.port);
    this.port = address.port;
    // A connection that cannot be accepted, for want of file descriptors, costs only itself.
    this.#server.on('error', () => this.#options.stats.connectionsRefused++);
    this.#watchIdle();
    return address;
  }

  /** Takes no new connections, tells callers to go, and resolves when all are gone. A caller is let go once nothing is open and it was quiet. */
  drain(quietMs: number): Promise<void> {
    this.#server.close();
    clearInterval(this.#idleTimer);
    if (this.#accepted.size === 0) return Promise.resolve();
    for (const { connection } of this.#accepted) connection.goAway();
    for (const accepted of this.#accepted) accepted.silent = 0;
    const timer = setInterval(() => this.#closeSilent('the proxy is shutting down'), Math.max(1, quietMs / LOOKS));
    return new Promise((resolve) => {
      this.#drained = () => {
        clearInterval(timer);
        resolve();
      };
    });
  }

  /** Ends every connection behind what is queued for it, and soon closes what does not end; resolves when their requests have been told so. */
  close(reason: string): Promise<void> {
    clearInterval(this.#idleTimer);
    this.#server.close();
    if (this.#accepted.size === 0) return Promise.resolve();
    for (const { transport } of this.#accepted) transport.end();
    const timer = setTimeout(() => {
      for (const { transport } of this.#accepted) transport.destroy(reason);
    }, CLOSE_MS);
    const drained = this.#drained;
    return new Promise((resolve) => {
      this.#drained = () => {
        clearTimeout(timer);
        drained?.();
        resolve();
      };
    });
  }

  #accept(socket: Socket): void {
    const stats = this.#options.stats;
    if (this.#accepted.size >= this.#options.maxConnections) {
      stats.connectionsRefused++;
      socket.destroy();
      return;
    }
    stats.connections++;
    stats.connectionsActive++;
    const { accept, security } = this.#options;
    const transport = new SocketTransport(socket, formatAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0), security);
    const connection = security === undefined ? accept(transport) : new HandshakingConnection(transport, accept);
    const accepted = { transport, connection, silent: 0 };
    this.#accepted.add(accepted);
    transport.start(accepted.connection);
    socket.once('close', () => {
      stats.connectionsActive--;
      this.#accepted.delete(accepted);
      if (this.#accepted.size === 0) this.#drained?.();
    });
  }

  #watchIdle(): void {
    const idleMs = this.#options.idleTimeoutMs;
    if (idleMs <= 0) return;
    this.#idleTimer = setInterval(() => this.#closeSilent('it was idle'), Math.max(10, idleMs / LOOKS));
    this.#idleTimer.unref();
  }
  #closeSilent(reason: string): void {
    for (const accepted of this.#accepted) {
      if (accepted.transport.heard || accepted.connection.open > 0) {
        accepted.transport.heard = false;
        accepted.silent = 0;
      } else if (++accepted.silent >= LOOKS) {
        const { transport, silent } = accepted;
        // Callers that read only while they wait for an answer do not see that they were told to go.
        const unaware = silent > LOOKS && transport.queuedBytes === 0;
        if (this.#drained !== undefined && !unaware) transport.end();
        else if (unaware || accepted.connection.endIdle?.() !== true) transport.destroy(reason);
      }
    }
  }
}
