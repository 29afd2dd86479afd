import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delayOf } from 'node:timers/promises';
import { promisify } from 'node:util';
import { entryOf } from '../testing/entries.ts';
import { readKnownGood } from './known-good-reader.ts';
import { KnownGoodWriter } from './known-good-writer.ts';
import type { ServiceEntry } from './registry.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polywire-known-good-'));
});
after(() => rm(folder, { recursive: true }));

interface Written {
  readonly writer: KnownGoodWriter;
  readonly warnings: string[];
  readonly hosts: () => Promise<string[] | undefined>;
}

function writes(file: string, entries: Iterable<ServiceEntry>, interval = 60_000): Written {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const writer = new KnownGoodWriter({ file, registry: 'zk', entries: () => entries, warn, interval });
  const hosts = async () => (await readKnownGood(file, 'zk', warn))?.entries.map(({ host }) => host);
  return { writer, warnings, hosts };
}

test('what is in force is on the disk when the writer is closed, for nobody else to read', async () => {
  const file = join(folder, 'closed.jsonl');
  const entries = new Set([entryOf('users', ['a'])]);
  const { writer, hosts, warnings } = writes(file, entries);
  await writeFile(`${file}.new`, 'left behind by a process that was killed', { mode: 0o644 });
  writer.synced();
  entries.add(entryOf('orders', ['b']));
  writer.changed();
  await writer.close();
  assert.deepEqual(await hosts(), ['users', 'orders']);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ['closed.jsonl']);
  assert.deepEqual(warnings, []);
});

test('a registry that was not read whole leaves the file of before as it is', async () => {
  const file = join(folder, 'partial.jsonl');
  const former = writes(file, [entryOf('users', ['a'])]);
  former.writer.synced();
  await former.writer.close();
  const { writer, hosts } = writes(file, []);
  writer.changed();
  writer.stale();
  await writer.close();
  assert.deepEqual(await hosts(), ['users']);
});

test('the file says until when its services were known, not when it was written', async () => {
  const file = join(folder, 'stale.jsonl');
  const { writer } = writes(file, []);
  writer.synced();
  writer.stale();
  const latest = Date.now();
  await delayOf(30);
  writer.stale();
  await writer.close();
  const known = await readKnownGood(file, 'zk', assert.fail);
  assert.ok(known !== undefined && known.time <= latest, `${known?.time} is after ${latest}`);
});

test('changes that come together are written once', async (context) => {
  const file = join(folder, 'together.jsonl');
  let read = 0;
  const entries = {
    *[Symbol.iterator]() {
      read++;
      yield entryOf('users', ['a']);
    },
  };
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { writer } = writes(file, entries, 5000);
  writer.changed();
  context.mock.timers.tick(5000);
  await writer.written();
  assert.equal(read, 0, 'nothing is complete');
  writer.synced();
  for (let change = 0; change < 100; change++) writer.changed();
  context.mock.timers.tick(4999);
  assert.equal(read, 0);
  context.mock.timers.tick(1);
  await writer.close();
  assert.equal(read, 1);
});

test('a file that cannot be written is said once, and tried again', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { writer, warnings } = writes(join(folder, 'none', 'file.jsonl'), [], 5000);
  writer.synced();
  for (let attempt = 0; attempt < 3; attempt++) {
    context.mock.timers.tick(5000);
    await writer.written();
  }
  await writer.close();
  assert.deepEqual(warnings, [`cannot write the last known services to ${join(folder, 'none', 'file.jsonl')}; it is tried again`]);
});

test('thousands of services are written and read in pieces that hold nothing else up', async (context) => {
  const file = join(folder, 'large.jsonl');
  const entries = Array.from({ length: 2000 }, (_, index) => entryOf(`com.acme.service-${index}.dubbo`, ['a', 'b']));
  const pieces = countPieces(context);
  const { writer } = writes(file, entries);
  writer.synced();
  const written = await pieces.during(() => writer.close());
  const read = await pieces.during(() => readKnownGood(file, 'zk', assert.fail));
  assert.equal(read.result?.entries.length, entries.length);
  assert.ok(written.most <= 4 && read.most <= 4, `${written.most} services written in one turn, ${read.most} read`);
});

/** Counts services by the JSON of each. Whoever looks at the clock finds that 3 ms have gone, on a machine of any pace. */
function countPieces({ mock }: TestContext): { during<T>(act: () => Promise<T>): Promise<{ result: T; most: number }> } {
  const { parse, stringify } = JSON;
  let [time, inTurn, most] = [0, 0, 0];
  const count = <T>(piece: T): T => {
    most = Math.max(most, ++inTurn);
    return piece;
  };
  mock.method(performance, 'now', () => (time += 3));
  mock.method(JSON, 'parse', (text: string) => count(parse(text)));
  mock.method(JSON, 'stringify', (value: unknown) => count(stringify(value)));
  return {
    async during(act) {
      [inTurn, most] = [0, 0];
      let isOver = false;
      const turn = (): void => {
        inTurn = 0;
        if (!isOver) setImmediate(turn);
      };
      setImmediate(turn);
      const result = await act().finally(() => {
        isOver = true;
      });
      return { result, most };
    },
  };
}

test('a disk that is full leaves the file of before as it is', { skip: process.platform === 'win32' }, async () => {
  const file = join(folder, 'full.jsonl');
  const former = writes(file, [entryOf('users', ['a'])]);
  former.writer.synced();
  await former.writer.close();
  const script = `
    const { KnownGoodWriter } = await import(${JSON.stringify(new URL('./known-good-writer.js', import.meta.url))});
    const warn = (message) => console.log(message);
    const writer = new KnownGoodWriter({ file: process.argv[1], registry: 'zk', entries: () => JSON.parse(process.argv[2]), warn });
    writer.synced();
    await writer.close();`;
  const entry = { ...entryOf('orders', []), annotations: [['a', 'x'.repeat(9000)]] };
  // Such a limit ends the last write early, as a full disk does, without an error.
  const limited = [
    '-c',
    'ulimit -f 8; exec "$@"',
    'sh',
    process.execPath,
    '--input-type=module',
    '-e',
    script,
    file,
    JSON.stringify([entry]),
  ];
  const { stdout } = await promisify(execFile)('/bin/sh', limited);
  assert.match(stdout, /^cannot write the last known services to .*; it is tried again/);
  assert.deepEqual(await former.hosts(), ['users']);
});
