import { constants } from 'node:crypto';
import { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { HandshakeEvents, SocketSecurity } from './socket-security.ts';
import { TlsFault, type TlsMaterial } from './tls-files.ts';
import type { TlsIdentity } from './tls-identity.ts';
import { certificateReason, socketReason } from './tls-reasons.ts';

/** How a handshake ended. `silent`: the caller went without a word, which is how one checks that a port is open. */
export type HandshakeResult = 'ok' | 'plain' | 'timeout' | 'closed' | 'failed' | 'silent';

/** How callers are spoken to. */
export interface ServerSecurityOptions {
  /** With a `ca`, callers must show a certificate of it. */
  readonly identity: TlsIdentity;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Names of what is spoken (RFC 7301), the preferred one first; empty: what callers offer is not looked at. */
  readonly alpn: readonly string[];
  /** Milliseconds from the connection to the end of its handshake. */
  readonly timeoutMs: number;
  /** @param head of plain callers, what they began with */
  onHandshake(result: HandshakeResult, peer: string, reason: string, head: Buffer | undefined): void;
}

interface Handshake {
  readonly finish: (result: HandshakeResult, reason: string, secured?: TLSSocket, head?: Buffer) => void;
}

/** The service's side of TLS. A record of the type handshake begins with this byte: RFC 8446, section 5.1. */
const HANDSHAKE = 0x16;

/** TLS for the connections of one listener. */
export class ServerSecurity implements SocketSecurity {
  readonly #options: ServerSecurityOptions;
  readonly #server: Server;
  readonly #open = new WeakMap<Socket, Handshake>();
  /** In use for new connections. */
  #material: TlsMaterial;

  /** @throws TlsFault */
  constructor(options: ServerSecurityOptions) {
    const { identity, alpn, timeoutMs } = options;
    this.#options = options;
    const { current } = identity;
    if (current instanceof TlsFault) throw current;
    this.#material = current;
    const mutual = identity.files.ca !== undefined;
    this.#server = createServer({
      ...this.#context(current),
      requestCert: mutual,
      rejectUnauthorized: mutual,
      handshakeTimeout: timeoutMs,
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    });
    this.#server.on('secureConnection', (secured) => this.#handshakeOf(secured)?.finish('ok', '', secured));
    this.#server.on('tlsClientError', (error, secured) => {
      const fault = secured.authorizationError;
      const reason = fault ? certificateReason(String(fault)) : socketReason(error);
      this.#handshakeOf(secured)?.finish(fault || 'reason' in error ? 'failed' : 'closed', reason);
    });
  }

  secure(socket: Socket, peer: string, events: HandshakeEvents): void {
    const { timeoutMs, onHandshake } = this.#options;
    let heard = false;
    const finish: Handshake['finish'] = (result, reason, secured, head) => {
      if (!this.#open.delete(socket)) return;
      clearTimeout(timer);
      onHandshake(result, peer, reason, head);
      if (secured === undefined) events.onRefused(reason);
      else events.onSecured(secured);
    };
    const timer = setTimeout(() => {
      finish('timeout', `no end of the TLS handshake within ${timeoutMs} ms${heard ? '' : ', and not a byte of it'}`);
    }, timeoutMs);
    this.#open.set(socket, { finish });
    socket.once('data', (chunk: Buffer) => {
      heard = true;
      if (chunk[0] !== HANDSHAKE) return finish('plain', 'it began with bytes that are no TLS', undefined, chunk);
      socket.pause();
      socket.unshift(chunk);
      this.#refresh();
      this.#server.emit('connection', socket);
    });
    socket.once('end', () => finish(heard ? 'closed' : 'silent', 'the caller ended the connection before the TLS handshake was over'));
    // Why tls.Server closed it is told a little later.
    socket.once('close', () =>
      setImmediate(() => finish(heard ? 'closed' : 'silent', 'the caller left before the TLS handshake was over')),
    );
  }

  #refresh(): void {
    const { current } = this.#options.identity;
    if (current === this.#material || current instanceof TlsFault) return;
    this.#material = current;
    this.#server.setSecureContext(this.#context(current));
  }
  #context({ cert, key, ca }: TlsMaterial) {
    // HTTP and others forbid renegotiation (RFC 9113, section 9.2.1), and it costs the service more than the caller.
    return { cert, key, ca, minVersion: this.#options.minVersion, secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
  }

  /** tls.Server makes a socket of its own around the plain one, which it keeps as that socket's parent. */
  #handshakeOf(secured: TLSSocket): Handshake | undefined {
    const carrier: unknown = Reflect.get(secured, '_parent');
    return carrier instanceof Socket ? this.#open.get(carrier) : undefined;
  }
}
