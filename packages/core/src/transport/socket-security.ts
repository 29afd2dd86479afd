import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** What becomes of a handshake. Of several calls only the first counts, and none after the socket closed. */
export interface HandshakeEvents {
  onSecured(socket: TLSSocket): void;
  onRefused(reason: string): void;
}

/** Puts TLS on a connected socket. */
export interface SocketSecurity {
  /** Why the other side may close the connection without a word once the handshake is over; absent: for no reason that TLS has. */
  readonly silence?: string | undefined;
  /** @param peer `address:port`, for messages */
  secure(socket: Socket, peer: string, events: HandshakeEvents): void;
}
