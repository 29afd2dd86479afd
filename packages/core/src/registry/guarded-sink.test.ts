import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { endpointAt, entryOf } from '../testing/entries.ts';
import { turns, turnUntil, works } from '../testing/event-loop.ts';
import { GuardedSink, type GuardOptions } from './guarded-sink.ts';
import { LOSS_WINDOW_MS } from './loss-window.ts';
import { ServiceEntryStore } from './service-entry-store.ts';

const START = Date.UTC(2026, 0, 1);
const HOLD = 60_000;
const OPTIONS: GuardOptions = { loss: 0.5, hold: HOLD, least: 3 };

let said: string[];
let store: ServiceEntryStore;
let guard: GuardedSink;

function guarded(options: Partial<GuardOptions> = {}): void {
  said = [];
  store = new ServiceEntryStore();
  const source = store.source({ name: 'zk', exactIdentity: true });
  guard = new GuardedSink(source, { ...OPTIONS, ...options }, 'zk', (level, message) => said.push(`${level} ${message}`));
}

/** What is in force: `a b c`, `- ` when nothing is announced, with why it is held. */
function inForce(host: string): string {
  const [found] = store.byHost(host);
  if (found === undefined) return 'missing';
  const addresses = found.entry.endpoints.map(({ address, weight }) => (weight === 100 ? address : `${address}*${weight}`));
  return `${addresses.sort().join(' ') || 'empty'}${found.held === undefined ? '' : ` (${found.held})`}`;
}

function announce(host: string, addresses: string): void {
  guard.upsert(entryOf(host, addresses === '' ? [] : addresses.split(' ')));
}

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START });
  guarded();
});
afterEach(() => {
  guard.close();
  mock.timers.reset();
});

describe('the guard of one service', () => {
  it('keeps endpoints that vanish in numbers, until the time is over', () => {
    announce('users', 'a b c');
    announce('users', 'a');
    assert.equal(inForce('users'), 'a b c (guarded)');
    assert.deepEqual(said, [
      'warn users lost 2 of 3 endpoints; what vanished stays in force until 2026-01-01T00:01:00.000Z, or until it is back',
    ]);
    assert.deepEqual([guard.begun, guard.kept], [1, 2]);
    mock.timers.tick(HOLD - 1);
    assert.equal(inForce('users'), 'a b c (guarded)');
    mock.timers.tick(1);
    assert.equal(inForce('users'), 'a');
    assert.deepEqual(said.slice(1), ['warn the time is over for what users lost: 2 endpoints go']);
    assert.deepEqual([guard.begun, guard.kept], [1, 0]);
  });

  it('keeps a service that is removed, and removes it then', () => {
    announce('users', 'a b c');
    guard.remove('users');
    assert.equal(inForce('users'), 'a b c (guarded)');
    guard.remove('users');
    mock.timers.tick(HOLD);
    assert.equal(inForce('users'), 'missing');
    announce('users', 'a b c');
    assert.equal(inForce('users'), 'a b c');
  });

  it('lets half of them go, and those of a service that has few', () => {
    announce('users', 'a b c d');
    announce('users', 'a b');
    assert.equal(inForce('users'), 'a b');
    announce('orders', 'e f');
    mock.timers.tick(LOSS_WINDOW_MS);
    guard.remove('orders');
    assert.equal(inForce('orders'), 'missing');
    assert.deepEqual(said, []);
  });

  it('counts losses of one window together, and keeps all of them', () => {
    announce('users', 'a b c d');
    announce('users', 'b c d');
    announce('users', 'c d');
    assert.equal(inForce('users'), 'c d');
    mock.timers.tick(LOSS_WINDOW_MS - 1);
    announce('users', 'd');
    assert.equal(inForce('users'), 'a b c d (guarded)');
    assert.match(said[0] ?? '', /lost 3 of 4/);
  });

  it('counts from the first loss of the service itself, whatever else is lost meanwhile', () => {
    announce('users', 'a b c d');
    for (const other of ['x', 'y']) announce(other, 'e f g h');
    announce('x', 'e f g');
    mock.timers.tick(10_000);
    announce('users', 'b c d');
    mock.timers.tick(6000);
    announce('y', 'e f g');
    mock.timers.tick(1000);
    announce('users', 'd');
    assert.equal(inForce('users'), 'a b c d (guarded)');
  });

  it('puts nothing back that vanished before the window', () => {
    announce('users', 'a b c d e');
    for (const other of ['x', 'y']) announce(other, 'e f g h');
    announce('x', 'e f g');
    mock.timers.tick(10_000);
    announce('users', 'b c d e');
    mock.timers.tick(6000);
    announce('y', 'e f g');
    mock.timers.tick(10_000);
    announce('users', 'e');
    assert.equal(inForce('users'), 'b c d e (guarded)');
  });

  it('believes losses that come one by one', () => {
    announce('users', 'a b c d');
    for (const left of ['b c d', 'c d', 'd', '']) {
      mock.timers.tick(LOSS_WINDOW_MS);
      announce('users', left);
      assert.equal(inForce('users'), left || 'empty');
    }
    assert.deepEqual(said, []);
  });

  it('adds what is new at once, and takes changes of what is present', () => {
    announce('users', 'a b c');
    announce('users', 'a');
    guard.upsert(entryOf('users', [], { endpoints: [endpointAt('a', { weight: 7 }), endpointAt('new')] }));
    assert.equal(inForce('users'), 'a*7 b c new (guarded)');
    mock.timers.tick(HOLD);
    assert.equal(inForce('users'), 'a*7 new');
  });

  it('takes a replacement for no loss', () => {
    announce('users', 'a b c');
    announce('users', 'd e f');
    assert.equal(inForce('users'), 'd e f');
  });

  it('ends for each endpoint that is back, and says when all are', () => {
    announce('users', 'a b c');
    guard.remove('users');
    announce('users', 'b');
    assert.equal(inForce('users'), 'a b c (guarded)');
    assert.equal(guard.kept, 2);
    announce('users', 'a b c');
    assert.equal(inForce('users'), 'a b c');
    assert.deepEqual(said.slice(1), ['info what users lost is back; nothing of it is held any more']);
    mock.timers.tick(HOLD);
    assert.equal(inForce('users'), 'a b c');
  });

  it('keeps what vanishes during a hold until the end of that hold, and no longer', () => {
    announce('users', 'a b c d');
    announce('users', 'a');
    mock.timers.tick(HOLD - 1);
    announce('users', '');
    assert.equal(inForce('users'), 'a b c d (guarded)');
    mock.timers.tick(1);
    assert.equal(inForce('users'), 'empty');
    assert.equal(guard.begun, 1);
  });

  it('holds again what is lost after a hold', () => {
    announce('users', 'a b c d e f g');
    announce('users', 'a b c');
    mock.timers.tick(HOLD);
    announce('users', '');
    assert.equal(inForce('users'), 'a b c (guarded)');
    assert.match(said.at(-1) ?? '', /lost 3 of 3/);
  });

  it('looks names up when a name is kept of a service that is empty', () => {
    guard.upsert(entryOf('users', ['host-a', 'host-b', 'host-c'], { resolution: 'DNS' }));
    announce('users', '');
    assert.equal(store.byHost('users')[0]?.entry.resolution, 'DNS');
  });
});

describe('the guard of a whole registry', () => {
  it('keeps services of one endpoint that vanish together, with the first of them', () => {
    for (const name of ['a', 'b', 'c', 'd']) announce(name, name);
    for (const name of ['a', 'b']) guard.remove(name);
    assert.deepEqual(['a', 'b', 'c', 'd'].map(inForce), ['missing', 'missing', 'c', 'd']);
    for (const name of ['c', 'd']) guard.remove(name);
    assert.deepEqual(['a', 'b', 'c', 'd'].map(inForce), ['a (guarded)', 'b (guarded)', 'c (guarded)', 'd (guarded)']);
    mock.timers.tick(1000);
    assert.deepEqual(
      said.map((line) => line.replace(/;.*/, '')),
      ['warn zk lost 3 of 4 endpoints', 'warn zk lost 4 of 4 endpoints'],
    );
    mock.timers.tick(HOLD - 1000);
    assert.deepEqual(['a', 'b', 'c', 'd'].map(inForce), ['missing', 'missing', 'missing', 'missing']);
    assert.equal(said.at(-1), 'warn the time is over for what zk lost: 4 endpoints go');
    assert.equal(guard.begun, 1);
  });

  it('ends when all of it is back', () => {
    for (const name of ['a', 'b', 'c']) announce(name, name);
    for (const name of ['a', 'b', 'c']) guard.remove(name);
    for (const name of ['a', 'b', 'c']) announce(name, name);
    assert.deepEqual(['a', 'b', 'c'].map(inForce), ['a', 'b', 'c']);
    assert.equal(said.at(-1), 'info what zk lost is back; nothing of it is held any more');
    guard.remove('a');
    assert.equal(inForce('a'), 'missing');
  });

  it('lets single services go, one after the other', () => {
    for (const name of ['a', 'b', 'c']) announce(name, name);
    for (const name of ['a', 'b', 'c']) {
      mock.timers.tick(LOSS_WINDOW_MS);
      guard.remove(name);
      assert.equal(inForce(name), 'missing');
    }
  });

  it('judges ten thousand services that vanish at once in no time', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `s${index}`);
    for (const name of names) announce(name, 'a b c d e');
    const before = process.cpuUsage();
    for (const name of names) guard.remove(name);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 5_000_000, `${user + system} µs of work`);
    assert.equal(guard.kept, 50_000);
  });
});

describe('the guard of a registry that loses services in pieces', () => {
  const names = Array.from({ length: 100 }, (_, index) => `s${index}`);

  it('judges before the first is gone, as one loss', () => {
    for (const name of names) announce(name, 'a b');
    guard.losing(200);
    for (const name of names) {
      guard.remove(name);
      assert.equal(inForce(name), 'a b (guarded)');
    }
    assert.deepEqual([guard.begun, guard.kept, said], [1, 200, []]);
    mock.timers.tick(1000);
    assert.deepEqual(said.length, 1);
    assert.match(said[0] ?? '', /^warn zk lost 200 of 200 endpoints/);
  });

  it('takes services that would be held by themselves for part of it, and later ones for losses of their own', () => {
    for (const name of [...names, 'later']) announce(name, 'a b c');
    guard.losing(300);
    for (const name of names) guard.remove(name);
    assert.deepEqual([guard.begun, guard.kept], [1, 300]);
    guard.synced();
    guard.remove('later');
    assert.deepEqual([guard.begun, inForce('later')], [2, 'a b c (guarded)']);
  });

  it('lets go what is not too much', () => {
    for (const name of names) announce(name, 'a b');
    guard.losing(100);
    for (const name of names.slice(50)) guard.remove(name);
    assert.deepEqual([guard.begun, inForce('s49'), inForce('s50')], [0, 'a b', 'missing']);
  });

  it('says nothing of a loss that does not come', () => {
    for (const name of names) announce(name, 'a b');
    guard.losing(200);
    mock.timers.tick(HOLD);
    assert.deepEqual([guard.begun, guard.kept, said], [1, 0, []]);
    guard.remove('s0');
    assert.equal(inForce('s0'), 'missing');
  });

  it('believes the loss of many in pieces, unless nobody can say any more what is there', async () => {
    const gone: string[] = [];
    const slow = {
      upsert: () => undefined,
      remove: (host: string) => {
        gone.push(host);
        works(1);
      },
      hold: () => undefined,
      synced: () => undefined,
      stale: () => undefined,
    };
    guard = new GuardedSink(slow, OPTIONS, 'zk', (level, message) => said.push(`${level} ${message}`));
    for (const name of names) announce(name, 'a b');
    guard.losing(200);
    for (const name of names) guard.remove(name);
    const turned = turns();
    mock.timers.tick(HOLD);
    assert.ok(gone.length > 0 && gone.length < 50, `${gone.length} went in one turn`);
    guard.stale(new Error('away'));
    const { length } = gone;
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    assert.equal(gone.length, length);
    guard.synced();
    await turnUntil(() => guard.kept === 0);
    turned.end();
    assert.deepEqual(gone, names);
    assert.ok(turned.count >= 6, `${turned.count} turns`);
    assert.equal(said.at(-1), 'warn the time is over for what zk lost: 200 endpoints go');
  });

  it('puts many back in pieces', async () => {
    const back: string[] = [];
    const slow = {
      upsert: () => undefined,
      remove: () => undefined,
      hold: (host: string) => {
        back.push(host);
        works(1);
      },
      synced: () => undefined,
      stale: () => undefined,
    };
    guard = new GuardedSink(slow, OPTIONS, 'zk', () => undefined);
    for (const name of names) announce(name, 'a b');
    for (const name of names.slice(0, 51)) guard.remove(name);
    assert.ok(back.length < 40, `${back.length} came back in one turn`);
    await turnUntil(() => back.length >= 51);
    assert.deepEqual(new Set(back), new Set(names.slice(0, 51)));
  });
});

describe('the four states over the guard', () => {
  it('empty and missing: a last provider that goes is gone, unless it was one of many', () => {
    announce('one', 'a');
    announce('one', '');
    assert.equal(inForce('one'), 'empty');
    guard.remove('one');
    assert.equal(inForce('one'), 'missing');
    announce('many', 'a b c');
    announce('many', '');
    guard.remove('many');
    assert.equal(inForce('many'), 'a b c (guarded)');
    mock.timers.tick(HOLD);
    assert.equal(inForce('many'), 'missing');
  });

  it('denied: what is held already stays so until the service can be read again', () => {
    announce('users', 'a b c');
    announce('users', 'a');
    guard.hold('users', 'denied');
    assert.equal(inForce('users'), 'a b c (denied)');
    mock.timers.tick(HOLD * 2);
    assert.equal(inForce('users'), 'a b c (denied)');
    announce('users', 'a');
    assert.equal(inForce('users'), 'a');
    assert.equal(said.at(-1), 'warn the time is over for what users lost: 2 endpoints go');
  });

  it('denied and back in time: it is guarded again', () => {
    announce('users', 'a b c');
    announce('users', 'a');
    guard.hold('users', 'denied');
    announce('users', 'a');
    assert.equal(inForce('users'), 'a b c (guarded)');
  });

  it('denied, of one that lost nothing: it is marked, and nothing else', () => {
    announce('users', 'a b c');
    guard.hold('users', 'unparsable');
    assert.equal(inForce('users'), 'a b c (unparsable)');
    announce('users', 'a b c');
    assert.equal(inForce('users'), 'a b c');
    assert.equal(guard.begun, 0);
  });

  it('disconnected: no hold ends while nobody can say what is there', () => {
    announce('users', 'a b c');
    guard.remove('users');
    guard.stale(new Error('away'));
    mock.timers.tick(HOLD * 2);
    assert.equal(inForce('users'), 'a b c (guarded)');
    guard.synced();
    assert.equal(inForce('users'), 'missing');
  });

  it('disconnected and back: what a new session finds again was never gone', () => {
    announce('users', 'a b c');
    announce('users', '');
    guard.stale(new Error('away'));
    mock.timers.tick(HOLD * 2);
    announce('users', 'a b c');
    guard.synced();
    assert.equal(inForce('users'), 'a b c');
    assert.equal(said.at(-1), 'info what users lost is back; nothing of it is held any more');
  });

  it('disconnected and back: what a new session does not find is a loss like any other', () => {
    announce('users', 'a b c');
    guard.stale(new Error('away'));
    announce('users', 'a');
    guard.synced();
    assert.equal(inForce('users'), 'a b c (guarded)');
    mock.timers.tick(HOLD);
    assert.equal(inForce('users'), 'a');
  });

  it('a reading of everything that finds nothing new changes nothing', () => {
    announce('users', 'a b c');
    announce('users', 'a');
    guard.synced();
    announce('users', 'a');
    guard.synced();
    assert.equal(inForce('users'), 'a b c (guarded)');
    assert.equal(guard.begun, 1);
  });
});
