import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { entryOf } from '../testing/entries.ts';
import { turnUntil, works } from '../testing/event-loop.ts';
import { RestoringSink } from './known-good-sinks.ts';
import { type EntrySource, ServiceEntryStore } from './service-entry-store.ts';

const ORIGIN = 'in force is what zk.jsonl says of 2026-01-01T00:00:00.000Z, 12 s before the start';

let store: ServiceEntryStore;
let source: EntrySource;
let sink: RestoringSink;

beforeEach(async () => {
  store = new ServiceEntryStore();
  source = store.source({ name: 'zk', exactIdentity: true });
  sink = new RestoringSink(source);
  const entries = [entryOf('users', ['a', 'b']), entryOf('orders', ['c']), entryOf('carts', ['d'])];
  await sink.restore({ time: 0, entries }, ORIGIN);
});

function inForce(): string[] {
  return source.status().services.map(({ host, endpoints, held }) => `${host} ${endpoints}${held === undefined ? '' : ` ${held}`}`);
}

test('what was known before the start is in force, held, of a source that says where it is from', () => {
  assert.deepEqual(inForce(), ['users 2 disconnected', 'orders 1 disconnected', 'carts 1 disconnected']);
  const { state, reason } = source.status();
  assert.deepEqual([state, reason], ['stale', `not read yet; ${ORIGIN}`]);
  assert.equal(sink.hasAnswered, false);
});

test('a registry that cannot be reached leaves it in force', () => {
  sink.stale(new Error('connection refused'));
  assert.deepEqual([source.status().state, source.status().reason], ['stale', `connection refused; ${ORIGIN}`]);
  assert.equal(sink.hasAnswered, true);
  assert.equal(inForce().length, 3);
});

test('the first full reading ends what it does not find, and nothing before', () => {
  sink.upsert(entryOf('users', ['a']));
  assert.deepEqual(inForce(), ['users 1', 'orders 1 disconnected', 'carts 1 disconnected']);
  sink.remove('carts');
  sink.stale(new Error('lost in the middle'));
  assert.deepEqual(inForce(), ['users 1', 'orders 1 disconnected']);
  sink.synced();
  assert.deepEqual(inForce(), ['users 1']);
  sink.upsert(entryOf('late', ['e']));
  sink.stale(new Error('away'));
  sink.synced();
  assert.deepEqual(inForce(), ['users 1', 'late 1']);
  assert.deepEqual([source.status().state, source.status().reason], ['synced', undefined]);
});

test('what may not be read at the start is not gone: it is kept until it can be', () => {
  sink.upsert(entryOf('carts', ['d']));
  sink.unread('/users', 'denied');
  sink.unread('/order', 'denied');
  sink.unread('/orders', 'missing');
  sink.synced();
  assert.deepEqual(inForce(), ['users 2 denied', 'carts 1']);
  sink.unread('/users', 'denied');
  sink.synced();
  assert.deepEqual(inForce(), ['users 2 denied', 'carts 1']);
  sink.synced();
  assert.deepEqual(inForce(), ['carts 1']);
});

test('thousands that are gone end in pieces, and only then everything counts as read', async () => {
  const said: string[] = [];
  const slow = {
    upsert: () => undefined,
    hold: () => undefined,
    remove: (host: string) => {
      said.push(host);
      works(1);
    },
    losing: (endpoints: number) => said.push(`losing ${endpoints}`),
    synced: () => said.push('synced'),
    stale: () => said.push('stale'),
  };
  const restoring = new RestoringSink(slow);
  const entries = Array.from({ length: 100 }, (_, index) => entryOf(`s${index}`, ['a', 'b']));
  await restoring.restore({ time: 0, entries }, ORIGIN);
  said.length = 0;
  restoring.synced();
  assert.ok(said.length < 50, `${said.length} in one turn`);
  assert.equal(said[0], 'losing 200');
  restoring.stale(new Error('away'));
  const ended = said.length;
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  assert.deepEqual(said.slice(ended - 1), ['stale']);
  restoring.synced();
  restoring.upsert(entryOf('s99', ['a']));
  await turnUntil(() => said.includes('synced'));
  assert.equal(said.at(-1), 'synced');
  const gone = said.filter((each) => each.startsWith('s') && !['stale', 'synced'].includes(each));
  assert.deepEqual(
    gone,
    entries.slice(0, 99).map(({ host }) => host),
  );
});
