import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MeshResources } from '../config/model.ts';
import { formatPosition } from '../errors/config-error.ts';
import {
  destinationRule,
  endpoint,
  entry,
  exact,
  Fixture,
  type FixtureOptions,
  http,
  subset,
  to,
  virtualService,
  when,
} from './routing-fixture.test.ts';

/** Messages of the problems, each with whether it has the position that is expected. */
function problems(resources: Partial<MeshResources>, options: FixtureOptions = {}, fixture = new Fixture(options)): string[] {
  return fixture.load(resources).map(({ severity, message, position }) => {
    assert.equal(severity, 'error');
    assert.ok(position);
    assert.match(formatPosition(position), /^mesh\.yaml:\d+:3$/);
    return message;
  });
}

function route(more: Partial<Parameters<typeof http>[2]>, matches: Parameters<typeof http>[1] = []) {
  return { virtualServices: [virtualService('acme/a', ['A'], [http('r', matches, { destinations: [to('A')], ...more })])] };
}

describe('a configuration is refused', () => {
  it('for a header name that the protocol cannot have, naming route and protocol', () => {
    const match = when({ headers: [exact('fine', '1')], withoutHeaders: [exact('?odd', '1')] });
    const [message] = problems(route({}, [match]));
    assert.equal(message, 'route r: protocol wire has no header ?odd: names with a question mark do not exist');
  });

  it('for conditions that only HTTP can meet, with what to write instead', () => {
    const http = (name: string) => problems(route({}, [when({ headers: [exact(name, 'x')] })]));
    assert.deepEqual([':method', ':scheme', ':query[a]'].flatMap(http), [
      'route r: match.method means the HTTP method, which requests of protocol wire do not have. An RPC method is part of uri: write uri: {exact: /com.acme.UserService/getUser}',
      'route r: match.scheme: requests of protocol wire have no scheme',
      'route r: match.queryParams: requests of protocol wire have no query',
    ]);
  });

  it('for edits that the protocol can make to no message', () => {
    const edits = {
      set: new Map([[':fixed', '1']]),
      add: new Map<string, string>(),
      remove: [],
      position: { file: 'mesh.yaml', line: 1, column: 3 },
    };
    assert.deepEqual(problems(route({ requestHeaders: edits, responseHeaders: edits })), [
      'route r: request headers of protocol wire cannot be changed so: :fixed is fixed',
      'route r: response headers of protocol wire cannot be changed so: :fixed is fixed',
    ]);
  });

  it('for edits that the protocol cannot make, naming the facet', () => {
    const edits = {
      set: new Map([['a', '1']]),
      add: new Map<string, string>(),
      remove: [],
      position: { file: 'mesh.yaml', line: 1, column: 3 },
    };
    assert.deepEqual(problems(route({ requestHeaders: edits, responseHeaders: edits }), { capabilities: ['routing'] }), [
      'route r: changing request headers needs the mediation facet, which protocol wire does not have',
      'route r: changing response headers needs the mediation facet, which protocol wire does not have',
    ]);
  });

  it('for rules about services when the protocol has no routing', () => {
    assert.deepEqual(problems(route({}), { capabilities: [] }), [
      'route r: host A needs the routing facet, which protocol wire does not have',
    ]);
    const everybody = (matches: Parameters<typeof http>[1]) => [
      virtualService('acme/a', ['*'], [http('r', matches, { destinations: [to('A')] })]),
    ];
    assert.deepEqual(problems({ virtualServices: everybody([when({ headers: [exact('a', '1')] })]) }, { capabilities: [] }), [
      'route r: its conditions need the routing facet, which protocol wire does not have',
    ]);
    assert.deepEqual(problems({ virtualServices: everybody([]) }, { capabilities: [] }), []);
  });

  it('for a subset that no DestinationRule defines', () => {
    const resources = route({ destinations: [to('A', 'v3')] });
    assert.deepEqual(problems(resources), ['route r: subset v3 of A is not defined: no DestinationRule speaks of this host']);
    const destinationRules = [destinationRule('acme/a', 'A', [subset('v1', {}), subset('v2', {})])];
    const [message] = problems({ ...resources, destinationRules });
    assert.match(message ?? '', /^route r: subset v3 of A is not defined: acme\/a \(mesh\.yaml:\d+:3\) has v1, v2$/);
  });

  it('but not for a subset that is defined for one group only, or by DNS name', () => {
    const resources = route({ destinations: [to('A', 'v1')] });
    const fixture = new Fixture();
    fixture.registry().upsert(entry('a.acme', 'g/A', [endpoint('10.0.0.1')]));
    assert.deepEqual(problems({ ...resources, destinationRules: [destinationRule('x', 'g/A', [subset('v1', {})])] }, {}, fixture), []);
    assert.deepEqual(problems({ ...resources, destinationRules: [destinationRule('x', 'a.acme', [subset('v1', {})])] }, {}, fixture), []);
  });

  it('for a load balancer that does not exist, and for a subset defined twice', () => {
    const twice = [subset('v1', {}), subset('v1', { a: 'b' }, 'MAGLEV')];
    const messages = problems({ destinationRules: [destinationRule('acme/a', 'A', twice, 'NONE_SUCH')] });
    assert.equal(messages[0], 'DestinationRule acme/a: no load balancer is called NONE_SUCH; there are ROUND_ROBIN, RANDOM, LEAST_REQUEST');
    assert.equal(messages[1], 'DestinationRule acme/a: no load balancer is called MAGLEV; there are ROUND_ROBIN, RANDOM, LEAST_REQUEST');
    assert.match(messages[2] ?? '', /^DestinationRule acme\/a: subset v1 is also defined at mesh\.yaml:\d+:3$/);
  });

  it('for equally specific DestinationRules', () => {
    const [message] = problems({ destinationRules: [destinationRule('x', 'g/A', []), destinationRule('y', 'A:1', [])] });
    assert.match(message ?? '', /^host A:1 of y and g\/A of x at mesh\.yaml:\d+:3 are equally specific/);
  });

  it('for weights that are all 0, and hosts with empty parts', () => {
    assert.deepEqual(problems(route({ destinations: [to('A'), to('B')] })), ['route r: the weights of its destinations are all 0']);
    assert.deepEqual(problems(route({ destinations: [to('A:')] })), ['route r: host A: has an empty part']);
    const [message] = problems({ virtualServices: [virtualService('x', ['/A'], [])] });
    assert.match(message ?? '', /^host "\/A": write group\/interface:version/);
  });

  it('and keeps what is in force', () => {
    const fixture = new Fixture();
    assert.deepEqual(fixture.load(route({})), []);
    const before = fixture.state.table;
    assert.equal(problems(route({ destinations: [to('A', 'v3')] }), {}, fixture).length, 1);
    assert.equal(fixture.state.table, before);
    assert.equal(fixture.ask('A'), 'r');
  });
});
