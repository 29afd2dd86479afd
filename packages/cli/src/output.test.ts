import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { METRICS } from '@polywire/core';
import type { RegistryAdapter, ServiceEntry, ServiceEntrySink } from '@polywire/core/spi';
import { DEFAULT_PORTS, demoFiles } from './demo/files.ts';
import { endpoint, entry } from './registry/fake-registry.test-support.ts';
import { readRegistry } from './registry/read.ts';
import { styleFor, table } from './terminal.ts';
import { renderTree } from './tree.ts';

const TERMINAL = { write: () => true, isTTY: true };

test('colours need a terminal and the absence of NO_COLOR', () => {
  assert.equal(styleFor(TERMINAL, {}).red('x'), '\u001b[31mx\u001b[0m');
  assert.equal(styleFor(TERMINAL, { NO_COLOR: '' }).red('x'), '\u001b[31mx\u001b[0m');
  assert.equal(styleFor(TERMINAL, { NO_COLOR: '1' }).red('x'), 'x');
  assert.equal(styleFor(TERMINAL, { TERM: 'dumb' }).red('x'), 'x');
  assert.equal(styleFor({ write: () => true }, {}).red('x'), 'x');
});

test('tables line up', () => {
  assert.deepEqual(
    table([
      ['a', 'bb', 'c'],
      ['aaa', 'b'],
    ]),
    ['a    bb  c', 'aaa  b'],
  );
  assert.deepEqual(table([]), []);
});

test('trees show what hangs where', () => {
  const tree = {
    text: 'root',
    children: [{ text: 'a', mark: 'no', children: [{ text: 'why' }] } as const, { text: 'b', mark: 'yes' } as const],
  };
  assert.equal(renderTree(tree, styleFor({ write: () => true }, {})), 'root\n├─ ✗ a\n│  └─ why\n└─ ✓ b\n');
});

function announced(host: string, ports: readonly number[]): ServiceEntry {
  const labels = new Map([
    ['version', 'v1'],
    ['a', 'yes'],
  ]);
  const more = { labels, metadata: new Map([['timestamp', '1']]) };
  return entry(
    host,
    ports.map((port) => endpoint('10.0.0.1', { port, ...more })),
  );
}

function adapter(start: (sink: ServiceEntrySink) => Promise<void>): RegistryAdapter & { stopped: number } {
  return {
    name: 'test registry',
    stopped: 0,
    start,
    async stop() {
      this.stopped += 1;
    },
  };
}

test('a registry is read until it says that all is there', async () => {
  const registry = adapter(async (sink) => {
    sink.upsert(announced('a', [1]));
    sink.upsert(announced('b', [1]));
    sink.remove('a');
    sink.hold('c', 'denied');
    setImmediate(() => sink.synced());
  });
  const { entries, held, failure } = await readRegistry(registry, 5_000);
  assert.deepEqual([entries.map(({ host }) => host), [...held], failure], [['b'], [['c', 'denied']], undefined]);
  assert.equal(registry.stopped, 1);
});

test('one that never answers, or fails, is told apart from an empty one', async () => {
  const silent = await readRegistry(
    adapter(async (sink) => sink.stale(new Error('connection refused'))),
    20,
  );
  assert.equal(silent.failure, 'test registry was not read within 0.02 s: connection refused');
  const stuck = adapter(() => new Promise(() => undefined));
  assert.match((await readRegistry(stuck, 20)).failure ?? '', /not read within/);
  const broken = await readRegistry(
    adapter(async () => {
      throw new Error('bad servers');
    }),
    5_000,
  );
  assert.equal(broken.failure, 'test registry: bad servers');
  assert.equal(
    (
      await readRegistry(
        adapter(async (sink) => sink.synced()),
        5_000,
      )
    ).failure,
    undefined,
  );
});

test('examples/gray-release holds what the demo writes', async () => {
  for (const [name, text] of demoFiles(DEFAULT_PORTS)) {
    const example = new URL(`../../../examples/gray-release/${name}`, import.meta.url);
    assert.equal(await readFile(example, 'utf8'), text, name);
  }
});

test('docs/observability.md lists every metric with its type, and no other', async () => {
  const text = await readFile(new URL('../../../docs/observability.md', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^\| `(polywire_\w+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`);
  assert.deepEqual(
    listed.sort(),
    Object.values(METRICS)
      .map(({ name, type }) => `${name} ${type}`)
      .sort(),
  );
});
