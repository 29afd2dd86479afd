import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connected, disconnected, eventOn } from '../testing/client.ts';
import { Bench, EMPTY, withCode } from '../testing/client-suite/bench.ts';
import { clientSuite } from '../testing/client-suite/suite.ts';
import { Relay } from '../testing/relay.ts';
import { OLD } from '../testing/zookeeper-releases.ts';
import { skipReason, ZooKeeperServer } from '../testing/zookeeper-server.ts';
import { REPLY_TOO_LARGE, UNIMPLEMENTED } from './errors.ts';

clientSuite('builtin');

// What follows the native driver does not have.

describe('recursive watches and limits of the builtin client', { skip: skipReason(), timeout: 5 * 60_000 }, () => {
  const bench = new Bench('builtin');

  test('a recursive watch tells of everything below, also after a lost connection', async () => {
    const top = bench.path();
    const { client: writer } = bench.client();
    const { client: zk, reports } = bench.client(bench.relay.address);
    await zk.addRecursiveWatch(top);
    const first = reports.next(eventOn(`${top}/a`));
    await writer.create(top, EMPTY);
    await writer.create(`${top}/a`, EMPTY);
    await first;
    const back = reports.next(connected);
    bench.relay.breakAll();
    await back;
    const second = reports.next(eventOn(`${top}/a/b`));
    await zk.exists('/', false);
    await writer.create(`${top}/a/b`, EMPTY);
    assert.deepEqual(await second, { kind: 'event', event: { kind: 'created', path: `${top}/a/b` } });
  });

  test('an older server is asked for a recursive watch once, a newer one again', async () => {
    const older = await Relay.start(bench.server.port);
    older.oldServer = true;
    const newer = await Relay.start(bench.server.port);
    const move = async (from: Relay, to: Relay): Promise<void> => {
      const arrived = reports.next(connected);
      from.partitioned = true;
      to.partitioned = false;
      from.breakAll();
      await arrived;
    };
    newer.partitioned = true;
    const opened = bench.client(`${older.address},${newer.address}`, { connectTimeoutMs: 300 });
    const { client: zk, reports } = opened;
    try {
      await reports.next(connected);
      const back = reports.next(connected);
      await assert.rejects(zk.addRecursiveWatch('/moved'), withCode(UNIMPLEMENTED));
      // it hangs up at that
      await back;
      await assert.rejects(zk.addRecursiveWatch('/moved'), withCode(UNIMPLEMENTED));
      await move(older, newer);
      await zk.addRecursiveWatch('/moved');
      await move(newer, older);
      const before = reports.all.filter(disconnected).length;
      await assert.rejects(zk.addRecursiveWatch('/moved'), withCode(UNIMPLEMENTED));
      await bench.assertAlive(opened);
      assert.equal(reports.all.filter(disconnected).length, before);
    } finally {
      await bench.closeClients();
      await older.stop();
      await newer.stop();
    }
  });

  test('a recursive watch on a server that is replaced by an older one is given up without a loop', async () => {
    const opened = bench.client(bench.relay.address);
    const { client: zk, reports } = opened;
    await zk.addRecursiveWatch('/aging');
    bench.relay.oldServer = true;
    try {
      const refused = reports.next(disconnected);
      bench.relay.breakAll();
      await refused;
      await reports.next(connected);
      await reports.next(connected);
      await bench.assertAlive(opened);
      await assert.rejects(zk.addRecursiveWatch('/aging'), withCode(UNIMPLEMENTED));
    } finally {
      bench.relay.oldServer = false;
    }
  });

  test('a reply above the limit fails alone', async () => {
    const path = bench.path();
    const { client: writer } = bench.client();
    await writer.create(path, Buffer.alloc(300_000, 7));
    const { client: zk, reports } = bench.client(undefined, { maxPacketBytes: 100_000 });
    const huge = zk.getData(path, false);
    const small = zk.exists(path, false);
    await assert.rejects(huge, withCode(REPLY_TOO_LARGE));
    assert.equal(await small, true);
    assert.equal(reports.all.filter(disconnected).length, 0);
  });
});

describe('builtin client and recursive watches on a server of 2019', { skip: skipReason(), timeout: 5 * 60_000 }, () => {
  const bench = new Bench('builtin', () => ZooKeeperServer.start({ release: OLD }));

  test('the server hangs up once, and the session goes on with one-shot watches', async () => {
    const opened = bench.client();
    const { client: zk, reports } = opened;
    await reports.next(connected);
    const id = zk.sessionId;
    const back = reports.next(connected);
    await assert.rejects(zk.addRecursiveWatch('/old'), withCode(UNIMPLEMENTED));
    assert.deepEqual(await back, { kind: 'connected', newSession: false });
    await assert.rejects(zk.addRecursiveWatch('/old'), withCode(UNIMPLEMENTED));
    await bench.assertAlive(opened);
    assert.equal(zk.sessionId, id);
    assert.equal(reports.all.filter(disconnected).length, 1);
  });
});
