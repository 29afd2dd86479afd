import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** What becomes of a handshake. Of several calls only the first counts, and none after the socket closed. */
export interface HandshakeEvents {
  onSecured(socket: TLSSocket): void;
  onRefused(reason: string): void;
}

/** Puts TLS on a connected socket. */
export interface SocketSecurity {
  /** @param peer `address:port`, for messages */
  secure(socket: Socket, peer: string, events: HandshakeEvents): void;
}
