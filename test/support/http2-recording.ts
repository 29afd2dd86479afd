import { once } from 'node:events';
import { connect } from 'node:http2';
import { startBodyOrigin } from './http2-body-origin.ts';
import { begin, exchange, finish } from './http2-session.ts';
import type { Owner } from './owner.ts';
import { startTap } from './tap.ts';

/** The bytes of one connection between node:http2 and itself. */
export interface RecordedConnection {
  readonly client: Buffer;
  readonly server: Buffer;
  /** Requests on it, with ids from 1 on. */
  readonly requests: number;
}

/** Records connections with everything on them: bodies, trailers, settings, pings, padding, long headers, resets. */
export async function recordConnections(owner: Owner): Promise<RecordedConnection[]> {
  const origin = await startBodyOrigin(owner);
  return [await record(owner, origin.port, false), await record(owner, origin.port, true)];
}

async function record(owner: Owner, port: number, resets: boolean): Promise<RecordedConnection> {
  const tap = await startTap(owner, port, 'chunks');
  const session = connect(`http://127.0.0.1:${tap.port}`, { paddingStrategy: resets ? 1 : 0 });
  await once(session, 'connect');
  await exchange(session, { headers: { 'x-trailers': 'yes', cookie: 'a=1; b=2' } });
  await exchange(session, {
    path: '/echo',
    headers: { 'x-trailers': 'yes' },
    body: { seed: 1, bytes: 20_000 },
    trailers: { 'x-end': 'yes' },
  });
  await exchange(session, { path: '/down/30000/1', headers: { 'x-length': 'yes', 'x-long': 'v'.repeat(20_000) } });
  await new Promise<void>((resolve) => session.settings({ initialWindowSize: 100_000 }, () => resolve()));
  await new Promise<void>((resolve) => void session.ping(() => resolve()));
  if (resets) {
    const cancelled = begin(session, { path: '/down/500000/1' });
    await once(cancelled, 'response');
    cancelled.close(8);
  }
  await Promise.all([1, 2, 3].map((seed) => finish(begin(session, { path: '/sum', body: { seed, bytes: 1_000, length: true } }))));
  const bytes = (direction: 'up' | 'down') =>
    Buffer.concat(tap.frames.filter((each) => each.direction === direction).map((each) => each.bytes));
  const recorded = { client: bytes('up'), server: bytes('down'), requests: resets ? 7 : 6 };
  session.destroy();
  return recorded;
}
