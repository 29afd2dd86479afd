import type { StreamProtocol, UpstreamConnection, UpstreamOwner } from '../stream/stream.ts';
import { SocketTransport } from '../transport/socket-transport.ts';

/**
 * Who may use a connection. `shared`: every caller. `exclusive`: one request at a time, for a protocol without ids or while a large
 * request is sent. `bound`: one caller, until it goes away.
 */
export type ConnectionRole = 'shared' | 'exclusive' | 'bound';

/** What a pool is told of its connections. */
export interface PoolEvents<Req, Res> {
  onConnectionDraining(connection: PooledConnection<Req, Res>): void;
  onConnectionClosed(connection: PooledConnection<Req, Res>, reason: string): void;
}

/** A connection and its place in a pool. */
export class PooledConnection<Req, Res> implements UpstreamOwner {
  readonly role: ConnectionRole;
  readonly connection: UpstreamConnection<Req, Res>;
  readonly #transport: SocketTransport;
  readonly #events: PoolEvents<Req, Res>;
  /** Sweeps since anything was read. */
  #silentSweeps = 0;

  constructor(
    protocol: StreamProtocol<Req, Res>,
    role: ConnectionRole,
    target: { readonly host: string; readonly port: number; readonly timeoutMs: number },
    events: PoolEvents<Req, Res>,
  ) {
    this.role = role;
    this.#events = events;
    this.#transport = SocketTransport.connect(target);
    this.connection = protocol.connect(this.#transport, this);
    this.#transport.start(this.connection);
  }

  get connecting(): boolean {
    return this.#transport.connecting;
  }
  /** The service said something on it. */
  get proven(): boolean {
    return this.#transport.bytesRead > 0;
  }

  /** Keeps a silent connection alive, and closes one that stays silent. */
  sweep(pingAfter: number, closeAfter: number): void {
    if (this.#transport.heard || this.connecting) {
      this.#transport.heard = false;
      this.#silentSweeps = 0;
      return;
    }
    this.#silentSweeps++;
    if (this.#silentSweeps >= closeAfter) this.close('the service answered no heartbeat');
    else if (this.#silentSweeps % pingAfter === 0) this.connection.ping();
  }
  /** Lets its streams finish, then closes. */
  retire(): void {
    if (this.connection.open === 0 && !this.connection.midRequest) this.#transport.end();
  }
  close(reason: string): void {
    this.#transport.destroy(reason);
  }

  onDraining(): void {
    this.#events.onConnectionDraining(this);
  }
  onClosed(reason: string): void {
    this.#events.onConnectionClosed(this, reason);
  }
}
