import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Endpoint, ServiceEntry } from '@polywire/core/spi';
import { SettledServices } from './settled-services.ts';

const DELAY_MS = 300;

function endpoint(port: number): Endpoint {
  return { address: '10.0.0.1', port, weight: 100, labels: new Map(), metadata: new Map(), origin: `/dubbo/a/providers/${port}` };
}

function entry(host: string, ...endpoints: Endpoint[]): ServiceEntry {
  return {
    host,
    aliases: [],
    identity: { name: host, group: undefined, version: undefined },
    protocol: 'dubbo',
    resolution: 'STATIC',
    location: 'MESH_INTERNAL',
    ports: [{ name: 'dubbo', number: 20_880, protocol: 'TCP' }],
    endpoints,
    annotations: new Map(),
    origin: '/dubbo/a/providers',
  };
}

/** Services that settle, and what they deliver: `host: how many endpoints`, `host removed`, `host held: why`. */
function settling(t: TestContext, delayMs = DELAY_MS): { readonly services: SettledServices; readonly said: string[] } {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const said: string[] = [];
  const sink = {
    upsert: ({ host, endpoints }: ServiceEntry) => said.push(`${host}: ${endpoints.length}`),
    remove: (host: string) => said.push(`${host} removed`),
    hold: (host: string, reason: string) => said.push(`${host} held: ${reason}`),
  };
  return { services: new SettledServices(sink, delayMs), said };
}

test('a service that is empty for a moment keeps its endpoints', (t) => {
  const { services, said } = settling(t);
  services.upsert(entry('a', endpoint(1)));
  services.upsert(entry('a'));
  t.mock.timers.tick(DELAY_MS - 1);
  services.upsert(entry('a', endpoint(1)));
  t.mock.timers.tick(DELAY_MS * 2);
  assert.deepEqual(said, ['a: 1', 'a: 1']);
});

test('a service that stays empty is empty after the delay, once, whatever is said of it meanwhile', (t) => {
  const { services, said } = settling(t);
  services.upsert(entry('a', endpoint(1)));
  services.upsert(entry('a'));
  t.mock.timers.tick(DELAY_MS - 1);
  services.upsert(entry('a'));
  assert.deepEqual(said, ['a: 1']);
  t.mock.timers.tick(1);
  services.upsert(entry('a'));
  assert.deepEqual(said, ['a: 1', 'a: 0', 'a: 0']);
});

test('what never had endpoints, what goes, and endpoints that are left are delivered at once', (t) => {
  const { services, said } = settling(t);
  services.upsert(entry('empty'));
  services.upsert(entry('gone', endpoint(1), endpoint(2)));
  services.upsert(entry('gone', endpoint(2)));
  services.upsert(entry('gone'));
  services.remove('gone');
  t.mock.timers.tick(DELAY_MS * 2);
  assert.deepEqual(said, ['empty: 0', 'gone: 2', 'gone: 1', 'gone removed']);
});

test('a service that may not be read while it settles is held, before and after', (t) => {
  const { services, said } = settling(t);
  services.upsert(entry('a', endpoint(1)));
  services.upsert(entry('a'));
  services.hold('a', 'denied');
  t.mock.timers.tick(DELAY_MS);
  assert.deepEqual(said, ['a: 1', 'a held: denied', 'a: 0', 'a held: denied']);
});

test('nothing is delivered after the end', (t) => {
  const { services, said } = settling(t);
  services.upsert(entry('a', endpoint(1)));
  services.upsert(entry('a'));
  services.stop();
  t.mock.timers.tick(DELAY_MS * 2);
  assert.deepEqual(said, ['a: 1']);
});

test('without a delay a service is empty at once', (t) => {
  const { services, said } = settling(t, 0);
  services.upsert(entry('a', endpoint(1)));
  services.upsert(entry('a'));
  assert.deepEqual(said, ['a: 1', 'a: 0']);
});
