import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createPath } from '../testing/providers.ts';
import { RECORDED_APPLICATION } from '../testing/recorded-application.ts';
import { kind, ports, treeServer } from '../testing/tree-server.ts';
import { skipReason } from '../testing/zookeeper-server.ts';

const HOST = 'com.acme.hello.0-0-0-g.motan';
const HELLO = '/motan/g/com.acme.Hello';

describe('Motan and Spring Cloud on a real server', { skip: skipReason(), timeout: 5 * 60_000 }, () => {
  const tree = treeServer();
  const provide = async (port: number, state = 'server'): Promise<string> => {
    const path = `${HELLO}/${state}/10.0.0.1:${port}`;
    await createPath(tree.zk, path, true, Buffer.from(`motan2://10.0.0.1:${port}/com.acme.Hello?group=g&`));
    return path;
  };

  for (const oldServer of [false, true]) {
    describe(oldServer ? 'with one-shot watches (server before 3.6)' : 'with a recursive watch', () => {
      beforeEach(() => {
        tree.relay.oldServer = oldServer;
      });

      test('servers of Motan that become available, unavailable and go, with their group', async () => {
        await createPath(tree.zk, '/motan/g/command');
        const waiting = await provide(1, 'unavailableServer');
        const followed = await tree.synced({ layouts: ['motan'] });
        assert.equal(followed.entries.size, 0);
        const up = followed.deliveries.next(kind('upsert', HOST));
        await tree.zk.delete(waiting);
        const serving = await provide(1);
        await up;
        assert.deepEqual(ports(followed, HOST), [1]);
        const down = followed.deliveries.next(kind('upsert', HOST));
        await tree.zk.delete(serving);
        await down;
        assert.deepEqual(ports(followed, HOST), []);
        const removed = followed.deliveries.next(kind('remove', HOST));
        for (const path of [`${HELLO}/server`, `${HELLO}/unavailableServer`, HELLO, '/motan/g/command', '/motan/g'])
          await tree.zk.delete(path);
        await removed;
        const back = followed.deliveries.next(kind('upsert', HOST));
        await provide(2);
        await back;
        assert.deepEqual(ports(followed, HOST), [2]);
      });
    });
  }

  test('a group that may not be read holds its services', async () => {
    await provide(1);
    const followed = await tree.synced({ layouts: ['motan'] });
    const held = followed.deliveries.next(kind('hold', HOST));
    await tree.owner.setAcl('/motan/g', 'creator');
    tree.relay.breakAll();
    assert.deepEqual(await held, { kind: 'hold', host: HOST, reason: 'denied' });
    assert.deepEqual(ports(followed, HOST), [1]);
    const back = followed.deliveries.next(kind('upsert', HOST));
    await tree.owner.setAcl('/motan/g', 'open');
    await back;
  });

  test('Spring Cloud and Dubbo in one /services are told apart', async () => {
    const spring = '{"name":"orders","address":"10.0.0.9","port":8080,"payload":{"@class":"org.springframework.cloud.X","metadata":{}}}';
    await createPath(tree.zk, '/services/orders/1', true, Buffer.from(spring));
    await createPath(tree.zk, '/services/app-one/127.0.0.1:12100', true, Buffer.from(RECORDED_APPLICATION.instance));
    const metadata = Buffer.from(RECORDED_APPLICATION.metadata);
    await createPath(tree.zk, `/dubbo/metadata/app-one/${RECORDED_APPLICATION.revision}`, false, metadata);
    const followed = await tree.synced({ layouts: ['dubbo-application', 'spring-cloud'] });
    assert.deepEqual(ports(followed, 'orders.spring-cloud'), [8080]);
    assert.deepEqual(ports(followed, 'io.polywire.peers.call-service.tri'), [12_101]);
    assert.equal(followed.entries.size, 5);
  });
});
