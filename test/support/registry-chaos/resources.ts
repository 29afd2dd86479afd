import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Polywire } from '../polywire.ts';

const MIB = 1024 * 1024;
const LISTENING = '0A';

/** What a process takes. */
export interface Usage {
  readonly bytes: number;
  readonly descriptors: number;
}

/** A TCP connection of a process, with its state as the kernel numbers them. */
export interface Connection {
  /** Port that it came in at; undefined: the process made it. */
  readonly acceptedAt: number | undefined;
  readonly remotePort: number;
  readonly state: string;
}

export async function usage(proxy: Polywire): Promise<Usage> {
  const descriptors = process.platform === 'linux' ? readdirSync(`/proc/${proxy.pid}/fd`).length : 0;
  return { bytes: await proxy.stat('polywire_resident_memory_bytes'), descriptors };
}

export function showUsage(usage: Usage | undefined): string {
  return usage === undefined ? 'unknown' : `${(usage.bytes / MIB).toFixed(0)} MiB, ${usage.descriptors} descriptors`;
}

/** The connections that a process has open, or did not close yet; none where the system does not tell. */
export function connectionsOf(pid: number | undefined): Connection[] {
  if (process.platform !== 'linux') return [];
  const folder = `/proc/${pid}/fd`;
  const inodes = new Set(readdirSync(folder).flatMap((name) => inodeOf(`${folder}/${name}`) ?? []));
  const lines = ['tcp', 'tcp6'].flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1));
  const sockets = lines.flatMap((line) => {
    const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
    return inodes.has(inode) ? { localPort: portIn(local), remotePort: portIn(remote), state } : [];
  });
  const listening = new Set(sockets.filter(({ state }) => state === LISTENING).map(({ localPort }) => localPort));
  return sockets
    .filter(({ state }) => state !== LISTENING)
    .map(({ localPort, ...rest }) => ({ acceptedAt: listening.has(localPort) ? localPort : undefined, ...rest }));
}

/** How many the proxy itself says that it has to each port. Clusters share those to one endpoint. */
export async function connectionsKnown(proxy: Polywire): Promise<ReadonlyMap<number, number>> {
  const clusters: readonly { endpoints: readonly { address: string; connections: number }[] }[] = JSON.parse(
    await proxy.get('/clusters?format=json'),
  );
  const known = new Map<number, number>();
  for (const { address, connections } of clusters.flatMap(({ endpoints }) => endpoints)) {
    const port = Number(new URL(`tcp://${address}`).port);
    known.set(port, Math.max(known.get(port) ?? 0, connections));
  }
  return known;
}

function inodeOf(file: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(file))?.[1];
  } catch {
    // Closed meanwhile.
    return undefined;
  }
}

/** From `0100007F:1F90`. */
function portIn(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16);
}
