import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LookupResult, NOT_REACHED, UNREADABLE } from '../protocol/spi.ts';
import type { EndpointCondition, EndpointRule, RequestCondition } from '../registry/endpoint-rule.ts';
import { endpoint, entry, Fixture, http, to, virtualService } from './routing-fixture.test.ts';
import { REMEMBERED_SETS } from './ruled-endpoints.ts';

const USER = 'com.acme.UserService';

function headerIs(name: string, value: string, negated = false): RequestCondition {
  return { of: { kind: 'header', name }, match: { kind: 'exact', value }, negated };
}

function labelled(name: string, value: string, negated = false): EndpointCondition {
  return { of: { kind: 'parameter', name }, match: { kind: 'exact', value }, negated };
}

function rule(text: string, more: Partial<EndpointRule> = {}): EndpointRule {
  return { origin: `/rules/${text}`, text, match: [], choices: [], otherwise: 'refuse', ...more };
}

/** Gray requests to gray endpoints if there are any, all others to those without a tag. */
const GRAY = rule('gray', { match: [headerIs('tag', 'gray')], choices: [[labelled('tag', 'gray')]], otherwise: 'pass' });
const PLAIN = rule('plain', {
  match: [{ of: { kind: 'header', name: 'tag' }, match: { kind: 'present' }, negated: true }],
  choices: [[{ of: { kind: 'parameter', name: 'tag' }, match: { kind: 'present' }, negated: true }]],
});

const ENDPOINTS = [endpoint('10.0.0.1'), endpoint('10.0.0.2', { tag: 'gray' }), endpoint('10.0.0.3', { zone: 'b' })];

function ruled(endpointRules: readonly EndpointRule[], endpoints = ENDPOINTS, fixture = new Fixture()): Fixture {
  fixture.registry().upsert(entry('user.acme', USER, endpoints, { endpointRules }));
  return fixture;
}

type Headers = Readonly<Record<string, LookupResult>>;

function clusterOf(fixture: Fixture, headers: Headers = {}, method = 'call') {
  const cluster = fixture.route(USER, method, headers).destinations[0]?.cluster;
  assert.ok(cluster !== undefined);
  return cluster;
}

describe('a service whose registry has rules of its own', () => {
  it('sends each request to the endpoints that the rules leave', () => {
    const fixture = ruled([GRAY, PLAIN]);
    assert.deepEqual(fixture.addresses(USER, 'call', { tag: 'gray' }), ['10.0.0.2']);
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1', '10.0.0.3']);
    assert.deepEqual(fixture.addresses(USER, 'call', { tag: 'blue' }), ['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    assert.equal(fixture.ask(USER), USER, 'the route is the service');
  });

  it('applies rules in order, each to what the former left', () => {
    const zone = rule('zone', { choices: [[labelled('zone', 'b')]], otherwise: 'pass' });
    const fixture = ruled([PLAIN, zone]);
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.3']);
    assert.deepEqual(fixture.addresses(USER, 'call', { tag: 'gray' }), ['10.0.0.3']);
    const narrow = ruled([zone, GRAY]);
    assert.deepEqual(narrow.addresses(USER, 'call', { tag: 'gray' }), ['10.0.0.3'], 'gray would leave none and is passed over');
  });

  it('takes the first choice that leaves an endpoint', () => {
    const choices = [[labelled('zone', 'a')], [labelled('zone', 'b')], []];
    assert.deepEqual(ruled([rule('near', { choices })]).addresses(USER), ['10.0.0.3']);
    assert.equal(ruled([rule('near', { choices })], [endpoint('10.0.0.9')]).addresses(USER).length, 1, 'no conditions: every endpoint');
  });

  it('looks at methods, header prefixes, regular expressions, and what must not hold', () => {
    const choices = [[labelled('tag', 'gray')]];
    const only = (condition: RequestCondition) => ruled([rule('r', { match: [condition], choices })]);
    const method = only({ of: { kind: 'method' }, match: { kind: 'regex', value: 'get.*' }, negated: false });
    assert.equal(method.addresses(USER, 'getUser').length, 1);
    assert.equal(method.addresses(USER, 'setUser').length, 3);
    const prefix = only({ of: { kind: 'header', name: 'app' }, match: { kind: 'prefix', value: 'shop-' }, negated: true });
    assert.equal(prefix.addresses(USER, 'call', { app: 'shop-1' }).length, 3);
    assert.equal(prefix.addresses(USER, 'call').length, 1, 'what is absent has no prefix');
  });

  it('chooses by address, by label and by metadata', () => {
    const metadata = new Map([['region', 'x']]);
    const endpoints = [endpoint('10.0.0.1'), { ...endpoint('10.0.0.2'), port: 1 }, { ...endpoint('10.0.0.3'), metadata }];
    const chosen = (of: EndpointCondition['of'], value: string) =>
      ruled([rule('r', { choices: [[{ of, match: { kind: 'exact', value }, negated: false }]] })], endpoints).addresses(USER);
    assert.deepEqual(chosen({ kind: 'ip' }, '10.0.0.1'), ['10.0.0.1']);
    assert.deepEqual(chosen({ kind: 'address' }, '10.0.0.2:1'), ['10.0.0.2']);
    assert.deepEqual(chosen({ kind: 'address' }, '10.0.0.2:2'), []);
    assert.deepEqual(chosen({ kind: 'parameter', name: 'region' }, 'x'), ['10.0.0.3']);
  });

  it('knows a method by the last part of its path', () => {
    const match: RequestCondition[] = [{ of: { kind: 'method' }, match: { kind: 'exact', value: 'Get' }, negated: false }];
    const fixture = ruled([rule('r', { match, choices: [[labelled('tag', 'gray')]] })], ENDPOINTS, new Fixture({ methodIsPath: true }));
    assert.equal(fixture.addresses(USER, `/${USER}/Get`).length, 1);
    assert.equal(fixture.addresses(USER, `/${USER}/Set`).length, 3);
  });

  it('refuses with the rule, where it is kept, and whom it means', () => {
    const fixture = ruled([rule('gray => none', { match: [headerIs('tag', 'gray'), headerIs('debug', '1', true)] })]);
    const cluster = clusterOf(fixture, { tag: 'gray' });
    assert.equal(cluster.pick(1, undefined), undefined);
    assert.equal(
      cluster.describeEmptiness(),
      `${USER} has 3 endpoints, and the registry's rule gray => none (/rules/gray => none) leaves none to requests with header tag exact "gray" and not header debug exact "1"`,
    );
    assert.equal(cluster.resolved.leftOut[0]?.why, 'left out by gray => none (/rules/gray => none)');
    const none = ruled([rule('r')], []);
    assert.match(clusterOf(none).describeEmptiness(), /has no endpoints \(known from zk\)/);
  });

  it('waits for what is not reached, and takes what is unreadable for absent, and counts it', () => {
    const fixture = ruled([GRAY]);
    assert.equal(fixture.ask(USER, 'call', { tag: NOT_REACHED }), 'not-reached');
    assert.equal(fixture.addresses(USER, 'call', { tag: UNREADABLE }).length, 3);
    assert.equal(fixture.state.stats.get(USER)?.unreadable, 1);
    const apart = ruled([GRAY, PLAIN]);
    assert.deepEqual(apart.addresses(USER, 'call', { tag: UNREADABLE }), ['10.0.0.1', '10.0.0.3'], 'nobody is gray unseen');
    assert.equal(apart.state.stats.get(USER)?.unreadable, 2, 'of each rule');
    const certain = ruled([rule('both', { match: [headerIs('a', '1'), headerIs('b', '1')] })]);
    assert.equal(certain.addresses(USER, 'call', { a: NOT_REACHED, b: '2' }).length, 3, 'it is not for this request anyway');
    assert.equal(certain.addresses(USER, 'call', { a: NOT_REACHED, b: UNREADABLE }).length, 3);
  });

  it('leaves aside a rule that cannot be applied, and applies the others', () => {
    const nothing = ruled([rule('script', { fault: 'scripts are not run' })]);
    assert.equal(nothing.addresses(USER).length, 3);
    const regex: EndpointRule = rule('regex', {
      choices: [[{ of: { kind: 'ip' }, match: { kind: 'regex', value: '(' }, negated: false }]],
    });
    const foreign = rule('foreign', { match: [headerIs('?argument', '1')] });
    const fixture = ruled([regex, foreign, PLAIN]);
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1', '10.0.0.3']);
    assert.deepEqual(fixture.reported, []);
  });

  it('counts for requests of a file only where no VirtualService speaks of the service', () => {
    const fixture = ruled([rule('nobody')]);
    assert.deepEqual(fixture.addresses(USER), []);
    fixture.load({ virtualServices: [virtualService('acme/user', [USER], [http(undefined, [], { destinations: [to(USER)] })])] });
    assert.equal(fixture.addresses(USER).length, 3);
    fixture.load({});
    assert.deepEqual(fixture.addresses(USER), []);
  });

  it('keeps the group and version that a request must have', () => {
    const fixture = ruled([rule('nobody')]);
    fixture.registry().upsert(entry('g.user.acme', `g/${USER}`, [endpoint('10.0.0.9')]));
    assert.deepEqual(fixture.addresses(USER), []);
    assert.deepEqual(fixture.addresses(USER, 'call', { ':group': 'g' }), ['10.0.0.9']);
  });
});

describe('clusters of ruled endpoints', () => {
  it('are one for all requests that the same rules are for, and count as the service', () => {
    const fixture = ruled([GRAY, PLAIN]);
    const gray = fixture.route(USER, 'call', { tag: 'gray' });
    assert.equal(fixture.route(USER, 'other', { tag: 'gray', more: '1' }), gray);
    assert.equal(clusterOf(fixture, { tag: 'gray' }).name, `${USER}|rules-1`);
    assert.equal(clusterOf(fixture, { tag: 'blue' }).name, USER, 'no rule is for it');
    assert.equal(clusterOf(fixture).spec.origin, '/rules/plain');
    assert.equal(clusterOf(fixture).stats, clusterOf(fixture, { tag: 'blue' }).stats);
  });

  it('follow the endpoints without compiling anything', () => {
    const fixture = ruled([GRAY, PLAIN]);
    const before = clusterOf(fixture, { tag: 'gray' });
    const routes = fixture.state.table.find(USER);
    ruled(
      [GRAY, PLAIN].map((one) => ({ ...one })),
      [...ENDPOINTS, endpoint('10.0.0.4', { tag: 'gray' })],
      fixture,
    );
    assert.equal(fixture.state.table.find(USER), routes);
    assert.equal(clusterOf(fixture, { tag: 'gray' }), before);
    assert.deepEqual(fixture.addresses(USER, 'call', { tag: 'gray' }), ['10.0.0.2', '10.0.0.4']);
    ruled([GRAY, PLAIN], [endpoint('10.0.0.1')], fixture);
    assert.deepEqual(fixture.addresses(USER, 'call', { tag: 'gray' }), ['10.0.0.1'], 'passed over, now that no gray one is left');
  });

  it('change with the rules, of that service alone, and keep the connections and the requests under way', () => {
    const fixture = ruled([GRAY, PLAIN]);
    fixture.registry().upsert(entry('order.acme', 'com.acme.OrderService', [endpoint('10.0.1.1')]));
    const other = fixture.route('com.acme.OrderService');
    const held = clusterOf(fixture);
    ruled([rule('nobody')], ENDPOINTS, fixture);
    assert.deepEqual(fixture.addresses(USER), []);
    assert.ok(held.pick(1, undefined) !== undefined, 'a request that was routed goes on');
    assert.deepEqual(fixture.endpoints.closed, []);
    assert.equal(fixture.route('com.acme.OrderService'), other);
    ruled([], ENDPOINTS, fixture);
    assert.equal(fixture.addresses(USER).length, 3);
    assert.deepEqual(fixture.state.table.find(USER)?.names, []);
  });

  it('are bounded, however many sets of rules requests find', () => {
    const count = 10;
    const rules = Array.from({ length: count }, (_, bit) =>
      rule(`bit ${bit}`, { match: [headerIs(`h${bit}`, '1')], choices: [[labelled('tag', 'gray')]] }),
    );
    const fixture = ruled(rules);
    const first = clusterOf(fixture, { h0: '1' });
    for (let set = 1; set < 2 ** count; set++) {
      const headers = Object.fromEntries(Array.from({ length: count }, (_, bit) => [`h${bit}`, (set >> bit) & 1 ? '1' : '0']));
      assert.deepEqual(fixture.addresses(USER, 'call', headers), ['10.0.0.2']);
      assert.ok([...fixture.clusters.all()].length <= REMEMBERED_SETS + 1);
    }
    assert.equal(first.pick(1, undefined)?.endpoint.address, '10.0.0.2', 'a request that holds a forgotten one goes on');
    assert.deepEqual(fixture.endpoints.closed, []);
    fixture.state.close();
    assert.equal(fixture.endpoints.users.size, 0);
    assert.equal([...fixture.clusters.all()].length, 0);
  });

  it('go with the service', () => {
    const fixture = ruled([GRAY, PLAIN]);
    assert.equal(fixture.addresses(USER).length, 2);
    fixture.registry().remove('user.acme');
    assert.match(fixture.ask(USER), /^unknown/);
    assert.equal(fixture.endpoints.users.size, 0);
    assert.equal([...fixture.clusters.all()].length, 0);
  });
});
