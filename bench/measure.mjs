// One measurement: a load shape against a target.
import { once } from 'node:events';
import { join } from 'node:path';
import { FRAMES } from './frames.mjs';
import { LOAD_CORE, output, pause, residentKiB, start, stop } from './processes.mjs';

/** Connections x requests in flight on each, beside connections that say nothing. */
export const SHAPES = [
  { name: '4x32', connections: 4, depth: 32, idle: 0 },
  { name: '64x1', connections: 64, depth: 1, idle: 0 },
  { name: '16x4 + 1000 idle', connections: 16, depth: 4, idle: 1000 },
];

/** Opens connections that say nothing; answers the process that holds them. */
async function openIdle(tool, port, count) {
  const holder = start(LOAD_CORE, tool, ['idle', String(port), String(count)]);
  const ready = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close').then(() => undefined)]);
  if (!ready) throw new Error(`idle connections: ${holder.errors}`);
  return holder;
}

/**
 * Requests per second, latencies in microseconds, and the proxy's CPU microseconds per request.
 * Throws when an answer was wrong, not OK, or a connection ended.
 */
export async function measureLoad({ tool, cache, target, shape, seconds }) {
  const holder = shape.idle > 0 ? await openIdle(tool, target.port, shape.idle) : undefined;
  try {
    const pid = target.child ? [String(target.child.pid)] : [];
    const numbers = [target.port, shape.connections, shape.depth, seconds].map(String);
    const line = JSON.parse(
      await output(LOAD_CORE, tool, ['load', FRAMES[target.protocol].tool, ...numbers, join(cache, `${target.protocol}.request`), ...pid]),
    );
    if (line.done === 0) throw new Error('no request was answered');
    return { ...line, cpuPerRequest: target.child ? line.cpuUs / line.done : undefined };
  } finally {
    if (holder) await stop(holder);
  }
}

/** Waits until resident memory moves less than 1 % in half a second, for at most five seconds. */
export async function settledKiB(pid) {
  let before = residentKiB(pid);
  for (let look = 0; look < 10; look++) {
    await pause(500);
    const after = residentKiB(pid);
    if (Math.abs(after - before) < before / 100) return after;
    before = after;
  }
  return before;
}

/** Resident memory, bare and per idle connection: `(with - without) / count`. */
export async function measureIdleMemory({ tool, target, count }) {
  const without = await settledKiB(target.child.pid);
  const holder = await openIdle(tool, target.port, count);
  const held = await settledKiB(target.child.pid);
  await stop(holder);
  return {
    startSeconds: target.startSeconds,
    withoutMiB: without / 1024,
    withMiB: held / 1024,
    perConnectionKiB: (held - without) / count,
  };
}
