import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndpointCondition, EndpointRule } from '../registry/endpoint-rule.ts';
import { MOST_WEIGHTED_CHOICES } from './endpoint-rules.ts';
import { endpoint, entry, Fixture } from './routing-fixture.test.ts';
import { MOST_DRAWN_SETS } from './ruled-selection.ts';

const USER = 'com.acme.UserService';

function labelled(name: string, value: string): EndpointCondition {
  return { of: { kind: 'parameter', name }, match: { kind: 'exact', value }, negated: false };
}

function drawn(name: string, weights: Readonly<Record<string, number>>, more: Partial<EndpointRule> = {}): EndpointRule {
  const choices = Object.keys(weights).map((value) => [labelled(name, value)]);
  return { origin: `/rules/${name}`, text: name, match: [], choices, weights: Object.values(weights), otherwise: 'refuse', ...more };
}

const ENDPOINTS = [
  endpoint('10.0.0.1', { zone: 'a', env: 'x' }),
  endpoint('10.0.0.2', { zone: 'a', env: 'y' }),
  endpoint('10.0.0.3', { zone: 'b', env: 'x' }),
  endpoint('10.0.0.4', { zone: 'b', env: 'y' }),
];

function ruled(endpointRules: readonly EndpointRule[], endpoints = ENDPOINTS, fixture = new Fixture()): Fixture {
  fixture.registry().upsert(entry('user.acme', USER, endpoints, { endpointRules }));
  return fixture;
}

/** Each set of endpoints, by the last parts of their addresses, with its share in thousandths. */
function shares(fixture: Fixture): Record<string, number> {
  const { destinations } = fixture.route(USER);
  return Object.fromEntries(
    destinations.map(({ cluster, weight }) => {
      const set = cluster.endpoints.map(({ endpoint: { address } }) => address.slice(address.lastIndexOf('.') + 1));
      return [set.join(), Math.round(weight * 1000)];
    }),
  );
}

describe('rules that divide requests by weight', () => {
  it('draw one of their choices, up to its bound, as Dubbo does', () => {
    assert.deepEqual(shares(ruled([drawn('zone', { a: 10, b: 90 })])), { '1,2': 110, '3,4': 890 });
    assert.deepEqual(shares(ruled([drawn('zone', { a: 100, b: 100, c: 100 })])), { '1,2': 505, '3,4': 495 }, 'nobody is in c');
    assert.deepEqual(shares(ruled([drawn('zone', { a: 1, b: 1 })])), { '1,2': 1000 });
    assert.deepEqual(shares(ruled([drawn('zone', { c: 1, b: 1 })])), { '3,4': 1000 });
  });

  it('draw by chance', (t) => {
    const fixture = ruled([drawn('zone', { a: 10, b: 90 })]);
    const route = fixture.route(USER);
    const picked = [0, 0.889, 0.891, 0.999].map((draw) => {
      t.mock.method(Math, 'random', () => draw);
      return route.pickCluster().name;
    });
    const [a, b] = [`${USER}|rules-1.1`, `${USER}|rules-1.2`];
    assert.deepEqual(picked, [b, b, a, a]);
  });

  it('draw one after another, and of equal sets make one', () => {
    const rules = [drawn('zone', { a: 10, b: 90 }), drawn('env', { x: 50, y: 50 })];
    assert.deepEqual(shares(ruled(rules)), { '1': 56, '2': 54, '3': 454, '4': 436 });
    assert.deepEqual(shares(ruled([...rules, drawn('zone', { a: 5, b: 5 })])), { '1': 56, '2': 54, '3': 454, '4': 436 });
    const same = drawn('zone', { a: 10, b: 90 }, { choices: [[labelled('zone', 'a')], [labelled('zone', 'a')]] });
    assert.deepEqual(shares(ruled([same])), { '1,2': 1000 });
  });

  it('refuse or are passed over when no choice leaves any endpoint', () => {
    assert.deepEqual(shares(ruled([drawn('zone', { c: 1, d: 1 })])), { '': 1000 });
    const pass = drawn('zone', { c: 1, d: 1 }, { otherwise: 'pass' });
    assert.deepEqual(shares(ruled([pass, drawn('env', { x: 10, y: 10 })])), { '1,3': 550, '2,4': 450 });
    const refuses = drawn('env', { x: 1 }, { choices: [[labelled('zone', 'b'), labelled('env', 'x')]] });
    assert.deepEqual(shares(ruled([drawn('zone', { a: 10, b: 90 }), refuses])), { '': 110, '3': 890 });
  });

  it('follow the endpoints, let go of what they no longer need, and keep who has begun', () => {
    const rules = [drawn('zone', { a: 10, b: 90 })];
    const fixture = ruled(rules);
    const [, before] = fixture.route(USER).destinations;
    assert.ok(before !== undefined);
    assert.equal(fixture.route(USER), fixture.route(USER), 'one route as long as nothing changes');
    ruled(rules, ENDPOINTS.slice(0, 2), fixture);
    assert.deepEqual(shares(fixture), { '1,2': 1000 });
    assert.equal([...fixture.clusters.all()].length, 2);
    assert.ok(before.cluster.pick(1, undefined) !== undefined);
    ruled(rules, ENDPOINTS.slice(2), fixture);
    assert.deepEqual(shares(fixture), { '3,4': 1000 });
    ruled(rules, ENDPOINTS, fixture);
    assert.deepEqual(shares(fixture), { '1,2': 110, '3,4': 890 });
    fixture.registry().remove('user.acme');
    assert.match(fixture.ask(USER), /^unknown/);
    assert.equal([...fixture.clusters.all()].length, 0);
    assert.equal(fixture.endpoints.users.size, 0);
  });

  it('are bounded, however many sets they lead to', () => {
    const endpoints = Array.from({ length: 200 }, (_, index) => endpoint(`10.0.0.${index}`, { zone: `${index}` }));
    const weights = Object.fromEntries(endpoints.map((_, index) => [`${index}`, index + 1]));
    const found = shares(ruled([drawn('zone', weights)], endpoints));
    assert.equal(Object.keys(found).length, MOST_DRAWN_SETS);
    assert.ok(Object.keys(found).includes('198'));
  });

  it('look at an endpoint a few times when it comes, not once for each pair of choices', () => {
    let looks = 0;
    class Watched extends Map<string, string> {
      override get(name: string): string | undefined {
        looks++;
        return super.get(name);
      }
    }
    const watched = (index: number) => ({ ...endpoint(`10.0.0.${index}`), labels: new Watched([['zone', `${index}`]]) });
    const endpoints = Array.from({ length: 100 }, (_, index) => watched(index));
    const rules = [drawn('zone', Object.fromEntries(endpoints.map((_, index) => [`${index}`, 100])))];
    const fixture = ruled(rules, endpoints);
    fixture.route(USER);
    looks = 0;
    ruled(rules, [...endpoints, watched(100)], fixture);
    assert.ok(looks > 0 && looks < 4 * endpoints.length * MOST_DRAWN_SETS, `${looks} looks at labels`);
  });

  it('are left aside when they have more choices than can be looked at whenever endpoints change', () => {
    const weights = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [index < 1 ? 'a' : `z${index}`, 1]));
    assert.deepEqual(shares(ruled([drawn('zone', weights(MOST_WEIGHTED_CHOICES))])), { '1,2': 1000 });
    assert.deepEqual(shares(ruled([drawn('zone', weights(MOST_WEIGHTED_CHOICES + 1))])), { '1,2,3,4': 1000 });
  });

  it('are left aside when they have another number of weights than of choices', () => {
    const fixture = ruled([{ ...drawn('zone', { a: 1 }), weights: [] }]);
    assert.deepEqual(shares(fixture), { '1,2,3,4': 1000 });
  });

  it('are explained with their sets and shares', () => {
    const tail = drawn('env', { x: 1 }, { choices: [[labelled('zone', 'b')]], otherwise: 'pass', weights: [7] });
    const fixture = ruled([drawn('zone', { a: 10, b: 90 }), tail]);
    const { endpointRules, destinations, route } = fixture.state.explain({
      service: USER,
      method: 'call',
      group: undefined,
      version: undefined,
      headers: new Map(),
    });
    assert.notEqual(route, undefined);
    assert.deepEqual(
      endpointRules.map(({ why }) => why),
      [
        'drew 2 of 4 endpoints by weight 90; or drew 2 of 4 endpoints by weight 10',
        'drew 2 of 2 endpoints by weight 7; or passed over, since it would leave none of 2 endpoints',
      ],
    );
    assert.deepEqual(
      destinations.map(({ cluster, share, endpoints }) => [cluster, share.toFixed(2), endpoints.map(({ address }) => address)]),
      [
        [`${USER}|rules-1.2+2.1`, '0.89', ['10.0.0.3:20880', '10.0.0.4:20880']],
        [`${USER}|rules-1.1+2`, '0.11', ['10.0.0.1:20880', '10.0.0.2:20880']],
      ],
    );
  });
});
