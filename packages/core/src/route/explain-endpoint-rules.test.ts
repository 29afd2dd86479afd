import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndpointRule } from '../registry/endpoint-rule.ts';
import { endpoint, entry, Fixture, http, to, virtualService } from './routing-fixture.test.ts';

const USER = 'com.acme.UserService';

const tagged = (value: string): EndpointRule['choices'] => [
  [{ of: { kind: 'parameter', name: 'tag' }, match: { kind: 'exact', value }, negated: false }],
];

function rule(text: string, more: Partial<EndpointRule>): EndpointRule {
  return { origin: `/rules/${text}`, text, match: [], choices: [], otherwise: 'refuse', ...more };
}

const forTag = (value: string): EndpointRule['match'] => [
  { of: { kind: 'header', name: 'tag' }, match: { kind: 'exact', value }, negated: false },
];

const RULES = [
  rule('script', { fault: 'scripts are not run' }),
  rule('tag=gray', { match: forTag('gray'), choices: tagged('gray') }),
  rule('tag=blue', { match: forTag('blue'), choices: tagged('blue'), otherwise: 'pass' }),
  rule('tag=red', { match: forTag('red') }),
  rule('zone', { choices: [[]] }),
];

function loaded(): Fixture {
  const fixture = new Fixture();
  const endpoints = [endpoint('10.0.0.1'), endpoint('10.0.0.2', { tag: 'gray' })];
  fixture.registry().upsert(entry('user.acme', USER, endpoints, { endpointRules: RULES }));
  return fixture;
}

function explain(fixture: Fixture, headers: Readonly<Record<string, string>> = {}, service = USER) {
  const request = { service, method: 'getUser', group: undefined, version: undefined };
  return fixture.state.explain({ ...request, headers: new Map(Object.entries(headers)) });
}

function outcomes(headers: Readonly<Record<string, string>> = {}): string[] {
  return explain(loaded(), headers).endpointRules.map(({ position, outcome, why }) => `${position} ${outcome}: ${why}`);
}

describe('explain of the rules of a registry', () => {
  it('shows what each did for the request, in order', () => {
    assert.deepEqual(outcomes({ tag: 'gray' }), [
      '1 not-applied: scripts are not run',
      '2 chose: chose 1 of 2 endpoints',
      '3 not-for-request: not for this request, but for requests with header tag exact "blue"',
      '4 not-for-request: not for this request, but for requests with header tag exact "red"',
      '5 chose: chose 1 of 1 endpoint',
    ]);
    assert.equal(outcomes({ tag: 'blue' })[2], '3 passed-over: passed over, since it would leave none of 2 endpoints');
    assert.deepEqual(outcomes({ tag: 'red' }).slice(3), [
      '4 refused: refuses the request: it leaves none of 2 endpoints',
      '5 not-asked: no endpoint is left',
    ]);
  });

  it('shows where they are kept, their conditions, and the endpoints they left out', () => {
    const { endpointRules, destinations, rules } = explain(loaded(), { tag: 'gray' });
    const gray = endpointRules[1];
    assert.deepEqual([gray?.origin, gray?.text, gray?.endpoints], ['/rules/tag=gray', 'tag=gray', { before: 2, after: 1 }]);
    assert.deepEqual(gray?.conditions, [
      { condition: 'header tag exact "gray"', verdict: 'holds', actual: 'gray', origin: '/rules/tag=gray' },
    ]);
    assert.equal(destinations[0]?.cluster, `${USER}|rules-2+5`);
    assert.deepEqual(
      destinations[0]?.leftOut.map(({ address, why }) => [address, why]),
      [['10.0.0.1:20880', 'left out by tag=gray (/rules/tag=gray)']],
    );
    assert.deepEqual(rules, []);
  });

  it('says that a VirtualService decides instead, also for the service that it sends requests to', () => {
    const fixture = loaded();
    const routes = [http(undefined, [], { destinations: [to(USER)] })];
    fixture.load({ virtualServices: [virtualService('acme/user', [USER, 'users.example'], routes)] });
    const why = "VirtualService acme/user decides, and a registry's rules count only where none speaks of the service";
    for (const service of [USER, 'users.example']) {
      const { endpointRules } = explain(fixture, { tag: 'red' }, service);
      assert.deepEqual(
        endpointRules.map(({ text, outcome }) => [text, outcome]),
        RULES.map(({ text }) => [text, 'not-applied']),
      );
      assert.ok(endpointRules.every((one) => one.why === why));
    }
  });

  it('agrees with what requests meet', () => {
    for (const headers of [{}, { tag: 'gray' }, { tag: 'blue' }, { tag: 'red' }]) {
      const fixture = loaded();
      const [destination] = explain(fixture, headers).destinations;
      assert.deepEqual(
        destination?.endpoints.map(({ address }) => address),
        fixture.addresses(USER, 'getUser', headers).map((address) => `${address}:20880`),
      );
    }
  });
});
