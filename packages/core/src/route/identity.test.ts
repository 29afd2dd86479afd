import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOT_REACHED, UNREADABLE } from '../protocol/spi.ts';
import { endpoint, entry, Fixture, http, to, virtualService } from './routing-fixture.test.ts';

const USER = 'com.acme.UserService';

function called(name: string, host: string) {
  return virtualService(`acme/${name}`, [host], [http(name, [], { destinations: [to(USER)] })]);
}

describe('the most specific host', () => {
  const services = [called('any', USER), called('group', `g/${USER}`), called('both', `g/${USER}:1`)];
  const table: [string, string | undefined, string | undefined, string][] = [
    ['announced with the same group and version', 'g', '1', 'both'],
    ['announced with the group and another version', 'g', '2', 'group'],
    ['announced with the group and no version', 'g', undefined, 'group'],
    ['announced with another group', 'h', '1', 'any'],
    ['announced with neither', undefined, undefined, 'any'],
  ];
  for (const [what, group, version, route] of table) {
    it(`is found for a service ${what}: ${route}`, () => {
      const fixture = new Fixture();
      assert.deepEqual(fixture.load({ virtualServices: services }), []);
      fixture.registry().upsert({ ...entry('user.acme', USER, [endpoint('10.0.0.1')]), identity: { name: USER, group, version } });
      assert.equal(fixture.ask(USER), route);
      assert.deepEqual(fixture.state.table.find(USER)?.names, [], 'one identity: nothing is looked up');
    });
    it(`is found for a request to a service that is not announced, ${what}: ${route}`, () => {
      const fixture = new Fixture();
      assert.deepEqual(fixture.load({ virtualServices: services }), []);
      assert.equal(fixture.ask(USER, 'call', { ':group': group, ':version': version }), route);
    });
  }

  it('may be the DNS name of an entry, which means its identity', () => {
    const fixture = new Fixture();
    assert.deepEqual(fixture.load({ virtualServices: [called('dns', 'b.user.acme'), called('key', `b/${USER}`)] }), []);
    fixture.registry().upsert(entry('a.user.acme', `a/${USER}`, [endpoint('10.0.0.1')]));
    fixture.registry().upsert(entry('b.user.acme', `b/${USER}`, [endpoint('10.0.0.2')]));
    assert.equal(fixture.ask(USER, 'call', { ':group': 'b' }), 'dns');
    assert.equal(fixture.ask(USER, 'call', { ':group': 'a' }), `a/${USER}`);
  });

  it('is not guessed between two equally specific ones', () => {
    const problems = new Fixture().load({ virtualServices: [called('group', `g/${USER}`), called('version', `${USER}:1`)] });
    assert.equal(problems.length, 1);
    assert.match(
      problems[0]?.message ?? '',
      /^host com\.acme\.UserService:1 of acme\/version and g\/com\.acme\.UserService of acme\/group at mesh\.yaml:\d+:3 are equally specific: both mean g\/com\.acme\.UserService:1; write/,
    );
    assert.ok(problems[0]?.position);
  });

  it('is not in conflict with one that can never meet it', () => {
    assert.deepEqual(new Fixture().load({ virtualServices: [called('a', `a/${USER}`), called('b', `b/${USER}`)] }), []);
  });

  it('may be a wildcard, the longest first, when nothing names the service', () => {
    const fixture = new Fixture();
    const services = [called('all', '*'), called('acme', '*.acme'), called('user', 'user.acme')];
    assert.deepEqual(fixture.load({ virtualServices: services }), []);
    fixture.registry().upsert(entry('user.acme', USER, [endpoint('10.0.0.1')]));
    fixture.registry().upsert(entry('order.acme', 'com.acme.OrderService', [endpoint('10.0.0.1')]));
    assert.equal(fixture.ask(USER), 'user');
    assert.equal(fixture.ask('com.acme.OrderService'), 'acme');
    assert.equal(fixture.ask('nobody.acme'), 'acme');
    assert.equal(fixture.ask('nobody'), 'all');
    fixture.registry().upsert(entry('nobody.example', 'nobody', [endpoint('10.0.0.1')]));
    assert.equal(fixture.ask('nobody'), 'all', 'a wildcard speaks of announced services too');
  });

  it('may be the interface in lower case, as Istio wants hosts', () => {
    const fixture = new Fixture();
    assert.deepEqual(fixture.load({ virtualServices: [called('lower', USER.toLowerCase())] }), []);
    assert.equal(fixture.ask(USER), 'lower');
    fixture.registry().upsert(entry('user.acme', USER, [endpoint('10.0.0.1')]));
    assert.equal(fixture.ask(USER), 'lower');
    fixture.registry().upsert(entry('other.acme', USER.toLowerCase(), [endpoint('10.0.0.2')]));
    assert.equal(fixture.ask(USER), USER, 'another interface is really called that');
    assert.equal(fixture.ask(USER.toLowerCase()), 'lower');
  });
});

describe('several identities of one interface', () => {
  function twoGroups(): Fixture {
    const fixture = new Fixture();
    fixture.registry().upsert(entry('a.user.acme', `a/${USER}:1`, [endpoint('10.0.0.1')]));
    fixture.registry().upsert(entry('user.acme', USER, [endpoint('10.0.0.2')]));
    return fixture;
  }

  it('are told apart by group and version, where absent means absent', () => {
    const fixture = twoGroups();
    assert.deepEqual(fixture.state.table.find(USER)?.names, [':group', ':version']);
    assert.deepEqual(fixture.addresses(USER, 'call', { ':group': 'a', ':version': '1' }), ['10.0.0.1']);
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.2']);
    assert.deepEqual(fixture.addresses(USER, 'call', { ':group': '', ':version': '' }), ['10.0.0.2']);
    assert.equal(
      fixture.ask(USER, 'call', { ':group': 'a' }),
      `no-route: no route for ${USER} with group "a" and version absent; known: group "a" version "1", group absent version absent`,
    );
  });

  it('wait for a part of the frame that is not reached, and refuse what cannot be read', () => {
    const fixture = twoGroups();
    assert.equal(fixture.ask(USER, 'call', { ':group': 'a', ':version': NOT_REACHED }), 'not-reached');
    assert.match(
      fixture.ask(USER, 'call', { ':group': UNREADABLE }),
      /^bad-request: com\.acme\.UserService exists in several groups or versions/,
    );
  });

  it('are kept by a destination that names the same interface', () => {
    const fixture = twoGroups();
    assert.deepEqual(fixture.load({ virtualServices: [called('any', USER)] }), []);
    assert.deepEqual(fixture.addresses(USER, 'call', { ':group': 'a', ':version': '1' }), ['10.0.0.1']);
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.2']);
  });

  it('are left by a destination that names another group or a DNS name', () => {
    const fixture = twoGroups();
    const toGroup = virtualService('acme/x', [USER], [http('x', [], { destinations: [to(`a/${USER}`)] })]);
    assert.deepEqual(fixture.load({ virtualServices: [toGroup] }), []);
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1']);
    const toHost = virtualService('acme/x', [USER], [http('x', [], { destinations: [to('A.user.acme')] })]);
    assert.deepEqual(fixture.load({ virtualServices: [toHost] }), []);
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1']);
  });

  it('are looked up only while there are several', () => {
    const fixture = twoGroups();
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.2']);
    fixture.registry().remove('a.user.acme');
    assert.deepEqual(fixture.state.table.find(USER)?.names, []);
    assert.deepEqual(fixture.addresses(USER, 'call', { ':group': 'a' }), ['10.0.0.2'], 'the provider itself refuses the group');
  });

  it('in files leave open what is not written', () => {
    const fixture = new Fixture();
    const serviceEntries = [entry('a.acme', `a/${USER}`, [endpoint('10.0.0.1')]), entry('rest.acme', USER, [endpoint('10.0.0.2')])];
    assert.deepEqual(fixture.load({ serviceEntries }), []);
    assert.deepEqual(fixture.addresses(USER, 'call', { ':group': 'a', ':version': '9' }), ['10.0.0.1']);
    assert.deepEqual(fixture.addresses(USER, 'call', { ':group': 'b' }), ['10.0.0.2']);
  });

  it('of one group and version are one, whoever announces them', () => {
    const fixture = new Fixture();
    fixture.registry('zk1').upsert(entry('user.acme', USER, [endpoint('10.0.0.1'), endpoint('10.0.0.2')]));
    fixture.registry('zk2').upsert(entry('user.acme', USER, [endpoint('10.0.0.2'), endpoint('10.0.0.3')]));
    fixture.registry('zk3').upsert(entry('user.elsewhere', USER, [endpoint('10.0.0.4')]));
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']);
  });
});
