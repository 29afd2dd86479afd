import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { EndpointRule } from './endpoint-rule.ts';
import type { ServiceEntry } from './registry.ts';
import { type DirectoryChange, ServiceEntryStore } from './service-entry-store.ts';

function endpoint(address: string, weight = 1): Endpoint {
  return { address, port: 1, weight, labels: new Map([['v', '1']]), metadata: new Map(), origin: 'o' };
}

function entry(host: string, name: string | undefined, addresses: readonly string[], more: Partial<ServiceEntry> = {}): ServiceEntry {
  return {
    host,
    aliases: [],
    identity: name === undefined ? undefined : { name, group: undefined, version: undefined },
    protocol: undefined,
    resolution: 'STATIC',
    location: 'MESH_INTERNAL',
    ports: [{ name: 'p', number: 1, protocol: 'TCP' }],
    endpoints: addresses.map((address) => endpoint(address)),
    annotations: new Map(),
    origin: 'o',
    ...more,
  };
}

function observed() {
  const store = new ServiceEntryStore();
  const changes: [names: string[], endpointsOnly: boolean][] = [];
  const end = store.onChange(({ names, endpointsOnly }: DirectoryChange) => changes.push([[...names].sort(), endpointsOnly]));
  return { store, changes, end, zk: store.source({ name: 'zk', exactIdentity: true }) };
}

describe('the store of service entries', () => {
  it('knows protocols by every name that announces them', () => {
    const names = new Map([
      ['wire', 'wire'],
      ['wire2', 'wire'],
    ]);
    const store = new ServiceEntryStore(names);
    const zk = store.source({ name: 'zk', exactIdentity: true });
    const files = { name: 'files', exactIdentity: false };
    for (const [announced, known] of [
      ['wire', 'wire'],
      ['wire2', 'wire'],
      ['WIRE2', 'wire'],
      ['Other', 'Other'],
      [undefined, undefined],
    ] as const) {
      const user = entry('user.acme', 'User', [], { protocol: announced });
      zk.upsert(user);
      assert.equal(store.byHost('user.acme')[0]?.entry.protocol, known);
      store.source(files).replaceAll([user]);
      assert.deepEqual(
        store.byHost('user.acme').map((one) => one.entry.protocol),
        [known, known],
      );
      const preview = store.preview(files, [user]).byHost('user.acme');
      assert.deepEqual(
        preview.map((one) => one.entry.protocol),
        [known, known],
      );
    }
  });

  it('finds entries by interface exactly and by host and alias in lower case', () => {
    const { store, zk } = observed();
    const user = entry('User.acme', 'com.acme.User', ['a'], { aliases: ['U.acme'] });
    zk.upsert(user);
    assert.equal(store.byInterface('com.acme.User')[0]?.entry, user);
    assert.deepEqual(store.byInterface('com.acme.user'), []);
    assert.equal(store.byHost('user.acme')[0]?.entry, user);
    assert.equal(store.byHost('u.acme')[0]?.entry, user);
    assert.deepEqual(
      [...store.all()].map((one) => one.entry),
      [user],
      'once, though it has two hosts',
    );
  });

  it('tells a change of endpoints from a change of who there is, and says nothing when nothing changed', () => {
    const { changes, zk } = observed();
    zk.upsert(entry('user.acme', 'com.acme.User', ['a']));
    zk.upsert(entry('user.acme', 'com.acme.User', ['a', 'b']));
    zk.upsert(entry('user.acme', 'com.acme.User', ['a', 'b']));
    zk.upsert({ ...entry('user.acme', 'com.acme.User', []), endpoints: [endpoint('a', 2), endpoint('b')] });
    zk.upsert(entry('user.acme', 'com.acme.Other', ['a', 'b']));
    zk.upsert(entry('user.acme', 'com.acme.Other', ['a', 'b'], { protocol: 'p' }));
    zk.remove('user.acme');
    zk.remove('user.acme');
    assert.deepEqual(changes, [
      [['com.acme.user', 'user.acme'], false],
      [['com.acme.user', 'user.acme'], true],
      [['com.acme.user', 'user.acme'], true],
      [['com.acme.other', 'com.acme.user', 'user.acme'], false],
      [['com.acme.other', 'user.acme'], false],
      [['com.acme.other', 'user.acme'], false],
    ]);
  });

  it('tells that another rule says the same of an endpoint: whoever asks why must not be sent to one that is gone', () => {
    const { changes, zk } = observed();
    const put = (origin: string): void => {
      const overrides = [{ origin, effect: 'weight 1, was 2' }];
      zk.upsert({ ...entry('user.acme', 'com.acme.User', []), endpoints: [{ ...endpoint('a'), overrides }] });
    };
    for (const origin of ['/old', '/old', '/new']) put(origin);
    assert.deepEqual(
      changes.map(([, endpointsOnly]) => endpointsOnly),
      [false, true],
    );
  });

  it('tells that an endpoint started again, or warms up in another way', () => {
    const { changes, zk } = observed();
    const put = (more: Partial<Endpoint>): void =>
      zk.upsert({ ...entry('user.acme', 'com.acme.User', []), endpoints: [{ ...endpoint('a'), ...more }] });
    const warmUp = (durationMs: number) => ({ startedAt: 2, warmUp: { durationMs, leastWeight: 1, leastShare: 0 } });
    for (const more of [{ startedAt: 1 }, { startedAt: 2 }, warmUp(1), warmUp(2), warmUp(2)]) put(more);
    assert.deepEqual(
      changes.map(([, endpointsOnly]) => endpointsOnly),
      [false, true, true, true],
    );
  });

  it('tells a change of the rules that the registry keeps', () => {
    const { changes, zk } = observed();
    const put = (...texts: string[]): void => {
      const rules = texts.map((text): EndpointRule => ({ origin: 'o', text, match: [], choices: [[]], otherwise: 'pass' }));
      zk.upsert(entry('user.acme', 'com.acme.User', ['a'], rules.length === 0 ? {} : { endpointRules: rules }));
    };
    for (const texts of [[], ['one'], ['one'], ['one', 'two'], ['two', 'one'], []]) put(...texts);
    zk.upsert(entry('user.acme', 'com.acme.User', ['a'], { endpointRules: [] }));
    assert.deepEqual(
      changes.map(([, endpointsOnly]) => endpointsOnly),
      [false, false, false, false, false],
    );
  });

  it('keeps the entries of sources apart, in the order of the sources', () => {
    const { store, zk } = observed();
    const nacos = store.source({ name: 'nacos', exactIdentity: true });
    nacos.upsert(entry('user.acme', 'com.acme.User', ['b']));
    zk.upsert(entry('user.acme', 'com.acme.User', ['a']));
    assert.deepEqual(
      store.byHost('user.acme').map(({ source }) => source),
      ['zk', 'nacos'],
    );
    assert.deepEqual(
      store.byInterface('com.acme.User').map(({ source }) => source),
      ['zk', 'nacos'],
    );
    zk.remove('user.acme');
    assert.deepEqual(
      store.byHost('user.acme').map(({ source }) => source),
      ['nacos'],
    );
    assert.equal(store.source({ name: 'zk', exactIdentity: true }), zk);
  });

  it('replaces all entries of a source in one change', () => {
    const { store, changes } = observed();
    const files = store.source({ name: 'files', exactIdentity: false });
    files.replaceAll([entry('a', undefined, ['1']), entry('b', undefined, ['1'])]);
    files.replaceAll([entry('a', undefined, ['1']), entry('b', undefined, ['2'])]);
    files.replaceAll([entry('a', undefined, ['1'])]);
    files.replaceAll([entry('a', undefined, ['1'])]);
    assert.deepEqual(changes, [
      [['a', 'b'], false],
      [['b'], true],
      [['b'], false],
    ]);
  });

  it('keeps what is held or stale, and says so', () => {
    const { store, changes, zk } = observed();
    const [first] = store.sources();
    assert.deepEqual(
      [first?.name, first?.state, first?.reason, first?.lastSync, first?.services],
      ['zk', 'starting', undefined, undefined, []],
    );
    zk.upsert(entry('user.acme', 'com.acme.User', ['a']));
    zk.synced();
    zk.hold('user.acme', 'denied');
    zk.hold('unknown.acme', 'denied');
    zk.stale(new Error('session lost'));
    const [status] = store.sources();
    assert.deepEqual([status?.state, status?.reason, typeof status?.lastSync], ['stale', 'session lost', 'number']);
    zk.stale(new Error('still'));
    assert.equal(store.sources()[0]?.since, status?.since, 'it is stale since it became so');
    assert.deepEqual(status?.services, [{ host: 'user.acme', endpoints: 1, held: 'denied' }]);
    assert.equal(store.byHost('user.acme')[0]?.held, 'denied');
    zk.upsert(entry('user.acme', 'com.acme.User', ['a']));
    zk.synced();
    assert.deepEqual(store.sources()[0]?.services, [{ host: 'user.acme', endpoints: 1, held: undefined }]);
    assert.deepEqual([store.sources()[0]?.state, store.sources()[0]?.reason], ['synced', undefined]);
    assert.equal(changes.length, 1, 'nobody’s routes changed');
  });

  it('says what was never read, the first of it and how much, until it can be read', () => {
    const { store, zk } = observed();
    const parts = Array.from({ length: 25 }, (_, index) => ({ origin: `/a/com.acme.S${index}/b`, reason: 'denied' as const }));
    for (const { origin, reason } of parts) {
      zk.unread?.(origin, reason);
      zk.unread?.(origin, reason);
    }
    zk.synced();
    assert.deepEqual(store.sources()[0]?.unread, { count: 25, first: parts.slice(0, 20) });
    assert.deepEqual(store.unreadOf('com.acme.S24'), [{ source: 'zk', ...parts[24] }]);
    assert.deepEqual([store.unreadOf('com.acme.S').length, store.unreadOf('a').length], [0, 20]);
    for (const { origin } of parts.slice(1)) zk.readable?.(origin);
    assert.deepEqual(store.sources()[0]?.unread, { count: 1, first: parts.slice(0, 1) });
  });

  it('shows what would be, without changing anything', () => {
    const { store, changes, zk } = observed();
    zk.upsert(entry('user.acme', 'com.acme.User', ['a']));
    store.source({ name: 'files', exactIdentity: false }).replaceAll([entry('old', undefined, [])]);
    const preview = store.preview({ name: 'files', exactIdentity: false }, [entry('new', undefined, [])]);
    assert.deepEqual([preview.byHost('old').length, preview.byHost('new').length, preview.byHost('user.acme').length], [0, 1, 1]);
    assert.deepEqual([store.byHost('old').length, store.byHost('new').length], [1, 0]);
    assert.equal(changes.length, 2);
  });

  it('tells listeners until they end it', () => {
    const { changes, zk, end } = observed();
    end();
    zk.upsert(entry('user.acme', 'com.acme.User', ['a']));
    assert.deepEqual(changes, []);
  });
});
