import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createPath, providerUrl, register } from '../testing/providers.ts';
import { RECORDED_APPLICATION } from '../testing/recorded-application.ts';
import { kind, ports, treeServer } from '../testing/tree-server.ts';
import { skipReason } from '../testing/zookeeper-server.ts';

const CALL = 'io.polywire.peers.CallService';
const HOST = 'io.polywire.peers.call-service.1-0-g.dubbo';
const APPLICATION = '/services/app-one';
const METADATA = `/dubbo/metadata/app-one/${RECORDED_APPLICATION.revision}`;
const CONFIG = { layouts: ['dubbo-application'] };

describe('Dubbo applications on a real server', { skip: skipReason(), timeout: 5 * 60_000 }, () => {
  const tree = treeServer();

  function instance(address: string, revision: string): Buffer<ArrayBuffer> {
    return Buffer.from(RECORDED_APPLICATION.instance.replaceAll('127.0.0.1', address).replace(RECORDED_APPLICATION.revision, revision));
  }

  async function provide(address: string, revision: string = RECORDED_APPLICATION.revision, zk = tree.zk): Promise<string> {
    const path = `${APPLICATION}/${address}:12100`;
    await createPath(zk, path, true, instance(address, revision));
    return path;
  }

  /** Says which services a revision has: those of the recorded one. */
  async function describeRevision(path = METADATA, zk = tree.zk): Promise<void> {
    await createPath(zk, path, false, Buffer.from(RECORDED_APPLICATION.metadata));
  }

  for (const oldServer of [false, true]) {
    describe(oldServer ? 'with one-shot watches (server before 3.6)' : 'with a recursive watch', () => {
      beforeEach(() => {
        tree.relay.oldServer = oldServer;
      });

      test('instances come, register anew and go, and the last one leaves the services empty', async () => {
        await describeRevision();
        const followed = await tree.synced(CONFIG);
        assert.equal(followed.entries.size, 0);
        const added = followed.deliveries.next(kind('upsert', HOST));
        const path = await provide('10.0.0.1');
        await added;
        assert.equal(followed.entries.get(HOST)?.endpoints[0]?.address, '10.0.0.1');
        const emptied = followed.deliveries.next(kind('upsert', HOST));
        await tree.zk.delete(path);
        await emptied;
        assert.deepEqual(ports(followed, HOST), []);
        const removed = followed.deliveries.next(kind('remove', HOST));
        await tree.zk.delete(APPLICATION);
        await removed;
      });

      test('what changed while the connection was lost is found out by reading again', async () => {
        await describeRevision();
        const first = await provide('10.0.0.1');
        const followed = await tree.synced(CONFIG);
        tree.relay.partitioned = true;
        const stale = followed.deliveries.next(kind('stale'));
        tree.relay.breakAll();
        await stale;
        await tree.zk.delete(first);
        await provide('10.0.0.1', '0');
        await provide('10.0.0.2');
        assert.equal(followed.entries.get(HOST)?.endpoints[0]?.address, '10.0.0.1', 'the last known stays in force');
        const synced = followed.deliveries.next(kind('synced'));
        tree.relay.partitioned = false;
        await synced;
        assert.deepEqual(
          followed.entries.get(HOST)?.endpoints.map(({ address }) => address),
          ['10.0.0.2'],
        );
      });
    });
  }

  test('metadata that may not be read hold the services of the application, until they may', async () => {
    await describeRevision();
    const first = await provide('10.0.0.1');
    const followed = await tree.synced(CONFIG);
    const next = METADATA.replace(/.{4}$/, 'next');
    await describeRevision(next, tree.owner);
    await tree.owner.setAcl(next, 'creator');
    const held = followed.deliveries.next(kind('hold', HOST));
    await tree.zk.setData(first, instance('10.0.0.1', next.slice(next.lastIndexOf('/') + 1)));
    assert.deepEqual(await held, { kind: 'hold', host: HOST, reason: 'denied' });
    assert.deepEqual(ports(followed, HOST), [12_100]);
    const back = followed.deliveries.next((each) => each.kind === 'upsert' && each.entry.endpoints[0]?.port === 12_100);
    await tree.owner.setAcl(next, 'open');
    await back;
    assert.deepEqual(followed.log.filter((line) => line.startsWith('warn: not allowed')).length, 1);
  });

  test('a provider that registers at both levels is counted once, at each service and protocol', async () => {
    await describeRevision();
    await provide('127.0.0.1');
    await register(tree.zk, CALL, providerUrl(CALL, 12_100, { group: 'g', version: '1.0' }));
    await register(tree.zk, CALL, providerUrl(CALL, 12_101).replace('dubbo://', 'tri://'));
    const followed = await tree.synced({});
    assert.deepEqual([ports(followed, HOST), ports(followed, 'io.polywire.peers.call-service.tri')], [[12_100], [12_101]]);
    const [endpoint] = followed.entries.get(HOST)?.endpoints ?? [];
    assert.match(endpoint?.origin ?? '', /^\/dubbo\//, 'what it said by interface counts');
  });

  test('where nobody asked for applications, /services may be missing or closed', async () => {
    await register(tree.zk, CALL, providerUrl(CALL, 1));
    await tree.synced({});
    await createPath(tree.owner, '/services');
    await tree.owner.setAcl('/services', 'creator');
    const followed = await tree.synced({});
    assert.deepEqual(ports(followed, 'io.polywire.peers.call-service.dubbo'), [1]);
    assert.equal(followed.deliveries.all.some(kind('stale')), false);
    await describeRevision();
    await provide('10.0.0.1', undefined, tree.owner);
    const found = followed.deliveries.next(kind('upsert', HOST));
    await tree.owner.setAcl('/services', 'open');
    await found;
  });

  test('an application without metadata does not keep the registry from being current', async () => {
    await provide('10.0.0.1');
    const followed = await tree.synced(CONFIG);
    assert.equal(followed.entries.size, 0);
    assert.equal(followed.log.filter((line) => line.includes('held back instance /services/app-one/10.0.0.1:12100')).length, 1);
    await describeRevision();
    const found = followed.deliveries.next(kind('upsert', HOST));
    await provide('10.0.0.2');
    await found;
    assert.equal(followed.entries.get(HOST)?.endpoints.length, 2);
  });
});
