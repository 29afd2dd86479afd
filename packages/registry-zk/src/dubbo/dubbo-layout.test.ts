import assert from 'node:assert/strict';
import { test } from 'node:test';
import { named, TestLeaf } from '../testing/leaf.ts';
import { javaUrlEncode, providerUrl } from '../testing/providers.ts';
import { DubboLayout } from './dubbo-layout.ts';

const FLEET = 'com.acme.api.Fleet';

function node(port: number, parameters: Readonly<Record<string, string>> = {}): string {
  return javaUrlEncode(providerUrl(FLEET, port, parameters));
}

function view(): { fleet: TestLeaf; log: string[] } {
  const log: string[] = [];
  return { fleet: new TestLeaf(new DubboLayout('/dubbo', (level, message) => log.push(`${level}: ${message}`)), [FLEET]), log };
}

test('one entry for each group and version, endpoints in order whatever the order of children', () => {
  const children = [node(2), node(1), node(3, { version: '1.0', group: 'g' }), node(4, { version: '2.0' })];
  const { fleet } = view();
  const entries = fleet.update(named(children));
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
    new Map(other.update(named(children.reverse())).map((entry) => [entry.host, entry])),
    new Map(entries.map((entry) => [entry.host, entry])),
  );
});

test('only what changed is returned, and unchanged endpoints are the same objects', () => {
  const { fleet } = view();
  const children = [node(1), node(4, { version: '2.0' })];
  const [first] = fleet.update(named(children));
  assert.deepEqual(fleet.update(named([...children].reverse())), []);
  const changed = fleet.update(named([...children, node(2)]));
  assert.deepEqual(
    changed.map((entry) => entry.host),
    [first?.host],
  );
  assert.equal(changed[0]?.endpoints[0], first?.endpoints[0]);
});

test('a version without providers stays, empty, and is said once', () => {
  const { fleet } = view();
  fleet.update(named([node(1), node(4, { version: '2.0' })]));
  const emptied = fleet.update(named([node(1)]));
  assert.deepEqual(
    emptied.map((entry) => [entry.identity?.version, entry.endpoints.length]),
    [['2.0', 0]],
  );
  assert.deepEqual(fleet.update(named([node(1)])), []);
  assert.equal(fleet.entries.size, 2);
});

test('a node that cannot be read neither keeps a dead provider nor is told twice', () => {
  const { fleet, log } = view();
  fleet.update(named([node(1), 'junk']));
  const [emptied] = fleet.update(named(['junk']));
  assert.deepEqual(emptied?.endpoints, []);
  assert.deepEqual(log, [`warn: unreadable provider of ${FLEET}: not protocol://host:port/path`]);
});

test('of two nodes for one address the one registered later counts', () => {
  const children = [node(1, { timestamp: '200', weight: '2' }), node(1, { timestamp: '1000', weight: '10' })];
  for (const order of [children, [...children].reverse()]) {
    const { fleet } = view();
    const [entry] = fleet.update(named(order));
    assert.deepEqual(
      entry?.endpoints.map((endpoint) => endpoint.weight),
      [10],
    );
  }
});

test('host names are resolved by DNS, addresses are not', () => {
  const { fleet } = view();
  assert.equal(fleet.update(named([node(1)]))[0]?.resolution, 'STATIC');
  assert.equal(fleet.update(named([node(1), node(2).replace('127.0.0.1', 'pod.acme')]))[0]?.resolution, 'DNS');
});
