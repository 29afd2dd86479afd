import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createPath, javaUrlEncode } from '../testing/providers.ts';
import { kind, ports, treeServer } from '../testing/tree-server.ts';
import { skipReason } from '../testing/zookeeper-server.ts';

const FLEET = 'com.acme.api.Fleet';
const HOST = 'com.acme.api.fleet.1-0.sofarpc';
const PROVIDERS = `/sofa-rpc/${FLEET}/providers`;
const CONFIG = { layouts: ['sofarpc'] };

describe('SOFARPC providers on a real server', { skip: skipReason(), timeout: 5 * 60_000 }, () => {
  const tree = treeServer();

  /** Registers as SOFARPC does; the data are its state. */
  async function provide(port: number, state = 1, zk = tree.zk): Promise<string> {
    const url = `bolt://127.0.0.1:${port}?version=1.0&weight=100&interface=${FLEET}&uniqueId=`;
    const path = `${PROVIDERS}/${javaUrlEncode(url)}`;
    await createPath(zk, path, true, Buffer.of(state));
    return path;
  }

  for (const oldServer of [false, true]) {
    describe(oldServer ? 'with one-shot watches (server before 3.6)' : 'with a recursive watch', () => {
      beforeEach(() => {
        tree.relay.oldServer = oldServer;
      });

      test('providers come, go out of service, go, and the last one leaves the service empty', async () => {
        await provide(1);
        const second = await provide(2);
        const followed = await tree.synced(CONFIG);
        assert.deepEqual(ports(followed, HOST), [1, 2]);
        const off = followed.deliveries.next(kind('upsert', HOST));
        await tree.zk.delete(second);
        await provide(2, 0);
        await off;
        assert.deepEqual(ports(followed, HOST), [1]);
        const [first = ''] = (await tree.zk.getChildren(PROVIDERS, false)).filter((name) => name.includes('%3A1%3F'));
        const emptied = followed.deliveries.next(kind('upsert', HOST));
        await tree.zk.delete(`${PROVIDERS}/${first}`);
        await emptied;
        assert.deepEqual(ports(followed, HOST), []);
      });

      test('directories that ZooKeeper removes when they are empty, and that come again', async () => {
        const path = await provide(1);
        const followed = await tree.synced(CONFIG);
        const emptied = followed.deliveries.next(kind('upsert', HOST));
        await tree.zk.delete(path);
        await emptied;
        const removed = followed.deliveries.next(kind('remove', HOST));
        await tree.zk.delete(PROVIDERS);
        await tree.zk.delete(`/sofa-rpc/${FLEET}`);
        await tree.zk.delete('/sofa-rpc');
        await removed;
        const back = followed.deliveries.next(kind('upsert', HOST));
        await provide(3);
        await back;
        assert.deepEqual(ports(followed, HOST), [3]);
      });

      test('what changed while the connection was lost, data included, is found out by reading again', async () => {
        await provide(1);
        const second = await provide(2);
        const followed = await tree.synced(CONFIG);
        tree.relay.partitioned = true;
        const stale = followed.deliveries.next(kind('stale'));
        tree.relay.breakAll();
        await stale;
        await tree.zk.delete(second);
        await provide(2, 0);
        assert.deepEqual(ports(followed, HOST), [1, 2], 'the last known stays in force');
        const synced = followed.deliveries.next(kind('synced'));
        tree.relay.partitioned = false;
        await synced;
        assert.deepEqual(ports(followed, HOST), [1]);
      });
    });
  }

  test('a provider whose data may not be read holds its interface, and is followed when it may', async () => {
    await provide(1, 1, tree.owner);
    const followed = await tree.synced(CONFIG);
    const held = followed.deliveries.next(kind('hold', HOST));
    const second = await provide(2, 0, tree.owner);
    await tree.owner.setAcl(second, 'creator');
    await tree.owner.setAcl(PROVIDERS, 'creator');
    await provide(3, 1, tree.owner);
    assert.deepEqual(await held, { kind: 'hold', host: HOST, reason: 'denied' });
    assert.deepEqual(ports(followed, HOST)?.includes(1), true);
    await tree.owner.setAcl(second, 'open');
    const back = followed.deliveries.next((each) => each.kind === 'upsert' && each.entry.endpoints.length === 2);
    await tree.owner.setAcl(PROVIDERS, 'open');
    await back;
    assert.deepEqual(ports(followed, HOST), [1, 3]);
  });

  test('two layouts of one registry: current when both are read', async () => {
    await provide(1);
    await createPath(tree.zk, '/dubbo/com.acme.X/providers');
    await createPath(tree.owner, '/sofa-rpc/com.acme.Y/providers');
    await tree.owner.setAcl('/dubbo', 'creator');
    const followed = await tree.follow({ layouts: ['dubbo', 'sofarpc'] });
    const read = followed.deliveries.next(kind('upsert', HOST));
    const synced = followed.deliveries.next(kind('synced'));
    // Of one it is told that it cannot be read, again and again, after the other was.
    await Promise.all([read, followed.deliveries.next(kind('stale'))]);
    await followed.deliveries.next(kind('stale'));
    assert.equal(followed.deliveries.all.some(kind('synced')), false);
    await tree.owner.setAcl('/dubbo', 'open');
    await synced;
    assert.deepEqual(ports(followed, HOST), [1]);
  });
});
