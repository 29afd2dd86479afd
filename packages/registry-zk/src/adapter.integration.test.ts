import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { ZkClient } from './client/client.ts';
import { type Delivery, type TestAdapter, testAdapter } from './testing/adapter.ts';
import { testClient } from './testing/client.ts';
import { createPath, javaUrlEncode, providerUrl, register } from './testing/providers.ts';
import { Relay } from './testing/relay.ts';
import { skipReason, ZooKeeperServer } from './testing/zookeeper-server.ts';

const FLEET = 'com.acme.api.Fleet';
const HOST = 'com.acme.api.fleet.dubbo';
const kind =
  (wanted: Delivery['kind'], host?: string) =>
  (delivery: Delivery): boolean =>
    delivery.kind === wanted && (host === undefined || ('host' in delivery && delivery.host === host));

function ports(adapter: TestAdapter, host = HOST): number[] | undefined {
  return adapter.entries.get(host)?.endpoints.map((endpoint) => endpoint.port);
}

describe('zookeeper registry against a real server', { skip: skipReason(), timeout: 5 * 60_000 }, () => {
  let server: ZooKeeperServer;
  let relay: Relay;
  let zk: ZkClient;
  /** Each test has a root of its own. */
  let root = '';
  let tests = 0;
  const closing: (() => Promise<void>)[] = [];

  const follow = async (address: string, config: Readonly<Record<string, unknown>> = {}): Promise<TestAdapter> => {
    const started = await testAdapter(address, { root, ...config });
    closing.push(() => started.adapter.stop());
    return started;
  };
  const synced = async (address: string, config: Readonly<Record<string, unknown>> = {}): Promise<TestAdapter> => {
    const started = await follow(address, config);
    await started.deliveries.next(kind('synced'));
    return started;
  };
  const client = (...args: Parameters<typeof testClient>): ZkClient => {
    const { client: opened } = testClient(...args);
    closing.push(() => opened.close());
    return opened;
  };
  const provide = (port: number, parameters: Readonly<Record<string, string>> = {}, owner = zk): Promise<string> =>
    register(owner, FLEET, providerUrl(FLEET, port, parameters), root);

  before(async () => {
    server = await ZooKeeperServer.start();
    relay = await Relay.start(server.port);
  });
  beforeEach(() => {
    root = `/root${tests++}`;
    zk = client(server.address);
  });
  afterEach(async () => {
    relay.oldServer = false;
    await Promise.all(closing.splice(0).map((close) => close()));
  });
  after(async () => {
    await relay.stop();
    await server.dispose();
  });

  for (const oldServer of [false, true]) {
    describe(oldServer ? 'with one-shot watches (server before 3.6)' : 'with a recursive watch', () => {
      beforeEach(() => {
        relay.oldServer = oldServer;
      });

      test('providers come and go, and the last one leaves nothing behind', async () => {
        const first = await provide(20880);
        const followed = await synced(relay.address);
        assert.deepEqual(ports(followed), [20880]);
        const added = followed.deliveries.next(kind('upsert', HOST));
        const second = await provide(20881);
        await added;
        assert.deepEqual(ports(followed), [20880, 20881]);
        const reduced = followed.deliveries.next(kind('upsert', HOST));
        await zk.delete(first);
        await reduced;
        assert.deepEqual(ports(followed), [20881]);
        const emptied = followed.deliveries.next(kind('upsert', HOST));
        await zk.delete(second);
        await emptied;
        assert.deepEqual(ports(followed), []);
        const back = followed.deliveries.next(kind('upsert', HOST));
        await provide(20882);
        await back;
        assert.deepEqual(ports(followed), [20882]);
      });

      test('a root, interface and providers node that come later are found, and their removal removes the service', async () => {
        const followed = await synced(relay.address);
        assert.equal(followed.entries.size, 0);
        const added = followed.deliveries.next(kind('upsert', HOST));
        const path = await provide(20880);
        await added;
        const removed = followed.deliveries.next(kind('remove', HOST));
        await zk.delete(path);
        await zk.delete(`${root}/${FLEET}/providers`);
        await removed;
        const again = followed.deliveries.next(kind('upsert', HOST));
        await provide(20881);
        await again;
        assert.deepEqual(ports(followed), [20881]);
        const other = followed.deliveries.next(kind('upsert', 'com.acme.api.other.dubbo'));
        await createPath(zk, `${root}/com.acme.api.Other/consumers/x`);
        await register(zk, 'com.acme.api.Other', providerUrl('com.acme.api.Other', 1), root);
        await other;
      });

      test('what changed while the connection was lost is found out by reading again, and nothing else is delivered', async () => {
        await register(zk, 'com.acme.api.Other', providerUrl('com.acme.api.Other', 1), root);
        const first = await provide(20880);
        const followed = await synced(relay.address);
        const before = followed.deliveries.all.length;
        relay.partitioned = true;
        const stale = followed.deliveries.next(kind('stale'));
        relay.breakAll();
        await stale;
        await zk.delete(first);
        await provide(20881);
        assert.deepEqual(ports(followed), [20880], 'the last known stays in force');
        const resynced = followed.deliveries.next(kind('synced'));
        relay.partitioned = false;
        await resynced;
        assert.deepEqual(ports(followed), [20881]);
        const since = followed.deliveries.all.slice(before).map((each) => ('host' in each ? `${each.kind} ${each.host}` : each.kind));
        assert.deepEqual(since, ['stale', `upsert ${HOST}`, 'synced']);
      });

      test('what may not be read is not taken for empty, and credentials open it', async () => {
        const auth = { user: 'u', password: 'p' };
        const owner = client(server.address, { auth });
        const open = await provide(20880, {}, owner);
        const followed = await synced(relay.address);
        // Dubbo with credentials makes its nodes readable for nobody else (CREATOR_ALL_ACL)
        const removed = followed.deliveries.next(kind('remove', HOST));
        await owner.delete(open);
        await owner.delete(`${root}/${FLEET}/providers`);
        await removed;
        await owner.create(`${root}/${FLEET}/providers`, Buffer.alloc(0), { acl: 'creator' });
        await provide(20881, {}, owner);
        const friend = await synced(relay.address, { auth: 'digest:u:p' });
        assert.deepEqual(ports(friend), [20881]);
        // What is denied is told again at each try.
        const stranger = await synced(relay.address, { deniedRetry: '10m' });
        assert.equal(stranger.entries.size, 0);
        const unread = stranger.deliveries.all.filter((delivery) => delivery.kind === 'unread');
        assert.deepEqual(unread, [{ kind: 'unread', origin: `${root}/${FLEET}/providers`, reason: 'denied' }]);
        const impatient = await synced(relay.address);
        const readable = impatient.deliveries.next(kind('readable'));
        const known = impatient.deliveries.next(kind('upsert', HOST));
        await owner.setAcl(`${root}/${FLEET}/providers`, 'open');
        assert.deepEqual(await readable, { kind: 'readable', origin: `${root}/${FLEET}/providers` });
        await known;
        assert.ok(stranger.log.some((line) => /^warn: not allowed to read .*; open the node, or give auth/.test(line)));
      });
    });
  }

  test('denied holds and keeps the last known, and ends with the next good read', async () => {
    const auth = { user: 'u', password: 'p' };
    const owner = client(server.address, { auth });
    const path = await provide(20880, {}, owner);
    const followed = await synced(server.address);
    const held = followed.deliveries.next(kind('hold', HOST));
    await owner.setAcl(`${root}/${FLEET}/providers`, 'creator');
    await provide(20881, {}, owner);
    assert.deepEqual(await held, { kind: 'hold', host: HOST, reason: 'denied' });
    assert.deepEqual(ports(followed), [20880]);
    const back = followed.deliveries.next(kind('upsert', HOST));
    await owner.delete(path);
    await owner.setAcl(`${root}/${FLEET}/providers`, 'open');
    await back;
    assert.deepEqual(ports(followed), [20881]);
  });

  test('a root that may not be read makes the registry stale, not empty', async () => {
    const auth = { user: 'u', password: 'p' };
    const owner = client(server.address, { auth });
    await provide(20880, {}, owner);
    const followed = await synced(relay.address);
    await owner.setAcl(root, 'creator');
    const held = followed.deliveries.next(kind('hold', HOST));
    relay.breakAll();
    await held;
    assert.deepEqual(ports(followed), [20880]);
    const resynced = followed.deliveries.next(kind('synced'));
    const freed = followed.deliveries.next(kind('upsert', HOST));
    await owner.setAcl(root, 'open');
    await Promise.all([resynced, freed]);
  });

  test('a root that may not be read, though providers and rules are in it, is warned of once', async () => {
    const owner = client(server.address, { auth: { user: 'u', password: 'p' } });
    await provide(20880, {}, owner);
    await owner.setAcl(root, 'creator');
    const followed = await follow(server.address);
    await followed.deliveries.next(kind('stale'));
    // At the next try, both trees have been refused.
    await followed.deliveries.next(kind('stale'));
    const readAgain = followed.logged.next(({ message }) => message === `${root} can be read again`);
    await owner.setAcl(root, 'open');
    await readAgain;
    const said = (text: string): number => followed.log.filter((line) => line.includes(text)).length;
    assert.deepEqual([said(`not allowed to read ${root};`), said(`${root} can be read again`)], [1, 1]);
  });

  test('each warning names the registry that it is of, with its chroot', async () => {
    const address = `${server.address}${root}`;
    const followed = await synced(address, { root: '/dubbo' });
    const missing = followed.logged.all.find(({ message }) => message.startsWith('/dubbo does not exist'));
    assert.equal(missing?.registry, `zookeeper ${address}`);
    assert.equal(followed.adapter.name, missing?.registry);
  });

  test('what is unread is not warned of where the program shows it', async () => {
    const owner = client(server.address, { auth: { user: 'u', password: 'p' } });
    await provide(20880, {}, owner);
    await owner.setAcl(`${root}/${FLEET}/providers`, 'creator');
    const shown = await testAdapter(server.address, { root }, { showsFaults: true });
    closing.push(() => shown.adapter.stop());
    await shown.deliveries.next(kind('synced'));
    assert.ok(shown.log.some((line) => line.startsWith('debug: not allowed to read ')));
    assert.deepEqual(
      shown.log.filter((line) => line.startsWith('warn: ')),
      [],
    );
    // What was known of it is held, and why is nowhere else to be seen.
    const back = shown.deliveries.next(kind('upsert', HOST));
    await owner.setAcl(`${root}/${FLEET}/providers`, 'open');
    await back;
    const held = shown.deliveries.next(kind('hold', HOST));
    await owner.setAcl(`${root}/${FLEET}/providers`, 'creator');
    await provide(20881, {}, owner);
    await held;
    assert.ok(shown.log.some((line) => line.startsWith('warn: not allowed to read ')));
  });

  test('a root that is not there is said before the registry counts as read', async () => {
    const followed = await synced(server.address);
    const told = followed.deliveries.all.map(({ kind: what, ...more }) => [what, 'reason' in more ? more.reason : undefined]);
    assert.deepEqual(told, [
      ['unread', 'missing'],
      ['synced', undefined],
    ]);
  });

  test('events that the server swallows for lack of permission are made up for by reading everything now and then', async () => {
    relay.oldServer = true;
    const auth = { user: 'u', password: 'p' };
    const owner = client(server.address, { auth });
    await provide(20880, {}, owner);
    const followed = await synced(relay.address, { resync: '200ms' });
    await owner.setAcl(root, 'creator');
    await register(owner, 'com.acme.api.Other', providerUrl('com.acme.api.Other', 1), root);
    await followed.deliveries.next(kind('hold', HOST));
    const resynced = followed.deliveries.next(kind('synced'));
    await owner.setAcl(root, 'open');
    await resynced;
    assert.deepEqual([...followed.entries.keys()].sort(), [HOST, 'com.acme.api.other.dubbo']);
    const last = followed.deliveries.all.findLast((delivery) => 'host' in delivery && delivery.host === HOST);
    assert.equal(last?.kind, 'upsert', 'no longer held');
  });

  test('a killed and restarted server neither empties nor repeats anything', async () => {
    await provide(20880);
    const followed = await synced(server.address);
    const before = followed.deliveries.all.length;
    const stale = followed.deliveries.next(kind('stale'));
    await server.kill();
    await stale;
    assert.ok(followed.log.includes(`warn: ${followed.adapter.name} is away; what it announced stays in force`));
    const resynced = followed.deliveries.next(kind('synced'));
    await server.restart();
    await resynced;
    assert.deepEqual(
      followed.deliveries.all.slice(before).map((each) => each.kind),
      ['stale', 'synced'],
    );
    assert.deepEqual(ports(followed), [20880]);
  });

  test('a server frozen past the session timeout is followed again when it thaws', async () => {
    await createPath(zk, `${root}/${FLEET}/providers/${javaUrlEncode(providerUrl(FLEET, 20880))}`);
    const followed = await synced(server.address, { sessionTimeout: '1500ms', connectTimeout: '500ms' });
    const stale = followed.deliveries.next(kind('stale'));
    server.freeze();
    try {
      await stale;
      assert.deepEqual(ports(followed), [20880]);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const resynced = followed.deliveries.next(kind('synced'));
      server.thaw();
      await resynced;
    } finally {
      server.thaw();
    }
    assert.deepEqual(ports(followed), [20880]);
    const added = followed.deliveries.next(kind('upsert', HOST));
    await createPath(zk, `${root}/${FLEET}/providers/${javaUrlEncode(providerUrl(FLEET, 20881))}`);
    await added;
  });

  test('a connection cut inside an answer costs nothing but a new read', async () => {
    for (let i = 0; i < 20; i++) await provide(20880 + i);
    const cut = relay.cutAfter(2_000);
    const followed = await follow(relay.address);
    const read = followed.deliveries.next(kind('synced'));
    await cut;
    await read;
    assert.equal(ports(followed)?.length, 20);
  });

  test('start resolves without a server, and the services come when it does', async () => {
    const late = await ZooKeeperServer.start();
    try {
      await late.kill();
      const followed = await follow(late.address);
      await followed.deliveries.next(kind('stale'));
      assert.ok(followed.log.includes(`warn: ${followed.adapter.name} is away; it has announced nothing since the start`));
      assert.ok(!followed.log.some((line) => line.includes('stays in force')));
      const first = followed.deliveries.next(kind('synced'));
      await late.restart();
      await first;
    } finally {
      await late.dispose();
    }
  });

  test('an interface whose list is too large is held, and the others go on', async () => {
    const followed = await synced(server.address, { maxPacketSize: '4KiB' });
    const before = followed.deliveries.all.length;
    const added = followed.deliveries.next(kind('upsert', HOST));
    await provide(20880);
    await added;
    const held = followed.deliveries.next(kind('hold', HOST));
    for (let i = 1; i < 20; i++) await provide(20880 + i);
    assert.deepEqual(await held, { kind: 'hold', host: HOST, reason: 'unparsable' });
    const other = followed.deliveries.next(kind('upsert', 'com.acme.api.other.dubbo'));
    await register(zk, 'com.acme.api.Other', providerUrl('com.acme.api.Other', 1), root);
    await other;
    assert.equal(followed.deliveries.all.slice(before).some(kind('stale')), false);
  });

  test('a stopped adapter delivers nothing more', async () => {
    await provide(20880);
    const followed = await synced(server.address);
    const before = followed.deliveries.all.length;
    const added = provide(20881);
    await followed.adapter.stop();
    await added;
    await followed.adapter.stop();
    await zk.exists(root, false);
    assert.equal(followed.deliveries.all.length, before);
  });

  test('other children of the root and other protocols are left alone', async () => {
    for (const name of ['config/dubbo', 'mapping/com.acme.X', 'metadata/com.acme.X']) await createPath(zk, `${root}/${name}/providers/x`);
    await register(zk, FLEET, providerUrl(FLEET, 1).replace('dubbo://', 'rest://'), root);
    await createPath(zk, `${root}/com.acme.Broken/providers/%zz`);
    const followed = await synced(server.address);
    assert.equal(followed.entries.size, 0);
    assert.deepEqual(
      // In whatever order the server lists the interfaces.
      followed.log.filter((line) => line.includes('provider of')).sort(),
      [`debug: ignored provider of ${FLEET}: protocol rest`, 'warn: unreadable provider of com.acme.Broken: not URL-encoded UTF-8'],
    );
  });

  test('2,000 interfaces are read, and a change to one delivers one', async () => {
    const names = Array.from({ length: 2_000 }, (_, i) => `com.acme.api.Service${i}`);
    await createPath(zk, root);
    const below = (path: string): Promise<unknown> =>
      Promise.all(names.map((name) => zk.create(`${root}/${name}${path}`, Buffer.alloc(0))));
    await below('');
    await below('/providers');
    await Promise.all(
      names.map((name) => zk.create(`${root}/${name}/providers/${javaUrlEncode(providerUrl(name, 20880))}`, Buffer.alloc(0))),
    );
    const followed = await synced(server.address);
    assert.equal(followed.entries.size, 2_000);
    const before = followed.deliveries.all.length;
    const changed = followed.deliveries.next(kind('upsert', 'com.acme.api.service7.dubbo'));
    await register(zk, 'com.acme.api.Service7', providerUrl('com.acme.api.Service7', 20881), root);
    await changed;
    assert.equal(followed.deliveries.all.length, before + 1);
  });
});
