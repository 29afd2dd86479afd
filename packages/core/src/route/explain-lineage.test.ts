import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoint, entry, Fixture } from './routing-fixture.test.ts';

test('what a registry said of an endpoint has its session, its time and what changed it', () => {
  const fixture = new Fixture();
  const overrides = [{ origin: '/dubbo/config/dubbo/users.configurators', effect: 'weight 200, was 100' }];
  const learnt = { session: '0x1f', at: Date.UTC(2026, 0, 1) };
  const endpoints = [{ ...endpoint('10.0.0.1'), learnt, overrides }, { ...endpoint('10.0.0.2', {}, 0), learnt }, endpoint('10.0.0.3')];
  fixture.registry().upsert(entry('user.acme', 'com.acme.Users', endpoints));
  fixture.load({});
  const request = { service: 'com.acme.Users', method: 'find', group: undefined, version: undefined, headers: new Map<string, string>() };
  const [destination] = fixture.state.explain(request).destinations;
  assert.deepEqual(
    destination?.endpoints.map(({ lineage }) => lineage),
    [{ session: '0x1f', learnt: '2026-01-01T00:00:00.000Z', overrides }, undefined],
  );
  assert.deepEqual(
    destination?.leftOut.map(({ lineage }) => lineage),
    [{ session: '0x1f', learnt: '2026-01-01T00:00:00.000Z', overrides: [] }],
  );
});
