import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DestinationRule } from '../config/model.ts';
import type { ServiceEntry } from '../registry/registry.ts';
import { destinationRule, endpoint, entry, Fixture, http, subset, to, virtualService } from './routing-fixture.test.ts';

/** The cluster that requests for S take to `host`. */
function cluster(
  host: string,
  subsetName: string | undefined,
  entries: readonly ServiceEntry[],
  destinationRules: readonly DestinationRule[] = [],
) {
  const fixture = new Fixture();
  for (const one of entries) fixture.registry().upsert(one);
  const virtualServices = [virtualService('x', ['S'], [http('r', [], { destinations: [to(host, subsetName)] })])];
  assert.deepEqual(fixture.load({ virtualServices, destinationRules }), []);
  return fixture.route('S').pickCluster();
}

function addresses(...args: Parameters<typeof cluster>): string[] {
  return cluster(...args).endpoints.map((live) => live.endpoint.address);
}

describe('a destination', () => {
  const entries = [
    entry('a.acme', 'a/A:1', [endpoint('10.0.0.1')]),
    entry('b.acme', 'b/A:1', [endpoint('10.0.0.2')]),
    entry('old.example', undefined, [endpoint('10.0.0.3')], { aliases: ['Old'] }),
  ];
  const table: [string, string[]][] = [
    ['a/A:1', ['10.0.0.1']],
    ['b/A', ['10.0.0.2']],
    ['A:1', ['10.0.0.1', '10.0.0.2']],
    ['A', ['10.0.0.1', '10.0.0.2']],
    ['c/A', []],
    ['B.Acme', ['10.0.0.2']],
    ['old.example', ['10.0.0.3']],
    ['OLD', ['10.0.0.3']],
    ['g/old:1', ['10.0.0.3']],
  ];
  for (const [host, expected] of table) {
    it(`${host} means ${expected.join(' and ') || 'nobody'}`, () => assert.deepEqual(addresses(host, undefined, entries), expected));
  }
});

describe('a subset', () => {
  const mixed = [
    endpoint('10.0.0.1', { version: 'v1' }),
    endpoint('10.0.0.2', { version: 'v2', zone: 'z' }),
    endpoint('10.0.0.3'),
    endpoint('10.0.0.4', { version: '' }),
  ];
  const entries = [entry('s.acme', 'S', mixed)];

  it('has the endpoints with all its labels; an empty value means absent', () => {
    const rules = [
      destinationRule('d', 'S', [
        subset('v2z', { version: 'v2', zone: 'z' }),
        subset('v1z', { version: 'v1', zone: 'z' }),
        subset('base', { version: '' }),
        subset('all', {}),
      ]),
    ];
    assert.deepEqual(addresses('S', 'v2z', entries, rules), ['10.0.0.2']);
    assert.deepEqual(addresses('S', 'base', entries, rules), ['10.0.0.3', '10.0.0.4']);
    assert.equal(addresses('S', 'all', entries, rules).length, 4);
    assert.equal(
      cluster('S', 'v1z', entries, rules).describeEmptiness(),
      'no endpoint of S has labels version=v1,zone=z (4 endpoints known)',
    );
  });

  it('is that of the most specific DestinationRule', () => {
    const group = [entry('g.acme', 'g/S:1', mixed)];
    const rule = (host: string, version: string) => destinationRule(host, host, [subset('x', { version })], 'RANDOM');
    const wildcard = rule('*.acme', '');
    assert.deepEqual(addresses('S', 'x', group, [wildcard]), ['10.0.0.3', '10.0.0.4']);
    assert.deepEqual(addresses('S', 'x', group, [wildcard, rule('S', 'v1')]), ['10.0.0.1']);
    assert.deepEqual(addresses('S', 'x', group, [rule('g/S', 'v2'), rule('S', 'v1')]), ['10.0.0.2']);
    assert.deepEqual(
      addresses('S', 'x', group, [rule('g.acme', 'v1'), rule('g/S', 'v2')]),
      ['10.0.0.1'],
      'the DNS name is the whole identity',
    );
    assert.deepEqual(addresses('g.acme', 'x', group, [rule('g/S', 'v2')]), ['10.0.0.2'], 'a DNS name is governed by its identity’s rule');
  });

  it('may come from any of several rules of one host', () => {
    const rules = [
      destinationRule('one', 'S', [subset('v1', { version: 'v1' })]),
      destinationRule('two', 'S', [subset('v2', { version: 'v2' })], 'RANDOM'),
    ];
    assert.deepEqual(addresses('S', 'v2', entries, rules), ['10.0.0.2']);
    assert.equal(cluster('S', 'v1', entries, rules).spec.loadBalancer, 'RANDOM');
  });
});

describe('how new endpoints of a cluster warm up', () => {
  const entries = [entry('s.acme', 'S', [endpoint('10.0.0.1', { version: 'v1' })])];
  const warmUp = { durationMs: 60_000, leastWeight: 0, leastShare: 0.1, exponent: 1 };
  const specOf = (subsetName: string | undefined, ...rules: Parameters<typeof cluster>[3] & object) =>
    cluster('S', subsetName, entries, rules).spec;

  it('is what the rule says, unless the subset has a load balancer of its own', () => {
    const v1 = subset('v1', { version: 'v1' });
    const rule = { ...destinationRule('one', 'S', [v1]), warmUp };
    assert.equal(specOf(undefined, rule).warmUp, warmUp);
    assert.equal(specOf('v1', rule).warmUp, warmUp);
    assert.equal(specOf('v1', { ...rule, subsets: [{ ...v1, warmUp: 'none' as const }] }).warmUp, undefined);
    assert.equal(specOf(undefined, destinationRule('first', 'S', []), rule).warmUp, warmUp);
  });

  it('makes a cluster of its own of each way', () => {
    const rule = destinationRule('one', 'S', []);
    assert.notEqual(specOf(undefined, { ...rule, warmUp }).id, specOf(undefined, rule).id);
  });
});

describe('an empty cluster says why', () => {
  it('when nobody knows the service, or it is known and empty, or held', () => {
    assert.equal(cluster('X', undefined, []).describeEmptiness(), 'no registry and no ServiceEntry knows X');
    const empty = entry('x.acme', 'X', []);
    assert.equal(cluster('X', undefined, [empty]).describeEmptiness(), 'X has no endpoints (known from zk)');
    const fixture = new Fixture();
    fixture.registry().upsert(empty);
    fixture.registry().hold('x.acme', 'denied');
    assert.equal(fixture.route('X').pickCluster().describeEmptiness(), 'X has no endpoints (known from zk, held: denied)');
  });

  it('when its endpoints speak another protocol or have no weight', () => {
    const other = entry('x.acme', 'X', [endpoint('10.0.0.1')], { protocol: 'other' });
    assert.equal(
      cluster('X', undefined, [other]).describeEmptiness(),
      'no endpoint of X can be used (1 endpoint known): it speaks other, not wire',
    );
    const weightless = entry('x.acme', 'X', [endpoint('10.0.0.1', {}, 0), endpoint('10.0.0.2', {}, 0)]);
    assert.equal(
      cluster('X', undefined, [weightless]).describeEmptiness(),
      'no endpoint of X can be used (2 endpoints known): its weight is 0',
    );
  });
});
