import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, createSecureContext, type PeerCertificate, type SecureContext } from 'node:tls';
import type { HandshakeEvents, SocketSecurity } from './socket-security.ts';
import { HIGH_WATERMARK } from './socket-transport.ts';
import { TlsFault, type TlsMaterial } from './tls-files.ts';
import type { TlsIdentity } from './tls-identity.ts';
import { socketReason, TLS } from './tls-reasons.ts';

/** How a service is spoken to. */
export interface ClientSecurityOptions {
  readonly identity: TlsIdentity;
  /** Sent as SNI unless it is an IP address, and, without `names`, what the certificate must be for. */
  readonly serverName: string;
  /** DNS names, URIs and IP addresses of which the certificate must have one; empty: see serverName. */
  readonly names: readonly string[];
  /** Any certificate will do. */
  readonly trustAll: boolean;
  /** Offered in TLS's negotiation (RFC 7301); empty: nothing is. */
  readonly alpn: readonly string[];
  /** Told of every connection that failed for TLS's sake. */
  onFault(peer: string, reason: string): void;
}

const CONTEXTS = new WeakMap<TlsMaterial, SecureContext>();

/** The caller's side of TLS. */
export class ClientSecurity implements SocketSecurity {
  readonly silence: string | undefined;
  readonly #options: ClientSecurityOptions;

  constructor(options: ClientSecurityOptions) {
    this.#options = options;
    // In TLS 1.3 a service judges it when the caller's part of the handshake is done, and some say nothing of it.
    this.silence = options.identity.files.cert === undefined ? undefined : 'does it accept the certificate that it was shown?';
  }

  secure(socket: Socket, peer: string, events: HandshakeEvents): void {
    const { identity, serverName, names, trustAll, alpn, onFault } = this.#options;
    const material = identity.current;
    const refuse = (reason: string) => {
      // What the network does is no news about TLS.
      if (reason.startsWith(TLS)) onFault(peer, reason);
      events.onRefused(reason);
    };
    if (material instanceof TlsFault) return refuse(`${TLS}${material.message}`);
    // highWaterMark is passed through to the stream, though its types do not list it.
    const settings = {
      socket,
      secureContext: contextOf(material),
      servername: isIP(serverName) === 0 ? serverName : '',
      rejectUnauthorized: !trustAll,
      highWaterMark: HIGH_WATERMARK,
      checkServerIdentity: (_: string, certificate: PeerCertificate) => checkNames(serverName, names, certificate),
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    };
    const secured = connect(settings);
    // Also behind the handshake: see `silence`.
    secured.on('error', (error) => refuse(socketReason(error)));
    secured.once('secureConnect', () => {
      const chosen = secured.alpnProtocol;
      if (typeof chosen === 'string' && !alpn.includes(chosen)) {
        refuse(`${TLS}the other side chose the protocol "${chosen}", and ${alpn.join(', ')} was offered (ALPN)`);
      } else events.onSecured(secured);
    });
  }
}

/** Made once for all connections. */
function contextOf(material: TlsMaterial): SecureContext {
  let context = CONTEXTS.get(material);
  if (context === undefined) {
    const { cert, key, ca } = material;
    context = createSecureContext({ cert, key, ca, minVersion: 'TLSv1.2' });
    CONTEXTS.set(material, context);
  }
  return context;
}

/** Why a certificate is not of the service that is meant; undefined: it is. */
function checkNames(serverName: string, names: readonly string[], certificate: PeerCertificate): Error | undefined {
  if (names.length === 0) {
    const fault = checkServerIdentity(serverName, certificate);
    return fault && nameFault(`${serverName} (sni and subjectAltNames would say another name)`, certificate);
  }
  const shown = new X509Certificate(certificate.raw);
  return names.some((name) => isNamed(shown, name)) ? undefined : nameFault(names.join(' or '), certificate);
}

function nameFault(wanted: string, { subjectaltname, subject }: PeerCertificate): Error {
  return new Error(`${TLS}the certificate of the other side is for ${subjectaltname ?? `CN=${String(subject?.CN)}`}, not for ${wanted}`);
}

/** Whether a certificate has a subject alternative name. Names in its subject do not count. */
function isNamed(certificate: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined;
  if (name.includes('://')) return urisOf(certificate.subjectAltName ?? '').includes(name);
  return certificate.checkHost(name, { subject: 'never', partialWildcards: false }) !== undefined;
}

/** Node puts what could be mistaken for another name in quotes, as JSON. */
function urisOf(subjectAltName: string): string[] {
  const uris: string[] = [];
  for (const [, kind, text] of subjectAltName.matchAll(/([^:]*):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy)) {
    if (kind === 'URI' && text !== undefined) uris.push(text.startsWith('"') ? String(JSON.parse(text)) : text);
  }
  return uris;
}
