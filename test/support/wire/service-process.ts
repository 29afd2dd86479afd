import { fileURLToPath } from 'node:url';
import { LineProcess } from '../line-process.ts';
import type { Owner } from '../owner.ts';
import type { RawWire } from './raw-wire.ts';

const MAIN = fileURLToPath(new URL('./service-main.js', import.meta.url));
const READY_MS = 180_000;

/** A provider in a process of its own: it can be killed and frozen. */
export interface ServiceProcess {
  readonly port: number;
  readonly process: LineProcess;
}

/** @param port 0 takes a free one; one that comes back to its port needs that of `freePort`, which nobody takes meanwhile */
export async function startService(owner: Owner, wire: RawWire, name: string, port = 0): Promise<ServiceProcess> {
  const { process: started, readyLine } = await LineProcess.start(owner, {
    name: `service ${name}`,
    command: process.execPath,
    args: [MAIN, wire.name, name, String(port)],
    ready: (line) => line.startsWith('listening '),
    readyTimeout: READY_MS,
  });
  return { port: Number(readyLine.slice('listening '.length)), process: started };
}
