import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { ServiceEntry } from '@polywire/core/spi';
import type { Announcement } from './layout.ts';
import { type AnnouncementSink, MergedServices } from './merged-services.ts';

const HOST = 'users.test';
const EMPTY: ReadonlyMap<string, string> = new Map();

function announced(port: number, origin: string, more: { host?: string; timestamp?: number } = {}): Announcement {
  const { host = HOST, timestamp = 0 } = more;
  return {
    service: {
      host,
      identity: { name: host, group: undefined, version: undefined },
      protocol: 'test',
      port: { name: 'test', number: 1, protocol: 'TCP' },
      annotations: EMPTY,
    },
    endpoint: { address: '10.0.0.1', port, weight: 100, labels: EMPTY, metadata: EMPTY, origin },
    timestamp,
  };
}

let said: string[] = [];
let first: AnnouncementSink;
let second: AnnouncementSink;

function taken(): string[] {
  return said.splice(0);
}

beforeEach(() => {
  said = [];
  const describe = ({ host, endpoints }: ServiceEntry): string =>
    `${host} ${endpoints.map((each) => `${each.port}${each.origin}`).join(' ')}`;
  const services = new MergedServices({
    upsert: (entry) => said.push(describe(entry)),
    remove: (host) => said.push(`removed ${host}`),
    hold: (host, reason) => said.push(`held ${host} ${reason}`),
  });
  [first, second] = [services.layout(0), services.layout(1)];
});

test('a service that two layouts announce has each address once, as the first layout says it', () => {
  second.set('/b', [announced(1, 'b'), announced(2, 'b')]);
  assert.deepEqual(taken(), [`${HOST} 1b 2b`]);
  first.set('/z', [announced(1, 'a')]);
  assert.deepEqual(taken(), [`${HOST} 1a 2b`]);
  second.set('/b', [announced(2, 'b', { timestamp: 9 }), announced(1, 'b', { timestamp: 9 })]);
  assert.deepEqual(taken(), [`${HOST} 1a 2b`]);
  first.remove('/z');
  assert.deepEqual(taken(), [`${HOST} 1b 2b`]);
  second.remove('/b');
  assert.deepEqual(taken(), [`removed ${HOST}`]);
});

test('a service stays, empty, while a leaf that announced it is there', () => {
  const one = announced(1, 'a');
  first.set('/a', [one]);
  second.set('/b', [announced(2, 'b')]);
  first.set('/a', []);
  second.remove('/b');
  assert.deepEqual(taken(), [`${HOST} 1a`, `${HOST} 1a 2b`, `${HOST} 2b`, `${HOST} `]);
  first.set('/a', []);
  assert.deepEqual(taken(), []);
  first.set('/a', [one]);
  first.remove('/a');
  assert.deepEqual(taken(), [`${HOST} 1a`, `removed ${HOST}`]);
});

test('a hold lasts until its own leaf is read again', () => {
  const [one, two] = [announced(1, 'a'), announced(2, 'b')];
  first.set('/a', [one]);
  second.set('/b', [two]);
  taken();
  first.hold('/a', 'denied');
  assert.deepEqual(taken(), [`held ${HOST} denied`]);
  second.set('/b', [two, announced(3, 'b')]);
  assert.deepEqual(taken(), [`${HOST} 1a 2b 3b`, `held ${HOST} denied`]);
  first.set('/a', [one]);
  assert.deepEqual(taken(), [`${HOST} 1a 2b 3b`]);
  first.set('/a', [one]);
  first.hold('/unknown', 'denied');
  assert.deepEqual(taken(), []);
});

test('a held leaf that goes leaves no hold behind', () => {
  first.set('/a', [announced(1, 'a')]);
  second.set('/b', [announced(1, 'b')]);
  first.hold('/a', 'denied');
  taken();
  first.remove('/a');
  assert.deepEqual(taken(), [`${HOST} 1b`]);
});

test('many services that are decorated anew are delivered in pieces, and all of them', async () => {
  const count = 5_000;
  const delivered = new Set<string>();
  let isKnown = false;
  const services = new MergedServices(
    { upsert: ({ host }) => delivered.add(host), remove: assert.fail, hold: assert.fail },
    { decorate: (_, endpoints) => (isKnown ? { endpoints, rules: [] } : undefined), failed: assert.fail },
  );
  const sink = services.layout(0);
  for (let i = 0; i < count; i++) sink.set(`/${i}`, [announced(1, 'a', { host: `s${i}` })]);
  assert.equal(delivered.size, 0);
  isKnown = true;
  services.redeliver(() => true);
  assert.ok(services.redelivering !== undefined && delivered.size < count, 'it is not done at once');
  await services.redelivering;
  assert.equal(delivered.size, count);
  assert.equal(services.redelivering, undefined);
  delivered.clear();
  services.redeliver(({ host }) => host === 's7');
  assert.deepEqual([services.redelivering, [...delivered]], [undefined, ['s7']]);
  services.redeliver(() => true);
  services.stop();
  await services.redelivering;
  assert.ok(delivered.size < count, 'nothing comes after stop()');
});

test('a service that cannot be decorated anew keeps what it had, and holds no other up', () => {
  let rules: readonly [] = [];
  const [delivered, failures]: [string[], string[]] = [[], []];
  const services = new MergedServices(
    { upsert: ({ host }) => delivered.push(host), remove: assert.fail, hold: assert.fail },
    {
      decorate: ({ host }, endpoints, former) => {
        if (host === 'bad' && former !== undefined) throw new Error('a fault');
        return { endpoints, rules };
      },
      failed: (host, error) => failures.push(`${host}: ${error}`),
    },
  );
  const sink = services.layout(0);
  for (const host of ['bad', 'good']) sink.set(`/${host}`, [announced(1, 'a', { host })]);
  for (let times = 1; times <= 2; times++) {
    delivered.length = 0;
    rules = [];
    services.redeliver(() => true);
    assert.deepEqual([delivered, services.redelivering], [['good'], undefined]);
  }
  assert.deepEqual(failures, ['bad: Error: a fault', 'bad: Error: a fault']);
});

test('what is about to go is counted: endpoints of services that no other leaf announces', async () => {
  const losing: number[] = [];
  const services = new MergedServices({
    upsert: () => undefined,
    remove: () => undefined,
    hold: () => undefined,
    losing: (endpoints) => losing.push(endpoints),
  });
  const [one, other] = [services.layout(0), services.layout(1)];
  one.set('/a', [announced(1, 'a', { host: 'a' }), announced(2, 'a', { host: 'a' }), announced(1, 'a', { host: 'both' })]);
  one.set('/b', [announced(1, 'b', { host: 'b' }), announced(2, 'b', { host: 'both' })]);
  other.set('/c', [announced(3, 'c', { host: 'both' })]);
  assert.equal(one.losing?.(['/a', '/b', '/unknown']), undefined);
  other.remove('/c');
  one.losing?.(['/a']);
  one.losing?.(['/a', '/b']);
  assert.deepEqual(losing.splice(0), [3, 2, 5]);
  const many = Array.from({ length: 20_000 }, (_, index) => `/many${index}`);
  for (const [index, path] of many.entries()) one.set(path, [announced(1, 'a', { host: `many${index}` })]);
  await one.losing?.(many);
  assert.deepEqual(losing, [many.length]);
});
