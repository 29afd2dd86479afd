import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { RegistryConfig } from '../config/bootstrap-model.ts';
import { createLog } from '../observe/log.ts';
import type { RegistryAdapter, ServiceEntrySink } from '../registry/registry.ts';
import { ServiceEntryStore, type SourceStatus } from '../registry/service-entry-store.ts';
import { entryOf } from '../testing/entries.ts';
import { RegistryRuntime } from './registry-runtime.ts';

/** Says what a test tells it to say. */
class ToldAdapter implements RegistryAdapter {
  readonly name = 'told';
  readonly session = '0x1';
  sink: ServiceEntrySink | undefined;

  async start(sink: ServiceEntrySink): Promise<void> {
    this.sink = sink;
  }

  async stop(): Promise<void> {
    this.sink = undefined;
  }
}

const NOTHING: RegistryConfig = { type: 'told', guard: undefined, lastKnownGood: undefined, config: {} };
const SAFE: RegistryConfig = { ...NOTHING, guard: { loss: 0.5, hold: 60_000, least: 3 }, lastKnownGood: 'told.jsonl' };

let directory: string;
let lines: string[];
let running: RegistryRuntime[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'polywire-registry-'));
  lines = [];
  running = [];
});
afterEach(async () => {
  for (const registry of running) await registry.stop();
  await rm(directory, { recursive: true });
});

async function started(config: RegistryConfig, how: 'start' | 'read' = 'start') {
  const adapter = new ToldAdapter();
  const store = new ServiceEntryStore();
  const log = createLog({ format: 'text', write: (line) => lines.push(line) });
  const registry = new RegistryRuntime({ adapter, config, store, directory, log });
  running.push(registry);
  await registry[how]();
  const { sink } = adapter;
  assert.ok(sink !== undefined);
  const status = (): SourceStatus | undefined => store.sources()[0];
  const services = () => status()?.services.map(({ host, endpoints, held }) => `${host} ${endpoints} ${held ?? 'current'}`);
  return { registry, sink, services, status };
}

test('without a guard and a file, what the adapter says goes to the store at once', async () => {
  const { registry, sink, services, status } = await started(NOTHING);
  assert.deepEqual([registry.isReady, registry.hasAnswered, registry.guard], [false, false, undefined]);
  sink.upsert(entryOf('users', ['a', 'b', 'c']));
  sink.synced();
  sink.upsert(entryOf('users', []));
  assert.deepEqual(services(), ['users 0 current']);
  assert.deepEqual([registry.isReady, registry.hasAnswered, status()?.session], [true, true, '0x1']);
});

test('what was guarded when it ended is known at the next start, and guarded again', async () => {
  const first = await started(SAFE);
  first.sink.upsert(entryOf('users', ['a', 'b', 'c']));
  first.sink.upsert(entryOf('orders', ['d']));
  first.sink.synced();
  first.sink.remove('users');
  assert.deepEqual(first.services(), ['users 3 guarded', 'orders 1 current']);
  assert.deepEqual([first.registry.guard?.begun, first.registry.guard?.kept], [1, 3]);
  await first.registry.stop();

  const second = await started(SAFE);
  assert.deepEqual(second.services(), ['users 3 disconnected', 'orders 1 disconnected']);
  assert.deepEqual([second.registry.isReady, second.registry.hasAnswered, second.status()?.state], [true, false, 'stale']);
  assert.match(second.status()?.reason ?? '', /in force is what \S+told\.jsonl says of \S+Z, \d+ s before the start/);
  second.sink.upsert(entryOf('orders', ['d']));
  second.sink.synced();
  assert.deepEqual(second.services(), ['users 3 guarded', 'orders 1 current']);
  assert.equal(second.registry.hasAnswered, true);
});

test('a file that somebody else made is named and never written to, and the registry is followed all the same', async () => {
  await writeFile(join(directory, 'told.jsonl'), 'listeners: []\n');
  const { registry, sink, services } = await started(SAFE);
  assert.match(
    lines.join(''),
    /ERROR.*told\.jsonl is neither used nor written to: it is no file of last known services; name another file/i,
  );
  sink.upsert(entryOf('users', ['a']));
  sink.synced();
  assert.deepEqual(services(), ['users 1 current']);
  await registry.stop();
  assert.equal(await readFile(join(directory, 'told.jsonl'), 'utf8'), 'listeners: []\n');
  assert.deepEqual(await readdir(directory), ['told.jsonl']);
});

test('a broken file of last known services is named, and replaced once the registry was read', async () => {
  await writeFile(join(directory, 'told.jsonl'), '{"format":"polywire last known services","vers');
  const { registry, sink } = await started(SAFE);
  assert.match(lines.join(''), /told\.jsonl:1: the file is not used/);
  sink.upsert(entryOf('users', ['a']));
  sink.synced();
  await registry.stop();
  assert.match(await readFile(join(directory, 'told.jsonl'), 'utf8'), /"host":"users"/);
});

test('a folder in place of the file is named, and the adapter starts all the same', async () => {
  const { registry, sink } = await started({ ...SAFE, lastKnownGood: '.' });
  assert.match(lines.join(''), /is neither used nor written to: it is a folder/);
  assert.equal(registry.isReady, false);
  sink.synced();
  assert.equal(registry.hasAnswered, true);
});

test('what was never read is known through everything that is between the adapter and the store', async () => {
  const { sink, status } = await started(SAFE);
  sink.unread?.('/closed', 'denied');
  sink.synced();
  assert.deepEqual(status()?.unread, { count: 1, first: [{ origin: '/closed', reason: 'denied' }] });
  sink.readable?.('/closed');
  assert.equal(status()?.unread.count, 0);
});

test('commands that show what a registry says see neither guard nor file', async () => {
  const { sink, services } = await started(SAFE, 'read');
  sink.upsert(entryOf('users', ['a', 'b', 'c']));
  sink.synced();
  sink.remove('users');
  assert.deepEqual(services(), []);
});
