import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

// Below the range from which systems take the local ports of outgoing connections: a port of that range can be taken by
// any connection between being found free and being listened on.
const LOWEST_PORT = 10_000;
const PORTS_PER_BLOCK = 100;
const BLOCKS = 220;

/** The next port of this process's block, and the end of the block. */
let next = 0;
let end = 0;

/**
 * Ports that are free, that this process did not hand out before, and that no other test file is given as long as this process
 * lives. For peers that cannot choose one themselves, and for those that come back to their port; whatever else can listen on port 0
 * should do that instead.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    while (next === end) await takeBlock();
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

/** Test files run at the same time in processes of their own: a block is whose process listens on its first port. */
async function takeBlock(): Promise<void> {
  for (let tried = 0; tried < BLOCKS; tried++) {
    const first = LOWEST_PORT + ((process.pid + tried) % BLOCKS) * PORTS_PER_BLOCK;
    const sign = createServer((socket) => socket.destroy()).unref();
    if (!(await listensOn(sign, { port: first, host: '127.0.0.1' }))) continue;
    next = first + 1;
    end = first + PORTS_PER_BLOCK;
    return;
  }
  throw new Error(`no block of ports is left from ${LOWEST_PORT} on`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  // Any address: Dubbo listens on all of them.
  if (!(await listensOn(server, { port }))) return false;
  await once(server.close(), 'close');
  return true;
}

async function listensOn(server: Server, at: { readonly port: number; readonly host?: string }): Promise<boolean> {
  try {
    await once(server.listen(at), 'listening');
    return true;
  } catch {
    return false;
  }
}
