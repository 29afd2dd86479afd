import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONNECTION_LOSS, NO_AUTH, NODE_EXISTS, ZkError } from '../client/errors.ts';
import { Jobs } from './jobs.ts';

function jobs(run: (key: string) => Promise<boolean>) {
  const warnings: string[] = [];
  return { jobs: new Jobs({ run, warn: (message) => warnings.push(message), retryMs: { first: 5, longest: 10 } }), warnings };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

test('nothing is done without a connection, and with a new session all of it is done again', async () => {
  const done: string[] = [];
  const { jobs: all } = jobs(async (key) => done.push(key) > 0);
  all.mark('a');
  all.mark('b');
  assert.deepEqual(done, []);
  all.connected(true);
  await until(() => all.state('b').state === 'published');
  assert.deepEqual(done, ['a', 'b']);
  all.disconnected();
  all.mark('b');
  all.connected(false);
  await until(() => all.state('b').state === 'published');
  assert.deepEqual(done, ['a', 'b', 'b']);
  all.disconnected();
  all.connected(true);
  await until(() => done.length === 5);
});

test('what comes while its job runs is done again', async () => {
  const runs: (() => void)[] = [];
  const { jobs: all } = jobs(() => new Promise((resolve) => runs.push(() => resolve(true))));
  all.connected(true);
  all.mark('a');
  all.mark('a');
  runs[0]?.();
  await until(() => runs.length === 2);
  assert.equal(all.state('a').state, 'pending');
  runs[1]?.();
  await until(() => all.state('a').state === 'published');
});

test('what failed is told once, and tried again until it is done', async () => {
  let refused = 3;
  const { jobs: all, warnings } = jobs(async (key) => {
    if (key !== 'fine' && refused-- > 0) throw new ZkError(NO_AUTH, `/${key}`);
    return true;
  });
  all.connected(true);
  all.mark('fine');
  all.mark('a');
  all.mark('b');
  await until(() => all.state('b').state === 'failed');
  assert.equal(all.state('a').reason, 'NO_AUTH: /a');
  assert.equal(all.state('fine').state, 'published');
  await until(() => all.state('a').state === 'published' && all.state('b').state === 'published');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^NO_AUTH: \/a: give auth to this entry of publish/);
});

test('a connection that goes is no failure of what was under way', async () => {
  let lost = true;
  const { jobs: all, warnings } = jobs(async () => {
    if (lost) throw new ZkError(CONNECTION_LOSS, '/a');
    return true;
  });
  all.connected(true);
  all.mark('a');
  await new Promise(setImmediate);
  assert.equal(all.state('a').state, 'pending');
  lost = false;
  all.disconnected();
  all.connected(false);
  await until(() => all.state('a').state === 'published');
  assert.deepEqual(warnings, []);
});

test('many failures of one kind are told once, and each kind is told', async () => {
  const { jobs: all, warnings } = jobs(async (key) => {
    throw key === 'other' ? new Error('too large') : new ZkError(NODE_EXISTS, `/${key}`);
  });
  all.connected(true);
  for (const key of ['a', 'b', 'c', 'other']) all.mark(key);
  await until(() => all.state('other').state === 'failed');
  all.disconnected();
  assert.equal(all.state('c').reason, 'NODE_EXISTS: /c');
  assert.deepEqual(
    warnings.map((warning) => warning.split(/[:;]/)[0]),
    ['NODE_EXISTS', 'too large'],
  );
});
