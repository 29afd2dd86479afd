import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

// Below the range from which systems take the local ports of outgoing connections: a port of that range can be taken by
// any connection between being found free and being listened on.
const LOWEST_PORT = 10_000;
const PORTS_PER_PROCESS = 100;
const PROCESSES = 220;

// Test files run at the same time in processes of their own; each has ports that no other looks at.
let next = LOWEST_PORT + (process.pid % PROCESSES) * PORTS_PER_PROCESS;

/**
 * Ports that are free, and that this process did not hand out before. For peers that cannot choose one themselves; whatever
 * can listen on port 0 should do that instead.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = next++;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('no port');
  return port;
}

/** Listens on a free loopback port and answers it. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return addressPort(server.address());
}

async function isFree(port: number): Promise<boolean> {
  // Any address: Dubbo listens on all of them.
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}

function addressPort(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error(`not a TCP address: ${address}`);
  return address.port;
}
