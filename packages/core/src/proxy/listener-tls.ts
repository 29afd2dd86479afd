import type { ListenerConfig, ListenerTlsConfig } from '../config/bootstrap-model.ts';
import { knownWire } from '../downstream/known-wires.ts';
import type { AcceptedConnection } from '../downstream/listener.ts';
import type { Log } from '../observe/log.ts';
import type { Protocol } from '../protocol/streaming.ts';
import type { SocketTransport } from '../transport/socket-transport.ts';
import type { TlsIdentity } from '../transport/tls-identity.ts';
import { type HandshakeResult, ServerSecurity } from '../transport/tls-server.ts';

type Accept = (transport: SocketTransport) => AcceptedConnection;

/** What TLS of a listener is made with. */
export interface ListenerTlsOptions {
  readonly listener: ListenerConfig;
  readonly tls: ListenerTlsConfig;
  readonly identity: TlsIdentity;
  /** What the listener speaks, in configured order. */
  readonly protocols: readonly { readonly alpn: readonly string[]; readonly accept: Accept }[];
  /** All that plugins brought: who calls without TLS may speak one of them. */
  readonly loaded: readonly Protocol[];
  readonly timeoutMs: number;
  readonly log: Log;
}

const COUNTED: readonly HandshakeResult[] = ['ok', 'plain', 'timeout', 'closed', 'failed'];
/** Bytes of a connection that a log line shows. */
const SHOWN_BYTES = 16;

/** TLS of one listener: counts handshakes, says why they failed, and gives connections to what was negotiated. */
export class ListenerTls {
  /** By how they ended. Who came and went without a word is not among them. */
  readonly handshakes = new Map<HandshakeResult, number>(COUNTED.map((result) => [result, 0]));
  readonly security: ServerSecurity;
  readonly #options: ListenerTlsOptions;
  readonly #byName = new Map<string, Accept>();
  #warnedOfPlain = false;

  /** @throws TlsFault */
  constructor(options: ListenerTlsOptions) {
    const { identity, tls, protocols, timeoutMs } = options;
    this.#options = options;
    for (const { alpn, accept } of protocols) for (const name of alpn) if (!this.#byName.has(name)) this.#byName.set(name, accept);
    this.security = new ServerSecurity({
      identity,
      minVersion: tls.minVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
      alpn: [...this.#byName.keys()],
      timeoutMs,
      onHandshake: (result, peer, reason, head) => this.#onHandshake(result, peer, reason, head),
    });
  }

  /** Gives secured connections to the protocol that was negotiated, others to `otherwise`. */
  accept(otherwise: Accept): Accept {
    return (transport) => {
      const negotiated = transport.alpn === undefined ? undefined : this.#byName.get(transport.alpn);
      return negotiated === undefined ? otherwise(transport) : negotiated(transport);
    };
  }

  #onHandshake(result: HandshakeResult, peer: string, reason: string, head: Buffer | undefined): void {
    const { listener, loaded, log } = this.#options;
    const count = this.handshakes.get(result);
    if (count !== undefined) this.handshakes.set(result, count + 1);
    if (result === 'ok') return;
    if (head === undefined) return log.debug('no TLS connection came about', { listener: listener.name, peer, reason });
    const seen = knownWire(head, loaded)?.name ?? 'unknown';
    const fields = { listener: listener.name, peer, seen, bytes: head.toString('hex', 0, SHOWN_BYTES) };
    // Each further one would say the same.
    const level = this.#warnedOfPlain ? 'debug' : 'warn';
    this.#warnedOfPlain = true;
    log[level](
      'a connection was refused: it is plain, and this port takes TLS: switch TLS on in the caller, or send it to a plain port',
      fields,
    );
  }
}
