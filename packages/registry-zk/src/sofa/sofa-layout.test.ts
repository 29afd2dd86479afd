import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestLeaf } from '../testing/leaf.ts';
import { javaUrlEncode } from '../testing/providers.ts';
import { RECORDED_NODES } from '../testing/recorded-nodes.ts';
import { SofaLayout } from './sofa-layout.ts';

const FLEET = 'com.acme.api.Fleet';
const ONLINE = Buffer.of(1);
const OFFLINE = Buffer.of(0);

function leaf(): { fleet: TestLeaf; log: string[] } {
  const log: string[] = [];
  return { fleet: new TestLeaf(new SofaLayout('/sofa-rpc', (level, message) => log.push(`${level}: ${message}`)), [FLEET]), log };
}

function node(port: number, query = ''): string {
  return javaUrlEncode(`bolt://127.0.0.1:${port}?version=1.0&weight=100&interface=${FLEET}&startTime=0&uniqueId=${query}`);
}

test('a provider of SOFARPC 5.13, its weight and what tells it from others', () => {
  const { fleet } = leaf();
  const [entry, ...others] = fleet.update(new Map([[RECORDED_NODES.sofa, ONLINE]]));
  assert.deepEqual(others, []);
  assert.deepEqual(
    [entry?.host, entry?.identity, entry?.protocol, entry?.ports, entry?.annotations.get('polywire.io/service')],
    [
      'com.acme.api.fleet.1-0-u1.sofarpc',
      { name: FLEET, group: undefined, version: '1.0:u1' },
      'bolt',
      [{ name: 'bolt', number: 12_200, protocol: 'TCP' }],
      `${FLEET}:1.0:u1`,
    ],
  );
  const [endpoint] = entry?.endpoints ?? [];
  assert.deepEqual([endpoint?.address, endpoint?.port, endpoint?.weight], ['127.0.0.1', 21_129, 200]);
  assert.deepEqual(Object.fromEntries(endpoint?.labels ?? []), {
    appName: 'fleet-provider',
    language: 'java',
    rpcVer: '51302',
    uniqueId: 'u1',
  });
  assert.equal(endpoint?.metadata.get('serialization'), 'hessian2');
});

test('each uniqueId is a service of its own', () => {
  const { fleet } = leaf();
  const entries = fleet.update(new Map([node(1), node(2, 'blue'), node(3, 'Blue')].map((each) => [each, ONLINE])));
  assert.deepEqual(
    entries.map((entry) => [entry.annotations.get('polywire.io/service'), entry.endpoints.map(({ port }) => port)]),
    [
      [`${FLEET}:1.0`, [1]],
      [`${FLEET}:1.0:blue`, [2]],
      [`${FLEET}:1.0:Blue`, [3]],
    ],
  );
  assert.equal(new Set(entries.map(({ host }) => host)).size, 3);
});

test('a provider whose data say that it is offline gets no calls, until they say otherwise', () => {
  const { fleet, log } = leaf();
  const ports = (data: Buffer): number[] | undefined => {
    fleet.update(
      new Map([
        [node(1), ONLINE],
        [node(2), data],
      ]),
    );
    return [...fleet.entries.values()][0]?.endpoints.map(({ port }) => port);
  };
  assert.deepEqual(ports(OFFLINE), [1]);
  assert.deepEqual(ports(ONLINE), [1, 2]);
  assert.deepEqual(ports(OFFLINE), [1]);
  // As older releases and other languages leave them
  assert.deepEqual(ports(Buffer.alloc(0)), [1, 2]);
  assert.deepEqual(log, Array(2).fill(`debug: ignored provider of ${FLEET}: offline: its data is the byte 00`));
});

test('a restarted provider counts once, and others than Bolt not at all', () => {
  const { fleet, log } = leaf();
  const restarted = node(1).replace('startTime%3D0', 'startTime%3D9').replace('weight%3D100', 'weight%3D7');
  const children = [node(1), restarted, javaUrlEncode(`rest://127.0.0.1:8341?uniqueId=`), 'junk'];
  const [entry] = fleet.update(new Map(children.map((each) => [each, ONLINE])));
  assert.deepEqual(
    entry?.endpoints.map(({ port, weight }) => [port, weight]),
    [[1, 7]],
  );
  assert.deepEqual(log, [
    `debug: ignored provider of ${FLEET}: protocol rest`,
    `warn: unreadable provider of ${FLEET}: not protocol://host:port/path`,
  ]);
});

test('parameters of the owner are labels, empty ones are not', () => {
  const { fleet } = leaf();
  const [entry] = fleet.update(new Map([[javaUrlEncode('bolt://h:1?env=gray&zone=&warmupTime=9&weight=-1'), ONLINE]]));
  const [endpoint] = entry?.endpoints ?? [];
  assert.deepEqual(Object.fromEntries(endpoint?.labels ?? []), { env: 'gray' });
  assert.deepEqual(Object.fromEntries(endpoint?.metadata ?? []), { warmupTime: '9', weight: '-1', zone: '' });
  assert.equal(endpoint?.weight, 0);
  assert.equal(entry?.resolution, 'DNS');
});
