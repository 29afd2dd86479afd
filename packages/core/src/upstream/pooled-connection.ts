import type { StreamProtocol, UpstreamConnection, UpstreamOwner } from '../stream/stream.ts';
import { type ConnectOptions, SocketTransport } from '../transport/socket-transport.ts';
import type { Lane } from './lane.ts';

/**
 * Who may use a connection. `shared`: every caller. `exclusive`: one request at a time, for a protocol without ids or while a large
 * request is sent. `bound`: one caller, until it goes away.
 */
export type ConnectionRole = 'shared' | 'exclusive' | 'bound';

/** What a pool is told of its connections. */
export interface PoolEvents<Req, Res> {
  /** See UpstreamOwner. */
  onConnectionLeaving(connection: PooledConnection<Req, Res>): void;
  onConnectionDraining(connection: PooledConnection<Req, Res>): void;
  /** See UpstreamOwner. */
  onEcho(echoed: boolean): boolean;
  onConnectionClosed(connection: PooledConnection<Req, Res>, reason: string): void;
}

/** A connection and its place in a pool. */
export class PooledConnection<Req, Res> implements UpstreamOwner {
  readonly role: ConnectionRole;
  readonly lane: Lane<PooledConnection<Req, Res>>;
  readonly connection: UpstreamConnection<Req, Res>;
  readonly #transport: SocketTransport;
  readonly #events: PoolEvents<Req, Res>;
  /** The service accepted it, and it was closed from here for no fault of the service's. */
  givenUp = false;
  /** Sweeps since anything was read. */
  #silentSweeps = 0;
  /** Something was asked that ends the silence. */
  #pinged = false;

  constructor(
    protocol: StreamProtocol<Req, Res>,
    role: ConnectionRole,
    lane: Lane<PooledConnection<Req, Res>>,
    target: ConnectOptions,
    events: PoolEvents<Req, Res>,
  ) {
    this.role = role;
    this.lane = lane;
    this.#events = events;
    this.#transport = SocketTransport.connect(target);
    this.connection = protocol.connect(this.#transport, this, { alone: role === 'exclusive', dialect: lane.dialect });
    this.#transport.start(this.connection);
  }

  /** The service took it. */
  get established(): boolean {
    return this.#transport.established;
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
      this.#pinged = false;
      return;
    }
    this.#silentSweeps++;
    if (this.#silentSweeps < closeAfter) {
      if (this.#silentSweeps % pingAfter === 0 && this.connection.ping()) this.#pinged = true;
    } else if (this.#pinged) this.close('the service answered no heartbeat');
    else this.retire();
  }
  /** Lets its streams finish, then closes. */
  retire(): void {
    if (this.connection.open > 0 || this.connection.midRequest) return;
    // It takes no request any more, though its end is still to come.
    this.lane.remove(this);
    this.onGivenUp();
    this.#transport.end();
  }
  close(reason: string): void {
    this.#transport.destroy(reason);
  }

  onDraining(): void {
    this.#events.onConnectionDraining(this);
  }
  onLeaving(): void {
    this.#events.onConnectionLeaving(this);
  }
  onEcho(echoed: boolean): boolean {
    return this.#events.onEcho(echoed);
  }
  onAnswered(us: number): void {
    this.lane.answered(us);
  }
  onGivenUp(): void {
    this.givenUp = !this.connecting;
  }
  onClosed(reason: string): void {
    this.#events.onConnectionClosed(this, reason);
  }
}
