import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndpointCondition, EndpointRule, RequestCondition } from '../registry/endpoint-rule.ts';
import { endpoint, entry, Fixture } from './routing-fixture.test.ts';
import { REMEMBERED_SETS } from './ruled-endpoints.ts';

const USER = 'com.acme.UserService';

function from(match: RequestCondition['match'], negated = false): RequestCondition {
  return { of: { kind: 'source' }, match, negated };
}

function atAddress(negated = false): EndpointCondition {
  return { of: { kind: 'ip' }, match: { kind: 'source' }, negated };
}

function atIp(value: string): EndpointCondition {
  return { of: { kind: 'ip' }, match: { kind: 'exact', value }, negated: false };
}

function rule(more: Partial<EndpointRule>): EndpointRule {
  return { origin: '/rules/r', text: 'r', match: [], choices: [], otherwise: 'refuse', ...more };
}

const ENDPOINTS = [endpoint('10.0.0.1'), endpoint('10.0.0.2'), endpoint('10.0.0.3')];

function ruled(endpointRules: readonly EndpointRule[], endpoints = ENDPOINTS, fixture = new Fixture()): Fixture {
  fixture.registry().upsert(entry('user.acme', USER, endpoints, { endpointRules }));
  return fixture;
}

/** The last part of the addresses of those that take the calls of a caller. */
function takers(fixture: Fixture, peerAddress: string): string {
  fixture.peerAddress = peerAddress;
  return fixture
    .addresses(USER)
    .map((address) => address.slice(address.lastIndexOf('.') + 1))
    .join();
}

describe('rules that look at who asks', () => {
  it('are for callers from some addresses', () => {
    const fixture = ruled([rule({ match: [from({ kind: 'prefix', value: '10.1.' })], choices: [[atIp('10.0.0.2')]] })]);
    assert.equal(takers(fixture, '10.1.0.7'), '2');
    assert.equal(takers(fixture, '10.2.0.7'), '1,2,3');
    assert.deepEqual(fixture.state.table.find(USER)?.names, [], 'no header is looked at');
  });

  it('are for callers from all other addresses', () => {
    const black = ruled([rule({ match: [from({ kind: 'exact', value: '10.1.0.7' }, true)] })]);
    assert.equal(takers(black, '10.1.0.7'), '1,2,3');
    assert.equal(takers(black, '10.1.0.8'), '');
  });

  it('choose endpoints at the address of the caller, and others than that', () => {
    const own = ruled([rule({ choices: [[atAddress()]], otherwise: 'pass' })]);
    assert.equal(takers(own, '10.0.0.2'), '2');
    assert.equal(takers(own, '10.0.0.3'), '3');
    assert.equal(takers(own, '10.9.9.9'), '1,2,3');
    const others = ruled([rule({ choices: [[atAddress(true)]] })]);
    assert.equal(takers(others, '10.0.0.2'), '1,3');
    assert.equal(takers(others, '10.9.9.9'), '1,2,3');
  });

  it('find an endpoint of the caller that comes later, and make one cluster for each endpoint at most', () => {
    const fixture = ruled([rule({ choices: [[atAddress()]] })]);
    for (let caller = 0; caller < 2 * REMEMBERED_SETS; caller++) takers(fixture, `10.1.${caller >> 8}.${caller & 255}`);
    assert.equal([...fixture.clusters.all()].length, 2);
    assert.equal(takers(fixture, '10.1.0.7'), '');
    assert.equal(takers(fixture, '10.0.0.2'), '2');
    ruled([rule({ choices: [[atAddress()]] })], [...ENDPOINTS, endpoint('10.1.0.7')], fixture);
    assert.equal(takers(fixture, '10.1.0.7'), '7');
    assert.deepEqual([...fixture.clusters.all()].map(({ name }) => name.slice(USER.length)).sort(), [
      '',
      '|rules-1',
      '|rules-1@10.0.0.2',
      '|rules-1@10.1.0.7',
    ]);
    ruled([rule({ choices: [[atAddress()]] })], [endpoint('10.0.0.1')], fixture);
    assert.equal(takers(fixture, '10.1.0.7'), '');
    assert.equal([...fixture.clusters.all()].length, 2, 'those of endpoints that are gone are let go');
  });

  it('are explained for the address that is asked for, and for none', () => {
    const fixture = ruled([rule({ match: [from({ kind: 'exact', value: '10.1.0.7' })], choices: [[atIp('10.0.0.2')]] })]);
    const asked = { service: USER, method: 'call', group: undefined, version: undefined, headers: new Map<string, string>() };
    const [known] = fixture.state.explain({ ...asked, source: '10.1.0.7' }).endpointRules;
    assert.equal(known?.why, 'chose 1 of 3 endpoints');
    const condition = { condition: 'source exact "10.1.0.7"', origin: '/rules/r' };
    assert.deepEqual(known?.conditions, [{ ...condition, verdict: 'holds', actual: '10.1.0.7' }]);
    const [unknown] = fixture.state.explain(asked).endpointRules;
    assert.equal(unknown?.why, 'not for this request, but for requests with source exact "10.1.0.7"');
    assert.deepEqual(unknown?.conditions, [{ ...condition, verdict: 'fails', actual: undefined }]);
  });
});
