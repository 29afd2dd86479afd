import { readFileSync } from 'node:fs';
import { isIP, type TcpNetConnectOpts } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { ZkTls } from './client.ts';

/**
 * A TLS connection; ZooKeeper speaks it from the first byte. The certificate must be for `serverName`, else for the host as it was written,
 * be that a name or an address.
 * @throws Error when a file cannot be read
 */
export function connectTls(target: TcpNetConnectOpts & { readonly host: string }, { ca, cert, key, serverName }: ZkTls): TLSSocket {
  const name = serverName ?? target.host;
  return connect({
    ...target,
    // Names only: an address may not be asked for (RFC 6066, section 3), and is compared all the same.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
  });
}
