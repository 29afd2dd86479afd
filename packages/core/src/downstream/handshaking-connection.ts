import type { SocketTransport } from '../transport/socket-transport.ts';
import type { AcceptedConnection } from './listener.ts';

/** A connection whose TLS handshake is under way. Hands it over once that is done. */
export class HandshakingConnection implements AcceptedConnection {
  readonly #transport: SocketTransport;
  readonly #accept: (transport: SocketTransport) => AcceptedConnection;
  /** Who has the connection since it is secured. */
  #taker: AcceptedConnection | undefined = undefined;
  #leaving = false;

  constructor(transport: SocketTransport, accept: (transport: SocketTransport) => AcceptedConnection) {
    this.#transport = transport;
    this.#accept = accept;
  }

  get open(): number {
    return this.#taker?.open ?? 0;
  }

  goAway(): void {
    this.#leaving = true;
    this.#taker?.goAway();
  }
  endIdle(): boolean {
    return this.#taker?.endIdle?.() === true;
  }

  /** The handshake is over. */
  onDrain(): void {
    this.#taker = this.#accept(this.#transport);
    this.#transport.handOver(this.#taker, []);
    if (this.#leaving) this.#taker.goAway();
  }

  /** Nothing is received before. */
  onBytes(): void {}
  onFlushed(): void {}
  onEnd(): void {}
  onClose(): void {}
}
