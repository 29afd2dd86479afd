import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { ConfigError } from '../errors/config-error.ts';

const WILDCARDS = new Set(['0.0.0.0', '::', '[::]', '']);

/**
 * The host that callers are told: what is written, else what the listener binds, else, where it binds all, this machine's first IPv4 address.
 * @throws ConfigError when there is none
 */
export function advertisedHost(
  written: string | undefined,
  bound: string,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): string {
  if (written !== undefined) return written;
  if (!WILDCARDS.has(bound)) return bound;
  const own = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  if (own !== undefined) return own.address;
  throw new ConfigError(`the listener binds ${bound} and this machine has no IPv4 address of its own: write host, as callers reach it`);
}
