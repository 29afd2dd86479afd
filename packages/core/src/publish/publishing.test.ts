import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../observe/log.ts';
import { ServiceEntryStore } from '../registry/service-entry-store.ts';
import type { PublishedService, Publisher } from './publisher.ts';
import { Publishing } from './publishing.ts';

const FILES = { name: 'files', exactIdentity: false };

function publishing(grace: number, withdraw: () => Promise<void>, problem?: string) {
  const store = new ServiceEntryStore();
  const calls: string[] = [];
  let heard: () => void = () => undefined;
  const publisher: Publisher = {
    name: 'somewhere',
    start: async ({ host, port }) => void calls.push(`start ${host}:${port}`),
    publish: (services: readonly PublishedService[]) => {
      calls.push(`publish ${services.map(({ identity: { name } }) => name)}`);
      heard();
    },
    withdraw: async () => {
      calls.push('withdraw');
      await withdraw();
    },
    stop: async () => void calls.push('stop'),
    status: () => ({ name: 'somewhere', address: undefined, state: 'starting', session: undefined, problem, services: [] }),
  };
  const config = { type: 'toy', listener: 'rpc', host: undefined, port: undefined, grace, config: {} };
  const lines: string[] = [];
  const log = createLog({ format: 'text', write: (line) => lines.push(line) });
  const next = (): Promise<void> => new Promise((resolve) => (heard = resolve));
  return { publishing: new Publishing({ config, publisher, store, protocols: ['toy'], log }), store, calls, lines, next };
}

function announce(store: ServiceEntryStore, ...names: readonly string[]): void {
  store.source(FILES).replaceAll(
    names.map((name) => ({
      ...{ host: name, aliases: [], identity: { name, group: undefined, version: undefined }, protocol: 'toy', resolution: 'STATIC' },
      ...{ location: 'MESH_INTERNAL', ports: [], annotations: new Map(), origin: '' },
      endpoints: [{ address: '10.0.0.1', port: 1, weight: 1, labels: new Map(), metadata: new Map(), origin: '' }],
    })),
  );
}

test('changes are published together, as a whole set', async () => {
  const { publishing: one, store, calls, next } = publishing(0, async () => undefined);
  await one.start({ host: 'h', port: 7 });
  const published = next();
  announce(store, 'a');
  announce(store, 'b', 'c');
  await published;
  assert.deepEqual(calls, ['start h:7', 'publish ', 'publish b,c']);
  await one.stop();
});

test('what was taken back stays so, and callers have their time to hear of it', async () => {
  const { publishing: one, store, calls } = publishing(30, async () => undefined);
  await one.start({ host: 'h', port: 7 });
  const from = performance.now();
  const withdrawn = one.withdraw();
  announce(store, 'a');
  await withdrawn;
  assert.ok(performance.now() - from >= 29);
  await one.stop();
  assert.deepEqual(calls, ['start h:7', 'publish ', 'withdraw', 'stop']);
});

test('a registry that does not take it back holds nothing up for long', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { publishing: one } = publishing(0, () => new Promise(() => undefined));
  await one.start({ host: 'h', port: 7 });
  let ended = false;
  const withdrawn = one.withdraw().then(() => {
    ended = true;
  });
  t.mock.timers.tick(4_999);
  await new Promise(setImmediate);
  assert.equal(ended, false);
  t.mock.timers.tick(1);
  await new Promise(setImmediate);
  t.mock.timers.tick(0);
  await withdrawn;
});

test('one that never began takes nothing back and costs no time', async () => {
  const { publishing: one, calls } = publishing(60_000, async () => undefined);
  await one.withdraw();
  await one.stop();
  assert.deepEqual(calls, ['stop']);
});

test('what could not be taken back is not said to be gone', async () => {
  for (const [problem, told] of [
    [undefined, /info +nothing is published to somewhere any more; new connections/],
    ['it is away', /info +what stands at somewhere goes when its session expires; new connections/],
  ] as const) {
    const { publishing: one, lines } = publishing(0, async () => undefined, problem);
    await one.start({ host: 'h', port: 7 });
    await one.withdraw();
    assert.match(lines.join(''), told);
    await one.stop();
  }
});
