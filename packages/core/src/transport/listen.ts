import type { AddressInfo, ListenOptions, Server } from 'node:net';
import { messageOf } from '../errors/message-of.ts';

/** Reasons that a person can do something about. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'another program listens there; end it, or choose another port'],
  ['EADDRNOTAVAIL', 'this machine has no such address; 0.0.0.0 means all that it has'],
  ['EACCES', 'this user may not; choose a port from 1024'],
  ['ENOTFOUND', 'this name has no address'],
]);

/**
 * Lets a server listen on `host` and `port`.
 * @param who names the listener in the error
 * @throws Error saying who cannot listen where, and why
 */
export function listen(server: Server, who: string, options: ListenOptions & { host: string; port: number }): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: Error) =>
      reject(new Error(`${who} cannot listen on ${options.host}:${options.port}: ${reasonOf(cause)}`, { cause }));
    server.once('error', refuse);
    server.listen(options, () => {
      server.removeListener('error', refuse);
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error(`${who} listens without an address`);
      resolve(address);
    });
  });
}

/** `host:port`, with brackets around IPv6. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The IP address in what formatAddress made, IPv4 not as IPv6, and without the zone that IPv6 may have. */
export function addressIn(formatted: string): string {
  const host = formatted.slice(0, formatted.lastIndexOf(':')).replace(/^\[|\]$|%[^\]]*/g, '');
  return host.replace(/^::ffff:(?=\d+\.)/i, '');
}

function reasonOf(cause: Error): string {
  const code = 'code' in cause ? String(cause.code) : '';
  const advice = ADVICE.get(code);
  return advice === undefined ? messageOf(cause) : `${advice} (${code})`;
}
