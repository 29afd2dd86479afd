import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { destinationRule, endpoint, entry, exact, Fixture, http, subset, to, virtualService, when } from './routing-fixture.test.ts';

const USER = 'com.acme.UserService';

describe('a service without a VirtualService', () => {
  it('is routed to all its endpoints, without looking at any header', () => {
    const fixture = new Fixture();
    fixture.registry().upsert(entry('user.acme', USER, [endpoint('10.0.0.1'), endpoint('10.0.0.2')]));
    assert.equal(fixture.ask(USER), USER);
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1', '10.0.0.2']);
    assert.deepEqual(fixture.state.table.find(USER)?.names, []);
    assert.equal(fixture.route(USER).timeoutMs, -1);
    assert.equal(fixture.route(USER).origin, 'origin of user.acme');
  });

  it('is found by a hand-written host ignoring case', () => {
    const fixture = new Fixture();
    fixture.load({ serviceEntries: [entry('com.acme.userservice', undefined, [endpoint('10.0.0.1')])] });
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1']);
    assert.equal(fixture.state.table.find(USER), fixture.state.table.find('COM.ACME.UserService'));
  });

  it('is unknown, with the reason, when nobody announces it or only for another protocol', () => {
    const fixture = new Fixture();
    assert.equal(fixture.ask(USER), `unknown: no registry, no ServiceEntry and no VirtualService knows ${USER}`);
    fixture.registry().upsert(entry('user.acme', USER, [], { protocol: 'tri' }));
    assert.equal(fixture.ask(USER), `unknown: ${USER} is announced for tri, not for wire`);
  });
});

describe('rules', () => {
  const gray = (fixture: Fixture) =>
    fixture.load({
      virtualServices: [
        virtualService(
          'acme/user',
          [USER],
          [
            http('gray', [when({ headers: [exact('tag', 'gray')] })], { destinations: [to(USER, 'v2')], timeoutMs: 0 }),
            http(undefined, [], { destinations: [to(USER, 'v1')] }),
          ],
        ),
      ],
      destinationRules: [destinationRule('acme/user', USER, [subset('v1', { version: 'v1' }), subset('v2', { version: 'v2' })])],
    });

  it('choose a subset by header', () => {
    const fixture = new Fixture();
    fixture.registry().upsert(entry('user.acme', USER, [endpoint('10.0.0.1', { version: 'v1' }), endpoint('10.0.0.2', { version: 'v2' })]));
    assert.deepEqual(gray(fixture), []);
    assert.deepEqual(fixture.addresses(USER, 'call', { tag: 'gray' }), ['10.0.0.2']);
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1']);
    assert.equal(fixture.ask(USER), 'acme/user#2');
    assert.equal(fixture.route(USER, 'call', { tag: 'gray' }).timeoutMs, 0);
  });

  it('apply to a service that is announced after they were loaded', () => {
    const fixture = new Fixture();
    assert.deepEqual(gray(fixture), []);
    assert.equal(fixture.route(USER).pickCluster().pick(1, undefined), undefined);
    assert.equal(fixture.route(USER).pickCluster().describeEmptiness(), `no registry and no ServiceEntry knows ${USER}`);
    fixture.registry().upsert(entry('user.acme', USER, [endpoint('10.0.0.1', { version: 'v1' })]));
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1']);
    assert.equal(
      fixture.route(USER, 'call', { tag: 'gray' }).pickCluster().describeEmptiness(),
      `no endpoint of ${USER} has labels version=v2 (1 endpoint known)`,
    );
  });
});
