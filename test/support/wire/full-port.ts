import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { LineProcess } from '../line-process.ts';
import type { Owner } from '../owner.ts';

const READY_MS = 10_000;
/** Loopback answers at once, or not at all. */
const UNANSWERED_MS = 300;
const MOST_WAITING = 50;

// Prints its port, and takes no connection from then on: it never turns its event loop again.
const LISTENER = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, server.address().port + '\\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** A port where connections are neither taken nor refused, as at a host that is gone: its queue is full. */
export async function fullPort(owner: Owner): Promise<number> {
  const { readyLine } = await LineProcess.start(owner, {
    name: 'listener',
    command: process.execPath,
    args: ['-e', LISTENER],
    ready: (line) => /^\d+$/.test(line),
    readyTimeout: READY_MS,
  });
  const port = Number(readyLine);
  for (let waiting = 0; waiting < MOST_WAITING; waiting++) {
    const socket = connect(port, '127.0.0.1');
    owner.after(() => void socket.destroy());
    socket.on('error', () => undefined);
    await Promise.race([once(socket, 'connect'), sleep(UNANSWERED_MS)]);
    // Timers come before what the system has to say: on a busy machine the answer may be here as well.
    await nextTurn();
    if (socket.connecting) return port;
  }
  throw new Error(`${MOST_WAITING} connections wait at port ${port}, and there is still room`);
}
