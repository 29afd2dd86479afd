import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

type Ports = typeof import('../../packages/registry-zk/src/testing/ports.ts');

// This file runs as test/dist/support/ports.js. One module for all that a test file starts: none of its peers gets the port of another.
const { href } = new URL('../../../packages/registry-zk/dist/testing/ports.js', import.meta.url);
const { freePort, freePorts }: Ports = await import(href);

export { freePort, freePorts };

/** Listens on a free loopback port and answers it. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return addressPort(server.address());
}

function addressPort(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error(`not a TCP address: ${address}`);
  return address.port;
}
