import type { Detectable } from './detection.ts';

/** A protocol that is recognised to name it, not to speak it. */
export interface KnownWire {
  /** For metrics and logs. */
  readonly name: string;
  /** What a person who finds it at a wrong port can do. */
  readonly advice: string;
}

/** A protocol that may recognise a connection. */
interface NamedDetectable extends Detectable {
  readonly name: string;
}

const TLS: KnownWire = {
  name: 'tls',
  advice: 'the caller begins with TLS, and this port takes plain connections: switch TLS off there, or give the listener tls: {cert, key}',
};
const HTTP1: KnownWire = { name: 'http1', advice: 'the caller speaks HTTP/1: send it, or its health checks, to another port' };
const PROXY_HEADER: KnownWire = {
  name: 'proxy-protocol',
  advice: 'a load balancer before this port writes PROXY protocol headers: switch them off there',
};

/** RFC 9110, section 9, and PATCH of RFC 5789. */
const HTTP1_REQUEST = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) /;
/** HAProxy's PROXY protocol, sections 2.1 and 2.2. */
const PROXY_V1 = Buffer.from('PROXY ');
const PROXY_V2 = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const LONGEST_START = 16;

/**
 * What the first bytes of a connection look like; undefined: nothing known.
 * @param others protocols that were loaded, and are not spoken where the bytes came in
 */
export function knownWire(head: Buffer, others: Iterable<NamedDetectable> = []): KnownWire | undefined {
  // A TLS record of the type handshake, of any version since SSL 3.0: RFC 8446, section 5.1.
  if (head[0] === 0x16 && head[1] === 0x03) return TLS;
  if (startsWith(head, PROXY_V1) || startsWith(head, PROXY_V2)) return PROXY_HEADER;
  if (HTTP1_REQUEST.test(head.toString('latin1', 0, LONGEST_START))) return HTTP1;
  for (const other of others) {
    const { name } = other;
    if (other.detect?.(head) === 'match')
      return { name, advice: `the caller speaks ${name}: name it in the listener's protocols, or send it to another port` };
  }
  return undefined;
}

function startsWith(head: Buffer, start: Buffer): boolean {
  return head.length >= start.length && head.compare(start, 0, start.length, 0, start.length) === 0;
}
