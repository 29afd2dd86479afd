import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOT_REACHED, UNREADABLE } from '../protocol/spi.ts';
import { destinationRule, endpoint, entry, exact, Fixture, http, subset, to, virtualService, when } from './routing-fixture.test.ts';

const USER = 'com.acme.UserService';
const ORDER = 'com.acme.OrderService';

function gray() {
  const routes = [
    http('gray', [when({ headers: [exact('tag', 'gray')] })], { destinations: [to(USER, 'v2')], timeoutMs: 0 }),
    http(undefined, [], { destinations: [to(USER, 'v1')] }),
  ];
  return {
    virtualServices: [virtualService('acme/user', [USER], routes)],
    destinationRules: [destinationRule('acme/user', USER, [subset('v1', { version: 'v1' }), subset('v2', { version: 'v2' })])],
  };
}

const twoVersions = [endpoint('10.0.0.1', { version: 'v1' }), endpoint('10.0.0.2', { version: 'v2' })];

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

  it('is found by a hand-written host or alias ignoring case', () => {
    const fixture = new Fixture();
    const serviceEntries = [entry('user.example', undefined, [endpoint('10.0.0.1')], { aliases: ['com.acme.userservice'] })];
    fixture.load({ serviceEntries });
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1']);
    assert.equal(fixture.state.table.find(USER), fixture.state.table.find('COM.ACME.UserService'), 'compiled once for all spellings');
  });

  it('is unknown, with the reason, when nobody announces it or only for another protocol', () => {
    const fixture = new Fixture();
    assert.equal(fixture.ask(USER), `unknown: no registry, no ServiceEntry and no VirtualService knows ${USER}`);
    assert.equal(fixture.ask(''), 'unknown: the request names no service, and no setting of its listener does');
    fixture.registry().upsert(entry('user.acme', USER, [], { protocol: 'other' }));
    assert.equal(fixture.ask(USER), `unknown: ${USER} is announced for other, not for wire`);
  });
});

describe('rules', () => {
  it('choose a subset by header', () => {
    const fixture = new Fixture();
    fixture.registry().upsert(entry('user.acme', USER, twoVersions));
    assert.deepEqual(fixture.load(gray()), []);
    assert.deepEqual(fixture.addresses(USER, 'call', { tag: 'gray' }), ['10.0.0.2']);
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1']);
    assert.equal(fixture.ask(USER), 'acme/user#2');
    assert.equal(fixture.route(USER, 'call', { tag: 'gray' }).timeoutMs, 0);
  });

  it('are not passed by what is not reached, and count what is unreadable', () => {
    const fixture = new Fixture();
    fixture.load(gray());
    assert.equal(fixture.ask(USER, 'call', { tag: NOT_REACHED }), 'not-reached');
    assert.equal(fixture.ask(USER, 'call', { tag: UNREADABLE }), 'acme/user#2');
    assert.equal(fixture.state.stats.get(`${USER} gray`)?.unreadable, 1);
  });

  it('need nothing more when another block of the same route holds', () => {
    const fixture = new Fixture();
    const blocks = [when({ headers: [exact('tag', 'gray')] }), when({ uri: { kind: 'exact', value: `/${USER}/get` } })];
    const routes = [http('either', blocks, { destinations: [to(USER)] }), http('rest', [], { destinations: [to(USER)] })];
    fixture.load({ virtualServices: [virtualService('acme/user', [USER], routes)] });
    assert.equal(fixture.ask(USER, 'get', { tag: NOT_REACHED }), 'either');
    assert.equal(fixture.ask(USER, 'set', { tag: NOT_REACHED }), 'not-reached');
  });

  it('refuse what none of them matches, and say what was tried', () => {
    const fixture = new Fixture();
    fixture.registry().upsert(entry('user.acme', USER, twoVersions));
    const only = (name: string, tag: string) =>
      virtualService(name, [USER], [http(undefined, [when({ headers: [exact('tag', tag)] })], { destinations: [to(USER)] })]);
    fixture.load({ virtualServices: [only('acme/a', 'a')] });
    assert.equal(fixture.ask(USER, 'get'), `no-route: no route for ${USER}/get: the only rule of VirtualService acme/a does not match`);
    fixture.load({ virtualServices: [only('acme/a', 'a'), only('acme/b', 'b')] });
    assert.equal(
      fixture.ask(USER, 'get'),
      `no-route: no route for ${USER}/get: none of the 2 rules of VirtualService acme/a, acme/b matches`,
    );
  });

  it('compare header names as the protocol does', () => {
    for (const caseSensitiveHeaders of [true, false]) {
      const fixture = new Fixture({ caseSensitiveHeaders });
      const routes = [
        http('gray', [when({ headers: [exact('X-Tag', 'gray')] })], { destinations: [to(USER)] }),
        http('rest', [], { destinations: [to(USER)] }),
      ];
      fixture.load({ virtualServices: [virtualService('acme/user', [USER], routes)] });
      assert.equal(fixture.ask(USER, 'call', { 'X-Tag': 'gray' }), caseSensitiveHeaders ? 'gray' : 'rest');
      assert.equal(fixture.ask(USER, 'call', { 'x-tag': 'gray' }), caseSensitiveHeaders ? 'rest' : 'gray');
    }
  });

  it('keep the case of what stands in the brackets of a pseudo-header', () => {
    const fixture = new Fixture({ caseSensitiveHeaders: false });
    const routes = [
      http('gray', [when({ headers: [exact(':argument[userId]', '7')] })], { destinations: [to(USER)] }),
      http('rest', [], { destinations: [to(USER)] }),
    ];
    assert.deepEqual(fixture.load({ virtualServices: [virtualService('acme/user', [USER], routes)] }), []);
    assert.equal(fixture.ask(USER, 'call', { ':argument[userId]': '7' }), 'gray');
    assert.equal(fixture.ask(USER, 'call', { ':argument[userid]': '7' }), 'rest');
    const asked = { service: USER, method: 'call', group: undefined, version: undefined, headers: new Map([[':argument[userId]', '7']]) };
    assert.equal(fixture.state.explain(asked).route?.name, 'gray');
  });

  it('share one scan per set of names, in which the names of filters come first', () => {
    const fixture = new Fixture({ declaredHeaders: ['zone', 'b'] });
    const routes = (host: string, names: readonly string[]) =>
      virtualService(
        `acme/${host}`,
        [host],
        [http(host, [when({ headers: names.map((name) => exact(name, '1')) })], { destinations: [to(host)] })],
      );
    fixture.load({ virtualServices: [routes('A', ['c', 'a', 'b']), routes('B', ['a', 'c']), routes('C', ['zone'])] });
    fixture.scans.length = 0;
    const scans = ['A', 'B', 'C', 'D*'].map((service) => fixture.state.table.find(service)?.scan);
    assert.deepEqual(
      fixture.scans.map(({ names }) => names),
      [
        ['zone', 'b', 'a', 'c'],
        ['zone', 'b'],
      ],
    );
    assert.equal(scans[0], scans[1]);
    assert.equal(
      fixture.scans.every(({ timeout, affinity }) => timeout && !affinity),
      true,
    );
  });

  it('carry edits and what they need of a frame', () => {
    const fixture = new Fixture();
    const requestHeaders = {
      set: new Map([['a', '1']]),
      add: new Map<string, string>(),
      remove: ['b'],
      position: { file: 'f', line: 1, column: 1 },
    };
    const responseHeaders = {
      set: new Map<string, string>(),
      add: new Map<string, string>(),
      remove: [],
      position: { file: 'f', line: 1, column: 1 },
    };
    fixture.load({
      virtualServices: [virtualService('acme/a', ['A'], [http('a', [], { destinations: [to('A')], requestHeaders, responseHeaders })])],
    });
    const route = fixture.route('A');
    assert.deepEqual(route.requestEdits, { set: new Map([['a', '1']]), add: new Map(), remove: ['b'] });
    assert.deepEqual([route.responseEdits, route.needsWholeRequest, route.needsWholeResponse], [undefined, true, false]);
  });
});

describe('changes of the directory', () => {
  it('compile a service only when it is asked for, and again only what changed', () => {
    const fixture = new Fixture();
    for (let i = 0; i < 10_000; i++) fixture.registry().upsert(entry(`s${i}.acme`, `com.acme.S${i}`, [endpoint(`10.0.0.${i}`)]));
    assert.equal(fixture.endpoints.users.size, 0);
    const one = fixture.state.table.find('com.acme.S1');
    const two = fixture.state.table.find('com.acme.S2');
    assert.deepEqual([...fixture.state.table.services], ['com.acme.S1', 'com.acme.S2']);
    fixture.registry().upsert(entry('s1.other', 'g/com.acme.S1', [endpoint('10.1.0.1')]));
    assert.notEqual(fixture.state.table.find('com.acme.S1'), one);
    assert.equal(fixture.state.table.find('com.acme.S2'), two);
  });

  it('of endpoints alone replace a cluster’s endpoints, never the routes', () => {
    const fixture = new Fixture();
    fixture.registry().upsert(entry('user.acme', USER, [endpoint('10.0.0.1'), endpoint('10.0.0.2')]));
    const routes = fixture.state.table.find(USER);
    const cluster = fixture.route(USER).pickCluster();
    fixture.registry().upsert(entry('user.acme', USER, [endpoint('10.0.0.2'), endpoint('10.0.0.3')]));
    assert.equal(fixture.state.table.find(USER), routes);
    assert.deepEqual(
      cluster.endpoints.map((live) => live.endpoint.address),
      ['10.0.0.2', '10.0.0.3'],
    );
    assert.deepEqual(fixture.endpoints.closed, ['10.0.0.1']);
    fixture.registry().upsert(entry('user.acme', USER, []));
    assert.equal(cluster.pick(1, undefined), undefined);
    assert.equal(cluster.describeEmptiness(), `${USER} has no endpoints (known from zk)`);
    assert.deepEqual(fixture.endpoints.users, new Map());
  });

  it('keep endpoints that are held, and say so once they are gone', () => {
    const fixture = new Fixture();
    fixture.registry().upsert(entry('user.acme', USER, [endpoint('10.0.0.1')]));
    fixture.registry().hold('user.acme', 'disconnected');
    fixture.registry().stale(new Error('session lost'));
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1']);
  });

  it('take away a service that is gone', () => {
    const fixture = new Fixture();
    fixture.registry().upsert(entry('user.acme', USER, [endpoint('10.0.0.1')]));
    assert.equal(fixture.ask(USER), USER);
    fixture.registry().remove('user.acme');
    assert.match(fixture.ask(USER), /^unknown: no registry/);
    assert.deepEqual(fixture.endpoints.closed, ['10.0.0.1']);
  });

  it('bring rules into force that were loaded before the service was announced', () => {
    const fixture = new Fixture();
    assert.deepEqual(fixture.load(gray()), []);
    assert.equal(fixture.route(USER).pickCluster().pick(1, undefined), undefined);
    assert.equal(fixture.route(USER).pickCluster().describeEmptiness(), `no registry and no ServiceEntry knows ${USER}`);
    fixture.registry().upsert(entry('user.acme', USER, [endpoint('10.0.0.1', { version: 'v1' })]));
    assert.deepEqual(fixture.addresses(USER), ['10.0.0.1']);
    const cluster = fixture.route(USER, 'call', { tag: 'gray' }).pickCluster();
    assert.equal(cluster.describeEmptiness(), `no endpoint of ${USER} has labels version=v2 (1 endpoint known)`);
  });

  it('refuse a late service whose rules do not fit its protocol, and report it', () => {
    const fixture = new Fixture();
    fixture.registry().upsert(entry('user.acme', USER, [], { protocol: 'other' }));
    const routes = [http('odd', [when({ headers: [exact('?odd', '1')] })], { destinations: [to(USER)] })];
    assert.deepEqual(fixture.load({ virtualServices: [virtualService('acme/user', [USER], routes)] }), [], 'another protocol’s affair');
    fixture.registry('late').upsert(entry('user.late', USER, [endpoint('10.0.0.1')]));
    const message = `the rules for ${USER} do not fit wire: names with a question mark do not exist`;
    assert.equal(fixture.ask(USER), `internal: ${message}`);
    assert.deepEqual(
      fixture.reported.map((problem) => problem.message),
      [message],
    );
  });
});

describe('a configuration change', () => {
  it('is swapped whole, keeps what both use, and lets go of the rest when told', () => {
    const fixture = new Fixture();
    fixture.registry().upsert(entry('user.acme', USER, twoVersions));
    fixture.registry().upsert(entry('order.acme', ORDER, [endpoint('10.0.1.1')]));
    fixture.load(gray());
    const old = fixture.route(USER);
    const order = fixture.route(ORDER);
    fixture.ask(USER, 'call', { tag: 'gray' });
    old.stats.requests = 7;
    const table = fixture.state.table;
    const prepared = fixture.state.prepare({ virtualServices: [], destinationRules: [], serviceEntries: [] });
    assert.deepEqual(prepared.problems, []);
    assert.equal(fixture.state.table, table, 'nothing happens before commit');
    const release = prepared.commit();
    assert.notEqual(fixture.state.table, table);
    assert.equal(fixture.route(ORDER).pickCluster(), order.pickCluster(), 'shared by both snapshots');
    assert.equal(old.pickCluster().pick(1, undefined)?.endpoint.address, '10.0.0.1', 'requests finish on their snapshot');
    release();
    release();
    assert.equal(old.pickCluster().pick(1, undefined), undefined);
    assert.equal(old.pickCluster().describeEmptiness(), `${USER}|v1 is no longer configured`);
    assert.deepEqual(fixture.endpoints.closed, [], 'connections are kept, since the new snapshot uses the addresses too');
    fixture.load(gray());
    assert.equal(fixture.route(USER).stats.requests, 7, 'counters outlive snapshots');
    fixture.state.close();
    assert.deepEqual(fixture.endpoints.users, new Map());
  });
});
