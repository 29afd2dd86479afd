import assert from 'node:assert/strict';
import { it } from 'node:test';
import { endpoint, entry, Fixture, http, to, virtualService } from './routing-fixture.test.ts';

function split(weights: readonly number[]): Fixture {
  const fixture = new Fixture();
  for (const index of weights.keys()) fixture.registry().upsert(entry(`s${index}`, `S${index}`, [endpoint(`10.0.0.${index}`)]));
  const destinations = weights.map((weight, index) => to(`S${index}`, undefined, weight));
  assert.deepEqual(fixture.load({ virtualServices: [virtualService('x', ['A'], [http('r', [], { destinations })])] }), []);
  return fixture;
}

it('destinations get their shares within 2 % over 40,000 requests', () => {
  for (const weights of [
    [90, 10],
    [1, 1, 2],
    [0, 5, 95],
    [99, 1],
  ]) {
    const route = split(weights).route('A');
    const counts = new Map<string, number>();
    for (let i = 0; i < 40_000; i++) {
      const { name } = route.pickCluster();
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const total = weights.reduce((sum, weight) => sum + weight);
    for (const [index, weight] of weights.entries()) {
      const share = (counts.get(`S${index}`) ?? 0) / 40_000;
      assert.ok(Math.abs(share - weight / total) <= 0.02, `${weights.join(':')}: destination ${index} got ${share}`);
      if (weight === 0) assert.equal(share, 0);
    }
  }
});

it('a single destination needs no weight', () => {
  assert.equal(split([0]).route('A').pickCluster().name, 'S0');
});
