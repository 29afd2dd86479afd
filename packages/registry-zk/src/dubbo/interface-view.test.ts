import assert from 'node:assert/strict';
import { test } from 'node:test';
import { javaUrlEncode, providerUrl } from '../testing/providers.ts';
import { InterfaceView } from './interface-view.ts';

const FLEET = 'com.acme.api.Fleet';

function node(port: number, parameters: Readonly<Record<string, string>> = {}): string {
  return javaUrlEncode(providerUrl(FLEET, port, parameters));
}

function view(): { fleet: InterfaceView; odd: string[] } {
  const odd: string[] = [];
  return { fleet: new InterfaceView('/p', FLEET, (_, { kind, reason }) => odd.push(`${kind}: ${reason}`)), odd };
}

test('one entry for each group and version, endpoints in order whatever the order of children', () => {
  const children = [node(2), node(1), node(3, { version: '1.0', group: 'g' }), node(4, { version: '2.0' })];
  const { fleet } = view();
  const entries = fleet.update(children);
  assert.deepEqual(
    entries.map((entry) => [entry.annotations.get('polywire.io/service'), entry.endpoints.map((endpoint) => endpoint.port)]),
    [
      [FLEET, [1, 2]],
      [`g/${FLEET}:1.0`, [3]],
      [`${FLEET}:2.0`, [4]],
    ],
  );
  const { fleet: other } = view();
  assert.deepEqual(
    new Map(other.update(children.reverse()).map((entry) => [entry.host, entry])),
    new Map(entries.map((entry) => [entry.host, entry])),
  );
});

test('only what changed is returned, and unchanged endpoints are the same objects', () => {
  const { fleet } = view();
  const children = [node(1), node(4, { version: '2.0' })];
  const [first] = fleet.update(children);
  assert.deepEqual(fleet.update([...children].reverse()), []);
  const changed = fleet.update([...children, node(2)]);
  assert.deepEqual(
    changed.map((entry) => entry.host),
    [first?.host],
  );
  assert.equal(changed[0]?.endpoints[0], first?.endpoints[0]);
});

test('a version without providers stays, empty, and is said once', () => {
  const { fleet } = view();
  fleet.update([node(1), node(4, { version: '2.0' })]);
  const emptied = fleet.update([node(1)]);
  assert.deepEqual(
    emptied.map((entry) => [entry.identity?.version, entry.endpoints.length]),
    [['2.0', 0]],
  );
  assert.deepEqual(fleet.update([node(1)]), []);
  assert.equal([...fleet.entries()].length, 2);
});

test('a node that cannot be read neither keeps a dead provider nor is told twice', () => {
  const { fleet, odd } = view();
  fleet.update([node(1), 'junk']);
  const [emptied] = fleet.update(['junk']);
  assert.deepEqual(emptied?.endpoints, []);
  assert.deepEqual(odd, ['unreadable: not protocol://host:port/path']);
});

test('of two nodes for one address the one registered later counts', () => {
  const children = [node(1, { timestamp: '200', weight: '2' }), node(1, { timestamp: '1000', weight: '10' })];
  for (const order of [children, [...children].reverse()]) {
    const { fleet } = view();
    const [entry] = fleet.update(order);
    assert.deepEqual(
      entry?.endpoints.map((endpoint) => endpoint.weight),
      [10],
    );
  }
});

test('host names are resolved by DNS, addresses are not', () => {
  const { fleet } = view();
  assert.equal(fleet.update([node(1)])[0]?.resolution, 'STATIC');
  assert.equal(fleet.update([node(1), node(2).replace('127.0.0.1', 'pod.acme')])[0]?.resolution, 'DNS');
});
