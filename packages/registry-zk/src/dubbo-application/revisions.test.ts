import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { CONNECTION_LOSS, ZkError } from '../client/errors.ts';
import type { ApplicationInstance } from './instance.ts';
import type { MetadataAnswer } from './metadata.ts';
import { type RevisionState, Revisions } from './revisions.ts';

const KNOWN: MetadataAnswer = { kind: 'known', services: [] };
const SILENT: MetadataAnswer = { kind: 'silent', reason: 'it does not answer' };
const ABSENT: MetadataAnswer = { kind: 'absent', reason: 'not in ZooKeeper' };

/** What was asked and not answered yet: by address. */
let open: Map<string, { answer(answer: MetadataAnswer): void; fail(error: Error): void }>;
let asked: string[];

/** Pauses keep no process alive. */
let alive: NodeJS.Timeout;

before(() => {
  alive = setInterval(() => undefined, 1000);
});
after(() => clearInterval(alive));

beforeEach(() => {
  [open, asked] = [new Map(), []];
});

function revisions(retryMs = 60_000, patienceMs = 60_000): Revisions {
  const source = {
    get: (_application: string, _revision: string, { address }: ApplicationInstance) => {
      asked.push(address);
      return new Promise<MetadataAnswer>((answer, fail) => open.set(address, { answer, fail }));
    },
  };
  return new Revisions({ application: 'app', source, retryMs, patienceMs });
}

function instance(address: string): ApplicationInstance {
  const none = new Map<string, never>();
  const rest = {
    parameters: none,
    metadataService: none,
    tellsUrls: false,
    isMetadataRemote: false,
    metadataVersion: '',
    path: `/p/${address}`,
  };
  return { kind: 'instance', address, endpoints: none, revision: 'r', ...rest };
}

function kindOf(state: RevisionState): string {
  return state.kind === 'known' ? 'known' : (state.answer?.kind ?? 'nothing');
}

/** Lets what was answered come through. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

test('instances are asked one after another until one knows', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map(instance) as [ApplicationInstance, ApplicationInstance, ApplicationInstance];
  const all = revisions();
  const first = all.get('r', [a, b, c]);
  assert.deepEqual([kindOf(first), asked], ['nothing', ['a']]);
  open.get('a')?.answer(SILENT);
  await settled();
  assert.deepEqual(asked, ['a', 'b']);
  open.get('b')?.answer(KNOWN);
  assert.ok(first.kind === 'unknown');
  await first.pending;
  assert.deepEqual([kindOf(all.get('r', [a, b, c])), asked], ['known', ['a', 'b']]);
});

test('a question that takes long holds nothing up, and is answered later', async () => {
  const all = revisions(60_000, 1);
  const a = instance('a');
  const first = all.get('r', [a]);
  assert.ok(first.kind === 'unknown');
  await first.pending;
  const second = all.get('r', [a]);
  assert.ok(second.kind === 'unknown');
  assert.deepEqual([second.pending, asked], [undefined, ['a']]);
  open.get('a')?.answer(KNOWN);
  await second.later;
  assert.equal(kindOf(all.get('r', [a])), 'known');
});

test('instances that could not say are asked again, and meanwhile say what they said', async (context) => {
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  const all = revisions(1);
  const a = instance('a');
  const first = all.get('r', [a]);
  open.get('a')?.answer(SILENT);
  assert.ok(first.kind === 'unknown');
  await first.later;
  const second = all.get('r', [a]);
  assert.ok(second.kind === 'unknown');
  assert.deepEqual([kindOf(second), second.pending, asked], ['silent', undefined, ['a']]);
  await second.later;
  now = 1;
  const third = all.get('r', [a]);
  assert.deepEqual([kindOf(third), asked], ['silent', ['a', 'a']]);
  open.get('a')?.answer(KNOWN);
  assert.ok(third.kind === 'unknown');
  await third.later;
  assert.equal(kindOf(all.get('r', [a])), 'known');
});

test('one that comes while others are asked is asked before any is asked again', async () => {
  const [a, b] = [instance('a'), instance('b')];
  const all = revisions(0);
  all.get('r', [a]);
  all.get('r', [a, b]);
  open.get('a')?.answer(ABSENT);
  await settled();
  assert.deepEqual(asked, ['a', 'b']);
});

test('a failure of ZooKeeper is told, and one of the connection asks nobody else', async () => {
  const [a, b] = [instance('a'), instance('b')];
  const all = revisions();
  const first = all.get('r', [a, b]);
  open.get('a')?.fail(new ZkError(CONNECTION_LOSS, undefined));
  assert.ok(first.kind === 'unknown');
  await first.later;
  assert.deepEqual(asked, ['a']);
  const second = all.get('r', [a]);
  open.get('a')?.fail(new Error('denied'));
  assert.ok(second.kind === 'unknown');
  assert.equal(second.failure, undefined, 'nothing is held because the connection was lost in between');
  await second.later;
  const third = all.get('r', [a]);
  assert.deepEqual([third.kind === 'unknown' && third.failure?.message, asked], ['denied', ['a', 'a']]);
});

test('revisions that nobody has any more are forgotten', async () => {
  const [a, b] = [instance('a'), instance('b')];
  const all = revisions();
  all.get('r', [a, b]);
  all.retain(new Set());
  open.get('a')?.answer(SILENT);
  await settled();
  assert.deepEqual(asked, ['a']);
  all.get('r', [b]);
  assert.deepEqual(asked, ['a', 'b']);
});
