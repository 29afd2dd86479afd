// Resident memory of a proxy: per idle connection and per open stream.
import { settledKiB } from '../measure.mjs';
import { pause, stop } from '../processes.mjs';
import { launch } from '../targets.mjs';
import { connectMany, openStreams, startSilentBackend } from './wire.mjs';

const CONNECTIONS_WITH_STREAMS = 100;
const STREAMS_PER_CONNECTION = 100;
const ARRIVAL_TIMEOUT_MS = 10_000;

async function arrived(backend, count) {
  const deadline = Date.now() + ARRIVAL_TIMEOUT_MS;
  while (backend.requests < count) {
    if (Date.now() > deadline) throw new Error(`only ${backend.requests} of ${count} requests reached the backend`);
    await pause(50);
  }
}

/** Starts the target anew in front of a backend that never answers, and ends it when `look` is done. */
async function withFresh({ name, run }, look) {
  const backend = await startSilentBackend();
  try {
    const target = await launch(name, run, backend.port);
    const sockets = [];
    try {
      return await look(target, backend, sockets);
    } finally {
      for (const socket of sockets) socket.destroy();
      await stop(target.child);
    }
  } finally {
    backend.close();
  }
}

const idleConnections = (target, count) =>
  withFresh(target, async ({ port, child, startSeconds }, _backend, sockets) => {
    const before = await settledKiB(child.pid);
    sockets.push(...(await connectMany(port, count)));
    const after = await settledKiB(child.pid);
    return { startSeconds, bareMiB: before / 1024, perConnectionKiB: (after - before) / count };
  });

const openRequests = (target) =>
  withFresh(target, async ({ port, child }, backend, sockets) => {
    const count = CONNECTIONS_WITH_STREAMS * STREAMS_PER_CONNECTION;
    sockets.push(...(await connectMany(port, CONNECTIONS_WITH_STREAMS)));
    const before = await settledKiB(child.pid);
    for (const socket of sockets) openStreams(socket, STREAMS_PER_CONNECTION);
    await arrived(backend, count);
    const after = await settledKiB(child.pid);
    return { perStreamKiB: (after - before) / count };
  });

/** Each part is measured in a process of its own, so that no heap grown for one hides the other. */
export async function measureMemory(target, idleCount) {
  return { ...(await idleConnections(target, idleCount)), ...(await openRequests(target)) };
}
