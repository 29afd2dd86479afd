import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BAD_VERSION, CONNECTION_LOSS, NO_AUTH, NO_NODE, NODE_EXISTS } from '../../client/errors.ts';
import { claimEphemeral, createWithParents } from '../../client/nodes.ts';
import { connected, eventOn } from '../client.ts';
import { type Bench, EMPTY, withCode } from './bench.ts';

/** What a client answers while nothing is wrong. */
export function requestCases(bench: Bench): void {
  test('nodes are created, read, listed and deleted, each with its own error', async () => {
    const { client: zk } = bench.client();
    await zk.create('/plain', Buffer.from('data'));
    await zk.create('/plain/é b', EMPTY);
    assert.equal((await zk.getData('/plain', false)).toString(), 'data');
    assert.deepEqual(await zk.getData('/plain/é b', false), EMPTY);
    assert.deepEqual(await zk.getChildren('/plain', false), ['é b']);
    assert.deepEqual(await zk.getChildren('/plain/é b', false), []);
    assert.equal(await zk.exists('/plain', false), true);
    assert.equal(await zk.exists('/nowhere', false), false);
    await assert.rejects(zk.create('/plain', EMPTY), withCode(NODE_EXISTS));
    for (const missing of [zk.getChildren('/no', false), zk.getData('/no', false), zk.setData('/no', EMPTY), zk.delete('/no')]) {
      await assert.rejects(missing, withCode(NO_NODE));
    }
    await zk.delete('/plain/é b');
    await zk.delete('/plain');
    assert.equal(await zk.exists('/plain', false), false);
  });

  test('data is set and nodes are deleted only in the version that was asked for', async () => {
    const { client: zk } = bench.client();
    const path = bench.path();
    const startedAt = Date.now();
    await zk.create(path, Buffer.from('a'));
    const { stat } = await zk.getNode(path, false);
    assert.equal(stat.version, 0);
    assert.equal(stat.ephemeralOwner, 0n);
    assert.equal(stat.createdAt, stat.changedAt);
    assert.ok(Math.abs(stat.createdAt - startedAt) < 60_000, `created at ${stat.createdAt}`);
    assert.equal((await zk.setData(path, Buffer.from('b'), 0)).version, 1);
    await assert.rejects(zk.setData(path, Buffer.from('c'), 0), withCode(BAD_VERSION));
    assert.equal((await zk.setData(path, Buffer.from('d'))).version, 2);
    assert.equal((await zk.getNode(path, false)).data.toString(), 'd');
    await assert.rejects(zk.delete(path, 1), withCode(BAD_VERSION));
    await zk.delete(path, 2);
  });

  test('requests are pipelined and answered in order', async () => {
    const { client: zk } = bench.client();
    const paths = Array.from({ length: 300 }, () => bench.path());
    await Promise.all(paths.map((path, i) => zk.create(path, Buffer.from(String(i)))));
    const data = await Promise.all(paths.map((path) => zk.getData(path, false)));
    assert.deepEqual(
      data.map((each) => each.toString()),
      paths.map((_, i) => String(i)),
    );
  });

  test('a chroot is put before requests and taken off events', async () => {
    const { client: zk } = bench.client();
    const jail = bench.path();
    await zk.create(jail, EMPTY);
    const { client: inside, reports } = bench.client(`${bench.server.address}${jail}`);
    assert.deepEqual(await inside.getChildren('/', true), []);
    const event = reports.next(eventOn('/'));
    await inside.create('/x', EMPTY);
    await event;
    const changed = reports.next(eventOn('/x'));
    await inside.getData('/x', true);
    await inside.setData('/x', Buffer.from('y'));
    assert.deepEqual(await changed, { kind: 'event', event: { kind: 'data', path: '/x' } });
    assert.equal(await zk.exists(`${jail}/x`, false), true);
  });

  test('credentials go ahead of requests that were waiting for the connection, and whoever has none is denied', async () => {
    const auth = { user: 'u', password: 'p:w' };
    const path = bench.path();
    const { client: owner } = bench.client(undefined, { auth });
    await owner.create(path, EMPTY, { acl: 'creator' });
    const { client: stranger } = bench.client();
    for (const denied of [stranger.getChildren(path, false), stranger.getData(path, true), stranger.setData(path, EMPTY)]) {
      await assert.rejects(denied, withCode(NO_AUTH));
    }
    const { client: friend } = bench.client(undefined, { auth });
    assert.deepEqual(await friend.getChildren(path, false), []);
    await owner.setAcl(path, 'open');
    assert.deepEqual(await stranger.getChildren(path, false), []);
  });

  test('credentials are presented again after a lost connection', async () => {
    const path = bench.path();
    const { client: owner, reports } = bench.client(bench.relay.address, { auth: { user: 'u', password: 'p' } });
    await owner.create(path, EMPTY, { acl: 'creator' });
    const back = reports.next(connected);
    bench.relay.breakAll();
    await back;
    assert.deepEqual(await owner.getChildren(path, false), []);
  });

  test('ephemeral nodes go when the client is closed, which fails what is asked then', async () => {
    const path = bench.path();
    const { client: watcher, reports } = bench.client();
    const { client: zk } = bench.client();
    await zk.create(path, EMPTY, { ephemeral: true });
    assert.equal((await watcher.getNode(path, true)).stat.ephemeralOwner, zk.sessionId);
    const event = reports.next(eventOn(path));
    await zk.close();
    assert.deepEqual(await event, { kind: 'event', event: { kind: 'deleted', path } });
    assert.equal(zk.state, 'closed');
    await assert.rejects(zk.exists(path, false), withCode(CONNECTION_LOSS));
    await zk.close();
  });

  test('what is missing above a node is created with it, and as containers goes with it', async () => {
    const { client: zk, reports } = bench.client();
    const top = bench.path();
    await createWithParents(zk, `${top}/a/b`, Buffer.from('leaf'), { ephemeral: true }, { container: true });
    assert.equal((await zk.getNode(`${top}/a/b`, false)).stat.ephemeralOwner, zk.sessionId);
    assert.deepEqual(await zk.getChildren(top, false), ['a']);
    await assert.rejects(createWithParents(zk, `${top}/a/b`, EMPTY), withCode(NODE_EXISTS));
    await createWithParents(zk, `${top}/a/c`, EMPTY);
    await zk.exists(top, true);
    const gone = reports.next(eventOn(top));
    await Promise.all([zk.delete(`${top}/a/b`), zk.delete(`${top}/a/c`)]);
    assert.deepEqual(await gone, { kind: 'event', event: { kind: 'deleted', path: top } });
  });

  test('an ephemeral node that is there already is kept when it is ours, and replaced when a former session left it', async () => {
    const path = `${bench.path()}/node`;
    const { client: former } = bench.client();
    await claimEphemeral(former, path, Buffer.from('1'));
    const created = await former.getNode(path, false);
    await claimEphemeral(former, path, Buffer.from('1'));
    assert.deepEqual(await former.getNode(path, false), created);
    await claimEphemeral(former, path, Buffer.from('2'));
    assert.equal((await former.getNode(path, false)).stat.version, 1);

    const { client: zk } = bench.client();
    await claimEphemeral(zk, path, Buffer.from('3'));
    assert.equal((await zk.getNode(path, false)).stat.ephemeralOwner, zk.sessionId);
    await former.close();
    assert.equal((await zk.getData(path, false)).toString(), '3');
  });
}
