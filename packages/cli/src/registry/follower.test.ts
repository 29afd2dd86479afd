import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { eventAsJson, eventAsYaml, type RegistryEvent } from './events.ts';
import { endpoint, entry, FakeRegistry } from './fake-registry.test-support.ts';
import { RegistryFollower } from './follower.ts';

const running: RegistryFollower[] = [];
afterEach(async () => {
  for (const follower of running.splice(0)) await follower.stop();
});

/** A started follower; `next` resolves with what is told next, shortened. */
async function follow(...names: readonly string[]) {
  const registries = names.map((name) => new FakeRegistry(name));
  const waiting: ((events: readonly RegistryEvent[]) => void)[] = [];
  const follower = new RegistryFollower(registries, { debounceMs: 1, onEvents: (events) => waiting.shift()?.(events) });
  running.push(follower);
  await follower.start();
  const events = (): Promise<readonly RegistryEvent[]> => new Promise((resolve) => waiting.push(resolve));
  const next = async (): Promise<string[]> =>
    (await events()).map((event) => `${event.event} ${'host' in event ? event.host : 'origin' in event ? event.origin : event.registry}`);
  const [first = new FakeRegistry(), second = new FakeRegistry()] = registries;
  return { follower, first, second, next, events };
}

test('the first reading is told as a whole, sorted, and then each change once', async () => {
  const { first, next } = await follow('zk');
  first.sink.upsert(entry('b', [endpoint('10.0.0.1')]));
  assert.deepEqual(await next(), [], 'nothing before everything was read');
  first.sink.upsert(entry('a', []));
  first.sink.synced();
  assert.deepEqual(await next(), ['added a', 'added b', 'synced zk']);
  first.sink.upsert(entry('a', [], { origin: '/elsewhere' }));
  first.sink.upsert(entry('b', [endpoint('10.0.0.1', { metadata: new Map([['timestamp', '2']]) })]));
  first.sink.synced();
  assert.deepEqual(await next(), [], 'an equal resource is no news');
  first.sink.upsert(entry('b', [endpoint('10.0.0.1', { weight: 5 })]));
  first.sink.remove('a');
  assert.deepEqual(await next(), ['removed a', 'changed b']);
});

test('what is held, away, unread and confirmed is told once', async () => {
  const { first, next, follower } = await follow('zk');
  first.sink.upsert(entry('a', []));
  first.sink.unread?.('/x', 'denied');
  first.sink.synced();
  assert.deepEqual(await next(), ['added a', 'unread /x', 'synced zk']);
  first.sink.hold('a', 'denied');
  first.sink.stale(new Error('gone'));
  first.sink.stale(new Error('gone'));
  assert.deepEqual(await next(), ['held a', 'stale zk']);
  assert.equal(follower.isSynced, false);
  first.sink.unread?.('/x', 'denied');
  first.sink.upsert(entry('a', []));
  first.sink.synced();
  assert.deepEqual(await next(), ['confirmed a', 'synced zk']);
  assert.deepEqual([...follower.unread], [['/x', 'denied']]);
  first.sink.synced();
  assert.deepEqual([...follower.unread], [], 'a reading that did not say it again');
  assert.deepEqual(await next(), ['synced zk'], 'what waited for a reading of everything must not wait for a change');
});

test('of two registries that announce a service, what is left is told when one forgets it', async () => {
  const { first, second, next, events } = await follow('one', 'two');
  first.sink.upsert(entry('a', [endpoint('10.0.0.2'), endpoint('10.0.0.1', { weight: 1 })]));
  first.sink.synced();
  assert.deepEqual(await next(), ['synced one'], 'the other was not read yet');
  second.sink.upsert(entry('a', [endpoint('10.0.0.1', { weight: 9 }), endpoint('10.0.0.3')]));
  second.sink.synced();
  const [added] = await events();
  const weights = added?.event === 'added' && added.text.match(/weight: \d+/g);
  assert.deepEqual(weights, ['weight: 1', 'weight: 100', 'weight: 100']);
  first.sink.remove('a');
  assert.deepEqual(await next(), ['changed a']);
  second.sink.remove('a');
  assert.deepEqual(await next(), ['removed a']);
});

test('a registry that cannot be read in time leaves what the others say', async () => {
  const { first, second, next, follower } = await follow('one', 'two');
  first.sink.upsert(entry('a', []));
  first.sink.synced();
  second.sink.stale(new Error('connection refused'));
  assert.deepEqual(await next(), ['synced one', 'stale two']);
  assert.deepEqual(follower.unsynced, [{ name: 'two', reason: 'connection refused' }]);
  follower.open();
  assert.deepEqual(await next(), ['added a']);
});

test('events as lines of JSON and as YAML', () => {
  const at = new Date(0);
  const one = entry('a', []);
  const removed: RegistryEvent = { event: 'removed', host: 'a', entry: one };
  assert.equal(eventAsJson(removed, at), '{"event":"removed","at":"1970-01-01T00:00:00.000Z","host":"a","origin":"/o"}\n');
  assert.equal(eventAsYaml(removed, at), '# removed a 1970-01-01T00:00:00.000Z\n');
  assert.equal(
    eventAsYaml({ event: 'added', host: 'a', entry: one, text: 'kind: X\n' }, at),
    '---\n# added 1970-01-01T00:00:00.000Z\nkind: X\n',
  );
  const held = JSON.parse(eventAsJson({ event: 'held', host: 'a', entry: one, reason: 'denied' }, at));
  assert.deepEqual([held.event, held.reason, held.resource.metadata.name], ['held', 'denied', 'a']);
});
