import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { type ClientReport, type TestClient, testClient } from '../testing/client.ts';
import { Relay } from '../testing/relay.ts';
import { skipReason, ZooKeeperServer } from '../testing/zookeeper-server.ts';
import { CONNECTION_LOSS, hasCode, NO_AUTH, NO_NODE, NODE_EXISTS, REPLY_TOO_LARGE, UNIMPLEMENTED } from './errors.ts';
import { OP_PING } from './records.ts';

const EMPTY = Buffer.alloc(0);
const connected = (report: ClientReport): boolean => report.kind === 'connected';
const disconnected = (report: ClientReport): boolean => report.kind === 'disconnected';
const eventOn =
  (path: string) =>
  (report: ClientReport): boolean =>
    report.kind === 'event' && report.event.path === path;
const withCode =
  (code: number) =>
  (error: unknown): boolean =>
    hasCode(error, code);

describe('builtin client against a real server', { skip: skipReason(), timeout: 60_000 }, () => {
  let server: ZooKeeperServer;
  let relay: Relay;
  const open: TestClient[] = [];
  const client = (...args: Parameters<typeof testClient>): TestClient => {
    const opened = testClient(...args);
    open.push(opened);
    return opened;
  };

  before(async () => {
    server = await ZooKeeperServer.start();
    relay = await Relay.start(server.port);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.client.close()));
  });
  after(async () => {
    await relay.stop();
    await server.dispose();
  });

  test('nodes are created, read, listed and deleted, each with its own error', async () => {
    const { client: zk } = client(server.address);
    await zk.create('/plain', Buffer.from('data'));
    await zk.create('/plain/é b', EMPTY);
    assert.equal((await zk.getData('/plain', false)).toString(), 'data');
    assert.deepEqual(await zk.getChildren('/plain', false), ['é b']);
    assert.equal(await zk.exists('/plain', false), true);
    assert.equal(await zk.exists('/nowhere', false), false);
    await assert.rejects(zk.create('/plain', EMPTY), withCode(NODE_EXISTS));
    await assert.rejects(zk.getChildren('/nowhere', false), withCode(NO_NODE));
    await zk.delete('/plain/é b');
    await zk.delete('/plain');
    assert.equal(await zk.exists('/plain', false), false);
  });

  test('requests are pipelined and answered in order', async () => {
    const { client: zk } = client(server.address);
    const paths = Array.from({ length: 500 }, (_, i) => `/pipe-${i}`);
    await Promise.all(paths.map((path, i) => zk.create(path, Buffer.from(String(i)))));
    const data = await Promise.all(paths.map((path) => zk.getData(path, false)));
    assert.deepEqual(
      data.map((each) => each.toString()),
      paths.map((_, i) => String(i)),
    );
  });

  test('servers that are down or silent are passed over', async () => {
    const gone = await Relay.start(server.port);
    const silent = await Relay.start(server.port);
    silent.partitioned = true;
    const addresses = [gone.address, silent.address, server.address];
    await gone.stop();
    const { client: zk, reports } = client(addresses.join(','), { connectTimeoutMs: 200 });
    await reports.next(connected);
    assert.equal(await zk.exists('/', false), true);
    await silent.stop();
  });

  test('a chroot is put before requests and taken off events', async () => {
    const { client: zk } = client(server.address);
    await zk.create('/jail', EMPTY);
    const { client: inside, reports } = client(`${server.address}/jail`);
    assert.deepEqual(await inside.getChildren('/', true), []);
    const event = reports.next(eventOn('/'));
    await inside.create('/x', EMPTY);
    await event;
    assert.equal(await zk.exists('/jail/x', false), true);
  });

  test('ephemeral nodes go when the client is closed', async () => {
    const { client: watcher, reports } = client(server.address);
    const { client: zk } = client(server.address);
    await zk.create('/gone', EMPTY, { ephemeral: true });
    assert.equal(await watcher.exists('/gone', true), true);
    const event = reports.next(eventOn('/gone'));
    await zk.close();
    assert.deepEqual(await event, { kind: 'event', event: { kind: 'deleted', path: '/gone' } });
    await assert.rejects(zk.exists('/gone', false), withCode(CONNECTION_LOSS));
  });

  test('credentials go ahead of requests that were waiting for the connection', async () => {
    const auth = { user: 'u', password: 'p:w' };
    const { client: owner } = client(server.address, { auth });
    await owner.create('/secret', EMPTY, { acl: 'creator' });
    const { client: stranger } = client(server.address);
    await assert.rejects(stranger.getChildren('/secret', false), withCode(NO_AUTH));
    const { client: friend } = client(server.address, { auth });
    assert.deepEqual(await friend.getChildren('/secret', false), []);
  });

  test('one-shot watches are armed again after a lost connection, and what was missed fires', async () => {
    const { client: writer } = client(server.address);
    await writer.create('/again', EMPTY);
    const { client: zk, reports } = client(relay.address);
    // more than one packet's worth of paths
    const paths = Array.from({ length: 1_500 }, (_, i) => `/again-${'x'.repeat(150)}-${i}`);
    await Promise.all(paths.map((path) => zk.exists(path, true)));
    await zk.getChildren('/again', true);
    const back = reports.next(connected);
    relay.breakAll();
    assert.deepEqual(await back, { kind: 'connected', newSession: false });
    const event = reports.next(eventOn('/again'));
    await writer.create('/again/child', EMPTY);
    await event;
    for (const path of [paths[0], paths.at(-1)]) {
      assert.ok(path !== undefined);
      const created = reports.next(eventOn(path));
      await writer.create(path, EMPTY);
      await created;
    }
  });

  test('a recursive watch tells of everything below, also after a lost connection', async () => {
    const { client: writer } = client(server.address);
    const { client: zk, reports } = client(relay.address);
    await zk.addRecursiveWatch('/deep');
    const first = reports.next(eventOn('/deep/a'));
    await writer.create('/deep', EMPTY);
    await writer.create('/deep/a', EMPTY);
    await first;
    const back = reports.next(connected);
    relay.breakAll();
    await back;
    const second = reports.next(eventOn('/deep/a/b'));
    await zk.exists('/', false);
    await writer.create('/deep/a/b', EMPTY);
    assert.deepEqual(await second, { kind: 'event', event: { kind: 'created', path: '/deep/a/b' } });
  });

  test('a server without recursive watches is asked once', async () => {
    relay.oldServer = true;
    try {
      const { client: zk, reports } = client(relay.address);
      await reports.next(connected);
      const back = reports.next(connected);
      await assert.rejects(zk.addRecursiveWatch('/old'), withCode(UNIMPLEMENTED));
      // it hangs up at that
      assert.deepEqual(await back, { kind: 'connected', newSession: false });
      await assert.rejects(zk.addRecursiveWatch('/old'), withCode(UNIMPLEMENTED));
      assert.equal(await zk.exists('/', false), true);
    } finally {
      relay.oldServer = false;
    }
  });

  test('moving to an older server gives up recursive watches without a loop', async () => {
    const { client: zk, reports } = client(relay.address);
    await zk.addRecursiveWatch('/aging');
    relay.oldServer = true;
    try {
      const refused = reports.next(disconnected);
      relay.breakAll();
      await refused;
      await reports.next(connected);
      await reports.next(connected);
      assert.equal(await zk.exists('/', false), true);
      await assert.rejects(zk.addRecursiveWatch('/aging'), withCode(UNIMPLEMENTED));
    } finally {
      relay.oldServer = false;
    }
  });

  test('a connection cut inside a reply fails that request and nothing after it', async () => {
    const { client: writer } = client(server.address);
    await writer.create('/cut', Buffer.alloc(100_000, 7));
    const { client: zk } = client(relay.address);
    await zk.exists('/cut', false);
    const cut = relay.cutAfter(50_000);
    await assert.rejects(zk.getData('/cut', false), withCode(CONNECTION_LOSS));
    await cut;
    assert.deepEqual(await zk.getData('/cut', false), Buffer.alloc(100_000, 7));
  });

  test('a reply above the limit fails alone', async () => {
    const { client: writer } = client(server.address);
    await writer.create('/huge', Buffer.alloc(300_000, 7));
    const { client: zk, reports } = client(server.address, { maxPacketBytes: 100_000 });
    const huge = zk.getData('/huge', false);
    const small = zk.exists('/huge', false);
    await assert.rejects(huge, withCode(REPLY_TOO_LARGE));
    assert.equal(await small, true);
    assert.equal(reports.all.filter(disconnected).length, 0);
  });

  test('an idle session is kept alive by pings', async () => {
    const { client: zk, reports } = client(relay.address, { sessionTimeoutMs: 2_000 });
    await reports.next(connected);
    for (let i = 0; i < 4; i++) await relay.requests.next((op) => op === OP_PING);
    assert.equal(reports.all.filter(disconnected).length, 0);
    assert.equal(await zk.exists('/', false), true);
  });

  test('a frozen server is noticed before the session runs out, and found again when it thaws', async () => {
    const { client: zk, reports } = client(server.address, { connectTimeoutMs: 500 });
    await reports.next(connected);
    server.freeze();
    try {
      let answeredAt = performance.now();
      const untilSilent = async (): Promise<void> => {
        for (;;) {
          await zk.exists('/', false);
          answeredAt = performance.now();
        }
      };
      await assert.rejects(untilSilent(), withCode(CONNECTION_LOSS));
      assert.ok(performance.now() - answeredAt < 3_000, 'noticed before the session timeout');
      // attempts to connect end too: the kernel accepts, nobody answers
      await reports.next(disconnected);
      await reports.next(disconnected);
      const back = reports.next(connected);
      server.thaw();
      await back;
    } finally {
      server.thaw();
    }
    assert.equal(await zk.exists('/', false), true);
  });

  test('an expired session is replaced by a new one', async () => {
    const { client: witness, reports: seen } = client(server.address);
    const { client: zk, reports } = client(relay.address, { sessionTimeoutMs: 1_000 });
    await zk.create('/session', EMPTY, { ephemeral: true });
    await witness.exists('/session', true);
    const expired = seen.next(eventOn('/session'));
    relay.partitioned = true;
    relay.breakAll();
    await expired;
    const back = reports.next(connected);
    relay.partitioned = false;
    assert.deepEqual(await back, { kind: 'connected', newSession: true });
    assert.equal(await zk.exists('/session', false), false);
  });

  test('a killed and restarted server gets the session back', async () => {
    const { client: zk, reports } = client(server.address, { sessionTimeoutMs: 10_000 });
    await zk.create('/mine', EMPTY, { ephemeral: true });
    const back = reports.next(connected);
    await server.kill();
    await server.restart();
    assert.deepEqual(await back, { kind: 'connected', newSession: false });
    assert.equal(await zk.exists('/mine', false), true);
  });

  test('a server that came back without its data is accepted with a new session', async () => {
    const { client: zk, reports } = client(server.address, { sessionTimeoutMs: 10_000 });
    await zk.create('/before', EMPTY);
    const back = reports.next((report) => report.kind === 'connected' && report.newSession);
    await server.kill();
    server.wipe();
    await server.restart();
    await back;
    assert.equal(await zk.exists('/before', false), false);
  });
});
