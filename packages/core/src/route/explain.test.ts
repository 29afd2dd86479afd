import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UNREADABLE } from '../protocol/spi.ts';
import { destinationRule, endpoint, entry, exact, Fixture, http, subset, to, virtualService, when } from './routing-fixture.test.ts';

const USER = 'com.acme.UserService';

function request(headers: Readonly<Record<string, string>> = {}, group?: string, version?: string, service = USER) {
  return { service, method: 'getUser', group, version, headers: new Map(Object.entries(headers)) };
}

function loaded(): Fixture {
  const fixture = new Fixture();
  const endpoints = [
    endpoint('10.0.0.1', { version: 'v1' }),
    endpoint('10.0.0.2', { version: 'v2' }),
    endpoint('10.0.0.3', { version: 'v2' }, 0),
  ];
  fixture.registry().upsert(entry('user.acme', USER, endpoints));
  const match = when({
    uri: { kind: 'prefix', value: `/${USER}/get` },
    headers: [exact('tag', 'gray')],
    withoutHeaders: [exact('debug', '1')],
  });
  const routes = [
    http('gray', [match], { destinations: [to(USER, 'v2')], timeoutMs: 500 }),
    http('split', [], { destinations: [to(USER, 'v1', 90), to(USER, 'v2', 10)] }),
  ];
  const virtualServices = [
    virtualService('acme/user', [USER], routes),
    virtualService('acme/group', [`g/${USER}`], routes),
    virtualService('acme/all', ['*'], routes),
  ];
  const destinationRules = [
    destinationRule('acme/user', USER, [subset('v1', { version: 'v1' }), subset('v2', { version: 'v2' }, 'RANDOM')]),
  ];
  assert.deepEqual(fixture.load({ virtualServices, destinationRules }), []);
  return fixture;
}

describe('explain', () => {
  it('shows the rule that matched, with its conditions, and those that were not asked', () => {
    const report = loaded().state.explain(request({ tag: 'gray' }));
    assert.deepEqual(
      report.rules.map(({ route, outcome }) => [route, outcome]),
      [
        ['gray', 'matched'],
        ['split', 'not-asked'],
      ],
    );
    const conditions = report.rules[0]?.conditions.map(({ condition, verdict, actual }) => [condition, verdict, actual]);
    assert.deepEqual(conditions, [
      [`uri prefix "/${USER}/get"`, 'holds', `/${USER}/getUser`],
      ['header tag exact "gray"', 'holds', 'gray'],
      ['without header debug exact "1"', 'holds', undefined],
    ]);
    assert.equal(report.route?.name, 'gray');
    assert.equal(report.route?.timeoutMs, 500);
    assert.match(report.rules[0]?.origin ?? '', /^mesh\.yaml:\d+:3$/);
    assert.match(report.rules[0]?.conditions[1]?.origin ?? '', /^mesh\.yaml:\d+:3$/);
    assert.notEqual(report.rules[0]?.conditions[1]?.origin, report.rules[0]?.conditions[2]?.origin);
  });

  it('shows why a rule did not match, and where the rest goes by weight', () => {
    const report = loaded().state.explain(request({ tag: 'blue', debug: '1' }));
    assert.deepEqual(
      report.rules.map(({ route, outcome }) => [route, outcome]),
      [
        ['gray', 'not-matched'],
        ['split', 'matched'],
      ],
    );
    assert.deepEqual(
      report.rules[0]?.conditions.map(({ verdict }) => verdict),
      ['holds', 'fails', 'fails'],
    );
    assert.deepEqual(
      report.destinations.map(({ cluster, share, loadBalancer }) => [cluster, share, loadBalancer]),
      [
        [`${USER}|v1`, 0.9, 'ROUND_ROBIN'],
        [`${USER}|v2`, 0.1, 'RANDOM'],
      ],
    );
  });

  it('shows what an endpoint counts while it warms up', () => {
    const fixture = loaded();
    const startedAt = Date.now() - 30_000;
    const warmUp = { durationMs: 60_000, leastWeight: 50, leastShare: 0 };
    const entries = fixture.store.byInterface(USER).map(({ entry }) => entry);
    for (const entry of entries) {
      fixture.registry().upsert({ ...entry, endpoints: entry.endpoints.map((each) => ({ ...each, startedAt, warmUp })) });
    }
    const [destination] = fixture.state.explain(request({ tag: 'gray' })).destinations;
    assert.deepEqual(destination?.endpoints[0]?.warming, { weight: 50, until: new Date(startedAt + 60_000).toISOString() });
    const seen = () => fixture.state.explain(request({ tag: 'gray' })).destinations[0]?.endpoints[0];
    for (const entry of entries) {
      fixture.registry().upsert({ ...entry, endpoints: entry.endpoints.map((each) => ({ ...each, warmUp })) });
    }
    assert.equal(seen()?.warming, undefined, 'only the proxy knows since when');
  });

  it('shows the endpoints that are chosen among, and why others are not', () => {
    const [destination] = loaded().state.explain(request({ tag: 'gray' })).destinations;
    assert.deepEqual(destination?.endpoints, [
      { address: '10.0.0.2:20880', weight: 100, labels: new Map([['version', 'v2']]), origin: '/providers/10.0.0.2', available: true },
    ]);
    assert.deepEqual(
      destination?.leftOut.map(({ address, why }) => [address, why]),
      [
        ['10.0.0.1:20880', 'label version is "v1", subset v2 wants "v2"'],
        ['10.0.0.3:20880', 'its weight is 0'],
      ],
    );
    assert.equal(destination?.emptiness, undefined);
  });

  it('shows which VirtualService is in force and why others are not', () => {
    const { virtualServices } = loaded().state.explain(request());
    assert.deepEqual(
      virtualServices.map(({ name, host, chosen, why }) => [name, host, chosen, why]),
      [
        ['acme/group', `g/${USER}`, false, 'it means group "g" version any, the request is for group absent version absent'],
        ['acme/user', USER, true, 'its host is the most specific for this request'],
        ['acme/all', '*', false, 'a host of acme/user is more specific'],
      ],
    );
  });

  it('shows the identities that are known, and which is meant', () => {
    const fixture = loaded();
    fixture.registry('zk2').upsert(entry('g.user.acme', `g/${USER}:2`, [endpoint('10.0.0.9')]));
    const report = fixture.state.explain(request({}, 'g', '2'));
    assert.deepEqual(
      report.identities.map(({ key, host, source, chosen, endpoints }) => [key, host, source, chosen, endpoints]),
      [
        [USER, 'user.acme', 'zk', false, 3],
        [`g/${USER}:2`, 'g.user.acme', 'zk2', true, 1],
      ],
    );
    assert.equal(report.virtualServices.find(({ chosen }) => chosen)?.name, 'acme/group');
    assert.match(
      report.destinations[0]?.emptiness ?? '',
      /^no endpoint of g\/com\.acme\.UserService:2 has labels version=v1 \(1 endpoint known\)$/,
    );
  });

  it('says why a request is refused', () => {
    const fixture = loaded();
    fixture.registry('zk2').upsert(entry('g.user.acme', `g/${USER}:2`, [endpoint('10.0.0.9')]));
    const other = fixture.state.explain(request({}, 'h'));
    assert.equal(other.route, undefined);
    assert.match(other.refusal?.message ?? '', /^no route for com\.acme\.UserService with group "h" and version absent; known: group/);
    assert.ok(other.virtualServices.every(({ chosen }) => !chosen));
    const unknown = new Fixture().state.explain(request({}, undefined, undefined, 'Nobody'));
    assert.equal(unknown.refusal?.message, 'no registry, no ServiceEntry and no VirtualService knows Nobody');
    assert.deepEqual([unknown.identities, unknown.rules, unknown.destinations], [[], [], []]);
  });

  it('shows how many requests had a rule undecided', () => {
    const fixture = loaded();
    assert.equal(fixture.ask(USER, 'getUser', { tag: UNREADABLE }), 'split');
    assert.deepEqual(
      fixture.state.explain(request()).rules.map(({ unreadable }) => unreadable),
      [1, 0],
    );
  });

  it('agrees with what requests meet', () => {
    const fixture = loaded();
    for (const headers of [{}, { tag: 'gray' }, { tag: 'gray', debug: '1' }, { tag: 'x' }]) {
      assert.equal(fixture.state.explain(request(headers)).route?.name, fixture.ask(USER, 'getUser', headers));
    }
  });
});
