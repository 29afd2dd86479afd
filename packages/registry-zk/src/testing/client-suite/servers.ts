import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import type { ZkLookup } from '../../client/client.ts';
import { CONNECTION_LOSS } from '../../client/errors.ts';
import { connected, disconnected, eventOn } from '../client.ts';
import { Ensemble } from '../ensemble.ts';
import { Relay } from '../relay.ts';
import { type Bench, EMPTY, withCode } from './bench.ts';

/** Which server a client finds, and how. */
export function serverCases(bench: Bench): void {
  test('servers that are down or silent are passed over', async () => {
    const silent = await Relay.start(bench.server.port);
    silent.partitioned = true;
    // Where nobody ever listens.
    const gone = '127.0.0.1:1';
    const addresses = [gone, silent.address, bench.server.address];
    const opened = bench.client(addresses.join(','), { connectTimeoutMs: 200 });
    await opened.reports.next(connected);
    await bench.assertAlive(opened);
    await silent.stop();
  });

  test('a look-up of names that hangs fails what waits for it, and is over when it answers', async () => {
    let answer: (addresses: Awaited<ReturnType<ZkLookup>>) => void = () => {};
    const answered = new Promise<Awaited<ReturnType<ZkLookup>>>((resolve) => {
      answer = resolve;
    });
    const opened = bench.client(`zk.test:${bench.server.port}`, { connectTimeoutMs: 200, lookup: () => answered });
    // And not only once the look-up has answered.
    await assert.rejects(opened.client.exists('/', false), withCode(CONNECTION_LOSS));
    await opened.reports.next(disconnected);
    const found = opened.reports.next(connected);
    answer([{ address: '127.0.0.1', family: 4 }]);
    await found;
    await bench.assertAlive(opened);
  });

  test('a name that cannot be looked up is tried again, beside hosts that can', async () => {
    const lookup: ZkLookup = async (host) => {
      throw new Error(`getaddrinfo ENOTFOUND ${host}`);
    };
    const lost = bench.client('zk.test', { lookup });
    const report = await lost.reports.next(disconnected);
    assert.match(report.kind === 'disconnected' ? report.cause.message : '', /zk\.test.*ENOTFOUND/);
    await lost.reports.next(disconnected);
    const opened = bench.client(`zk.test,${bench.server.address}`, { lookup });
    await opened.reports.next(connected);
    await bench.assertAlive(opened);
  });

  test('all addresses of a name are tried in turn, also past one that accepts and says nothing', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => sockets.add(socket));
    const port = Number(bench.relay.address.split(':')[1]);
    silent.listen(port, '127.0.0.2');
    await once(silent, 'listening');
    const lookup: ZkLookup = async () => ['127.0.0.2', '127.0.0.1'].map((address) => ({ address, family: 4 }));
    const opened = bench.client(`zk.test:${port}`, { lookup, connectTimeoutMs: 200 });
    await opened.reports.next(connected);
    // The turn is the other's, wherever it began.
    const reached = once(silent, 'connection');
    const back = opened.reports.next(connected);
    bench.relay.breakAll();
    await reached;
    await back;
    await bench.assertAlive(opened);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  test('an ensemble that loses its leader keeps the session, its ephemeral nodes and its watches', async () => {
    const ensemble = await Ensemble.start();
    try {
      const { client: zk, reports } = bench.client(ensemble.address, { sessionTimeoutMs: 60_000 });
      await reports.next(connected);
      await zk.create('/mine', EMPTY, { ephemeral: true });
      await zk.exists('/watched', true);
      const back = reports.next(connected);
      const leader = await ensemble.leader();
      await leader.kill();
      assert.deepEqual(await back, { kind: 'connected', newSession: false });
      assert.equal((await zk.getNode('/mine', false)).stat.ephemeralOwner, zk.sessionId);
      const event = reports.next(eventOn('/watched'));
      await zk.create('/watched', EMPTY);
      await event;
    } finally {
      await bench.closeClients();
      await ensemble.dispose();
    }
  });
}
