import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { ZkClient } from '../client/client.ts';
import { NO_AUTH, NO_NODE, ZkError } from '../client/errors.ts';
import { Faults } from './faults.ts';
import type { Layout } from './layout.ts';
import { ReadLimit } from './read-limit.ts';
import { TreeFollower } from './tree-follower.ts';

const SERVICES = 400;
const OPTIONS = { concurrentReads: 64, debounceMs: 5, deniedRetryMs: 60_000, resyncMs: 60_000 };

/** What the lists of a tree answer: its names, or an error's code. */
let answers: Map<string, readonly string[] | number>;
/** What was told, in order; each takes a millisecond. */
let told: string[];
let follower: TreeFollower;
let waiting: (() => void)[];

function works(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    // works
  }
}

function tell(what: string): void {
  told.push(what);
  for (const wake of waiting.splice(0)) wake();
  works(1);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise<void>((resolve) => waiting.push(resolve));
}

async function getChildren(path: string): Promise<readonly string[]> {
  const answer = answers.get(path) ?? NO_NODE;
  if (typeof answer === 'number') throw new ZkError(answer, path, 'told so');
  return answer;
}

const layout: Layout = {
  root: '/r',
  leaves: ['*/providers'],
  skipped: new Set(),
  readsData: false,
  isRequired: true,
  reader: () => ({ read: () => ({ announcements: [] }) }),
};

const leaf = (index: number): string => `/r/s${index}/providers`;
const ALL = Array.from({ length: SERVICES }, (_, index) => index);
const ofKind = (kind: string): string[] => told.filter((each) => each.startsWith(kind));

beforeEach(async () => {
  answers = new Map([['/r', ALL.map((index) => `s${index}`)]]);
  for (const index of ALL) answers.set(leaf(index), []);
  told = [];
  waiting = [];
  const client: Pick<ZkClient, 'getChildren' | 'addRecursiveWatch'> = { getChildren, addRecursiveWatch: async () => undefined };
  const never = (): never => assert.fail('not asked for');
  const whole: ZkClient = {
    ...client,
    ...{ state: 'connected', sessionId: 1n, connect: never, getData: never, getNode: never, exists: never, create: never },
    ...{ setAcl: never, setData: never, delete: never, close: never },
  };
  const sink = {
    set: (path: string) => tell(`set ${path}`),
    remove: (path: string) => tell(`remove ${path}`),
    hold: (path: string, reason: string) => tell(`hold ${path} ${reason}`),
    losing: (paths: Iterable<string>) => {
      tell(`losing ${[...paths].length}`);
      return undefined;
    },
    synced: () => tell('synced'),
    stale: () => tell('stale'),
    unread: () => undefined,
    readable: () => undefined,
  };
  follower = new TreeFollower(
    layout,
    { client: whole, reads: new ReadLimit(64), options: OPTIONS, log: () => undefined, faults: new Faults(), unreadLevel: 'warn' },
    sink,
  );
  await follower.connected();
  await until(() => told.includes('synced'));
  assert.equal(ofKind('set').length, SERVICES);
  told.length = 0;
});
afterEach(() => follower.stop());

/** The most that was told in one turn of the event loop, until everything was read. */
async function mostInOneTurn(): Promise<number> {
  let [most, before] = [0, told.length];
  while (!told.includes('synced')) {
    await new Promise(setImmediate);
    most = Math.max(most, told.length - before);
    before = told.length;
  }
  return most;
}

test('a root that is gone is counted first, then told in pieces, and everything counts as read after the last', async () => {
  answers.clear();
  await follower.connected();
  const most = await mostInOneTurn();
  assert.ok(most < 50, `${most} were told in one turn`);
  assert.equal(told[0], `losing ${SERVICES}`);
  assert.deepEqual(new Set(ofKind('remove')), new Set(ALL.map((index) => `remove ${leaf(index)}`)));
  assert.deepEqual([told.length, told.at(-1)], [SERVICES + 2, 'synced']);
});

test('a leaf that comes back before its turn came is not lost', async () => {
  answers.clear();
  await follower.connected();
  await until(() => ofKind('remove').length > 0);
  const last = leaf(SERVICES - 1);
  answers.set(last, ['back']);
  follower.event({ kind: 'created', path: last });
  await until(() => told.includes(`set ${last}`) || told.includes(`remove ${last}`));
  await mostInOneTurn();
  assert.deepEqual([told.includes(`set ${last}`), told.includes(`remove ${last}`)], [true, false]);
  assert.equal(ofKind('remove').length, SERVICES - 1);
});

test('what was found to be gone goes also while the registry is away, and nothing counts as read', async () => {
  answers.clear();
  await follower.connected();
  await until(() => ofKind('remove').length > 0);
  follower.disconnected();
  await until(() => ofKind('remove').length === SERVICES);
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  assert.ok(!told.includes('synced'));
});

test('nothing is told after it was stopped', async () => {
  answers.clear();
  await follower.connected();
  await until(() => ofKind('remove').length > 0);
  follower.stop();
  const { length } = told;
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  assert.equal(told.length, length);
});

test('a root that may not be read holds all of it, in pieces', async () => {
  answers.set('/r', NO_AUTH);
  follower.event({ kind: 'data', path: '/r' });
  await until(() => told.length > 0);
  await new Promise(setImmediate);
  assert.ok(told.length < 50, `${told.length} were told in one turn`);
  await until(() => ofKind('hold').length === SERVICES);
  assert.deepEqual([told[0], ofKind('remove')], ['stale', []]);
});

test('a list that is given up in the middle loses nothing, and is whole with the next connection', async () => {
  answers.set('/r', ['s0', ...Array.from({ length: 50_000 }, (_, index) => `new${index}`)]);
  await follower.connected();
  await new Promise(setImmediate);
  follower.disconnected();
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  assert.deepEqual(ofKind('remove'), []);
  answers.set('/r', ['s0', 's1']);
  told.length = 0;
  await follower.connected();
  await until(() => told.includes('synced'));
  assert.deepEqual(ofKind('set'), [`set ${leaf(0)}`, `set ${leaf(1)}`]);
  assert.equal(ofKind('remove').length, SERVICES - 2);
});
