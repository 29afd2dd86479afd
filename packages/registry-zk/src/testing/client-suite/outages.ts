import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONNECTION_LOSS } from '../../client/errors.ts';
import { claimEphemeral } from '../../client/nodes.ts';
import { connected, disconnected, eventOn } from '../client.ts';
import { type Bench, EMPTY, withCode } from './bench.ts';

/** What a client makes of servers and networks that fail. Each ends with the client connected and its watches firing. */
export function outageCases(bench: Bench): void {
  test('a connection cut inside a reply fails that request and nothing after it', async () => {
    const path = bench.path();
    const { client: writer } = bench.client();
    await writer.create(path, Buffer.alloc(100_000, 7));
    const opened = bench.client(bench.relay.address);
    await opened.client.exists(path, false);
    const cut = bench.relay.cutAfter(50_000);
    await assert.rejects(opened.client.getData(path, false), withCode(CONNECTION_LOSS));
    await cut;
    assert.deepEqual(await opened.client.getData(path, false), Buffer.alloc(100_000, 7));
    await bench.assertAlive(opened);
  });

  test('a network that goes silent inside a reply is noticed within the session timeout', async () => {
    const path = bench.path();
    const { client: writer } = bench.client();
    await writer.create(path, Buffer.alloc(100_000, 7));
    const opened = bench.client(bench.relay.address, { sessionTimeoutMs: 6_000 });
    await opened.client.exists(path, true);
    void bench.relay.cutAfter(50_000, 'silence');
    const startedAt = performance.now();
    const back = opened.reports.next(connected);
    await assert.rejects(opened.client.getData(path, false), withCode(CONNECTION_LOSS));
    assert.ok(performance.now() - startedAt < 6_000);
    assert.deepEqual(await back, { kind: 'connected', newSession: false });
    const changed = opened.reports.next(eventOn(path));
    await writer.setData(path, EMPTY);
    await changed;
    await bench.assertAlive(opened);
  });

  test('an idle session is kept alive', async () => {
    const { client: zk, reports } = bench.client(bench.relay.address, { sessionTimeoutMs: 5_000 });
    await reports.next(connected);
    for (let i = 0; i < 4; i++) await bench.relay.requests.next(() => true);
    assert.equal(reports.all.filter(disconnected).length, 0);
    assert.equal(await zk.exists('/', false), true);
  });

  test('a frozen server is noticed before the session runs out, and found again when it thaws', async () => {
    const opened = bench.client(undefined, { connectTimeoutMs: 500, sessionTimeoutMs: 6_000 });
    const { client: zk, reports } = opened;
    await reports.next(connected);
    bench.server.freeze();
    try {
      let answeredAt = performance.now();
      const untilSilent = async (): Promise<void> => {
        for (;;) {
          await zk.exists('/', false);
          answeredAt = performance.now();
        }
      };
      await assert.rejects(untilSilent(), withCode(CONNECTION_LOSS));
      assert.ok(performance.now() - answeredAt < 6_000, 'noticed before the session timeout');
      // attempts to connect end too: the kernel accepts, nobody answers
      await reports.next(disconnected);
      await reports.next(disconnected);
      const back = reports.next(connected);
      bench.server.thaw();
      await back;
    } finally {
      bench.server.thaw();
    }
    await bench.assertAlive(opened);
  });

  test('an expired session is replaced by a new one, which sets watches and ephemeral nodes again', async () => {
    const path = bench.path();
    const { client: witness, reports: seen } = bench.client();
    const opened = bench.client(bench.relay.address, { sessionTimeoutMs: 3_000, connectTimeoutMs: 500 });
    const { client: zk, reports } = opened;
    await claimEphemeral(zk, path, EMPTY);
    const formerId = zk.sessionId;
    await witness.exists(path, true);
    const expired = seen.next(eventOn(path));
    bench.relay.partitioned = true;
    bench.relay.breakAll();
    await expired;
    const back = reports.next((report) => report.kind === 'connected' && report.newSession);
    bench.relay.partitioned = false;
    await back;
    assert.notEqual(zk.sessionId, formerId);
    await claimEphemeral(zk, path, EMPTY);
    assert.equal((await zk.getNode(path, false)).stat.ephemeralOwner, zk.sessionId);
    await bench.assertAlive(opened);
  });

  test('an ephemeral node of a create whose answer was lost is found to be ours', async () => {
    const path = bench.path();
    const { client: zk } = bench.client(bench.relay.address);
    await zk.exists('/', false);
    const cut = bench.relay.cutAfter(1);
    await assert.rejects(claimEphemeral(zk, path, EMPTY), withCode(CONNECTION_LOSS));
    await cut;
    const { stat } = await zk.getNode(path, false);
    assert.equal(stat.ephemeralOwner, zk.sessionId);
    await claimEphemeral(zk, path, EMPTY);
    assert.deepEqual((await zk.getNode(path, false)).stat, stat);
  });

  test('a killed and restarted server gets the session back, with its watches', async () => {
    const path = bench.path();
    const opened = bench.client(undefined, { sessionTimeoutMs: 60_000 });
    const { client: zk, reports } = opened;
    await zk.create(path, EMPTY, { ephemeral: true });
    await zk.getData(path, true);
    const back = reports.next(connected);
    await bench.server.kill();
    await bench.server.restart();
    assert.deepEqual(await back, { kind: 'connected', newSession: false });
    const event = reports.next(eventOn(path));
    await zk.setData(path, Buffer.from('1'));
    await event;
    await bench.assertAlive(opened);
  });

  test('a server that came back without its data is accepted with a new session', async () => {
    const path = bench.path();
    const opened = bench.client(undefined, { sessionTimeoutMs: 5_000, connectTimeoutMs: 1_000 });
    const { client: zk, reports } = opened;
    await zk.create(path, EMPTY);
    const back = reports.next((report) => report.kind === 'connected' && report.newSession);
    await bench.server.kill();
    bench.server.wipe();
    await bench.server.restart();
    await back;
    assert.equal(await zk.exists(path, false), false);
    await bench.assertAlive(opened);
  });
}
