import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { ThriftLanguage } from './support/build-thrift.ts';
import { PeerError } from './support/command-line.ts';
import type { MeshRoute } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { Polywire } from './support/polywire.ts';
import { ThriftFleet } from './support/thrift-fleet.ts';
import { thriftBootstrap, thriftEntries, thriftRoutes, thriftSubsets } from './support/thrift-mesh.ts';
import type { ThriftAnswer, ThriftWire } from './support/thrift-peers.ts';
import { requireThrift } from './support/thrift-requirements.ts';
import { THRIFT_LANGUAGES } from './support/thrift-wires.ts';

const ROUTES = 'mesh/routes.yaml';
const STABLE: MeshRoute = { to: { v1: 1 } };
const GRAY: MeshRoute = { match: [{ headers: { tag: { exact: 'gray' } } }], to: { v2: 1 } };

const HEADER: ThriftWire = { transport: 'header', protocol: 'binary' };
const FRAMED: ThriftWire = { transport: 'framed', protocol: 'binary' };
/** Servers with THeader answer in the encoding in which they are asked. */
const SPOKEN: Readonly<Record<ThriftLanguage, ThriftWire>> = {
  java: FRAMED,
  node: HEADER,
  python: { transport: 'header', protocol: 'compact' },
  go: { transport: 'header', protocol: 'compact' },
};
/** Whose library has THeader. */
const INFORMED: readonly ThriftLanguage[] = ['node', 'python', 'go'];

/** What has two versions: served with THeader, and without. */
const SERVICES = ['Users', 'Plain'];
const PICKED = [true, -7, 300, -70_000, 5_000_000_000, 1.5, 'picked', 200];
const CALLS = 2000;

describe('routing Thrift', { skip: requireThrift(...THRIFT_LANGUAGES) }, () => {
  const owner = suiteOwner();
  let peers: ThriftFleet;
  let proxy: Polywire;
  let inForce = routesFor([GRAY, STABLE]);

  before(async () => {
    peers = await ThriftFleet.start(owner, THRIFT_LANGUAGES, {
      python: [{ ...HEADER, name: 'v1' }],
      go: [{ ...HEADER, name: 'v2' }],
      java: [
        { ...FRAMED, name: 'v1' },
        { ...FRAMED, name: 'v2' },
        { transport: 'framed', protocol: 'compact', multiplexed: true, name: 'several' },
      ],
    });
    const endpoint = (language: ThriftLanguage, version: string) => ({
      port: peers.provider(language).port(version),
      labels: { version },
    });
    proxy = await Polywire.start(owner, {
      'polywire.yaml': thriftBootstrap(
        { users: { service: 'Users' }, plain: { service: 'Plain' }, orders: { service: 'Orders' } },
        { upstream: { balance: 'request' } },
      ),
      'mesh/entries.yaml': thriftEntries([
        { service: 'Users', endpoints: [endpoint('python', 'v1'), endpoint('go', 'v2')] },
        { service: 'Plain', endpoints: [endpoint('java', 'v1'), endpoint('java', 'v2')] },
        { service: 'Orders', endpoints: [endpoint('go', 'v2')] },
        { service: 'Calls', endpoints: [{ port: peers.provider('java').port('several') }] },
      ]),
      'mesh/subsets.yaml': SERVICES.map((service) => thriftSubsets(service, ['v1', 'v2'])).join('---\n'),
      [ROUTES]: inForce,
    });
    for (const language of THRIFT_LANGUAGES) {
      // The servers with THeader take no frames without.
      const listener = language === 'java' ? 'plain' : 'users';
      await peers.consumer(language).open({ ...SPOKEN[language], on: 'users', port: proxy.portOf(listener) });
    }
  });

  async function route(list: readonly MeshRoute[]): Promise<void> {
    const taken = (stats: string) => Number(/config_reloads_total\{result="taken"\} (\d+)/.exec(stats)?.[1]);
    const text = routesFor(list);
    if (text === inForce) return;
    const before = taken(await proxy.get('/stats'));
    proxy.replace(ROUTES, text);
    await proxy.until('/stats', (stats) => taken(stats) > before);
    inForce = text;
  }

  /** Resolves when the load that is running got more answers. */
  async function callsMore(): Promise<void> {
    const ok = () => proxy.stat('polywire_requests_total', 'outcome="ok"');
    const before = await ok();
    while ((await ok()) < before + 100);
  }

  async function whoAnswers(language: ThriftLanguage, headers?: Readonly<Record<string, string>>, token?: string): Promise<string> {
    return (await peers.consumer(language).who('users', headers, token)).provider;
  }

  test('an info of a THeader decides between gray and stable', async () => {
    for (const language of INFORMED) {
      assert.equal(await whoAnswers(language, { tag: 'gray' }), 'v2', language);
      assert.equal(await whoAnswers(language, { tag: 'green' }), 'v1', language);
      assert.equal(await whoAnswers(language), 'v1', language);
    }
    assert.equal(await whoAnswers('java', { tag: 'gray' }), 'v1', 'without THeader there are no infos');
  });

  test('a listener names the service of bare calls, and callers that multiplex name their own', async () => {
    const node = peers.consumer('node');
    await node.open({ ...SPOKEN.node, on: 'orders', port: proxy.portOf('orders') });
    assert.equal((await node.who('orders')).provider, 'v2');
    const several: ThriftWire = { transport: 'framed', protocol: 'compact', multiplexed: true };
    for (const listener of ['users', 'orders']) {
      await node.open({ ...several, on: 'several', port: proxy.portOf(listener) });
      assert.equal((await node.who('several')).provider, 'several');
      await node.close('several');
    }
    await node.close('orders');
  });

  for (const language of THRIFT_LANGUAGES) {
    test(`the method of ${language} decides`, async () => {
      await route([{ match: [{ uri: { regex: '/(Users|Plain)/slow' } }], to: { v2: 1 } }, STABLE]);
      const consumer = peers.consumer(language);
      assert.equal(((await consumer.call({ on: 'users', method: 'slow', args: [1, 't'] })) as ThriftAnswer).provider, 'v2');
      assert.equal(await whoAnswers(language), 'v1');
    });

    test(`arguments of ${language} decide, by the ids of their fields`, async () => {
      const headers = PICKED.map((value, at) => [`:argument[${at + 1}]`, { exact: String(value) }]);
      await route([{ match: [{ headers: Object.fromEntries(headers) }], to: { v2: 1 } }, STABLE]);
      const consumer = peers.consumer(language);
      const pick = async (args: readonly unknown[]) =>
        ((await consumer.call({ on: 'users', method: 'pick', args })) as ThriftAnswer).provider;
      assert.equal(await pick(PICKED), 'v2');
      for (const [at, other] of [false, 7, 301, 70_000, 5_000_000_001, 2.5, 'other', 1].entries()) {
        assert.equal(await pick(PICKED.with(at, other)), 'v1', `${other} as argument ${at + 1}`);
      }
    });

    test(`a timeout of the route is an exception for ${language}, whose connection goes on`, async () => {
      await route([{ ...STABLE, timeout: '150ms' }]);
      const consumer = peers.consumer(language);
      const late = await consumer.call({ on: 'users', method: 'slow', args: [600, 'late'] }).catch((error: unknown) => error);
      assert(late instanceof PeerError);
      assert.deepEqual([late.className, late.details['type']], ['TApplicationException', 6]);
      assert.match(late.message, /150 ms/);
      // The late answer comes to the proxy, which may get another before it.
      await route([STABLE]);
      const sent = peers.consumer(language).call({ on: 'users', method: 'slow', args: [600, 'next'] });
      assert.equal(((await sent) as ThriftAnswer).token, 'next');
    });
  }

  test('weights hold', async () => {
    await route([{ to: { v1: 90, v2: 10 } }]);
    const { byProvider, failures, mixed, lost } = await peers.consumer('go').load({ on: 'users', calls: CALLS, threads: 8 });
    assert.deepEqual({ failures, mixed, lost }, { failures: {}, mixed: 0, lost: 0 });
    const share = (byProvider['v2'] ?? 0) / CALLS;
    // Six standard deviations.
    assert(share > 0.06 && share < 0.14, `v2 got ${share} of the calls`);
  });

  for (const language of INFORMED) {
    test(`a route changes the infos that a service and ${language} see`, async () => {
      const request = { set: { 'x-set': 'new', 'x-fresh': 'set' }, add: { 'x-added': 'b' }, remove: ['x-gone'] };
      await route([{ ...STABLE, headers: { request, response: { set: { 'x-answer': 'told' }, remove: ['provider'] } } }]);
      const sent = { 'x-set': 'old', 'x-added': 'a', 'x-gone': 'here', 'x-kept': 'kept' };
      const { value, headers } = await peers.consumer(language).reply({ on: 'users', method: 'who', args: ['t'], headers: sent });
      assert.deepEqual((value as ThriftAnswer).headers, { 'x-set': 'new', 'x-fresh': 'set', 'x-added': 'a,b', 'x-kept': 'kept' });
      assert.deepEqual(headers, { 'x-answer': 'told' });
    });
  }

  test('an info that a route cannot write is an exception with the reason', async () => {
    await route([{ ...STABLE, headers: { request: { set: { 'x-set': 'new' } } } }]);
    const refused = await peers
      .consumer('java')
      .who('users')
      .catch((error: unknown) => error);
    assert(refused instanceof PeerError);
    assert.deepEqual([refused.className, refused.details['type']], ['TApplicationException', 7]);
    assert.match(refused.message, /headers cannot be edited/);
    await route([{ ...STABLE, headers: { request: { remove: ['x-gone'] } } }]);
    assert.equal(await whoAnswers('java'), 'v1');
  });

  test('routes change under load and no call notices', async () => {
    await route([STABLE]);
    const change = async () => {
      await callsMore();
      for (const to of ['v2', 'v1', 'v2']) {
        await route([{ to: { [to]: 1 } }]);
        await callsMore();
      }
    };
    const go = peers.consumer('go');
    const [{ lost, mixed, failures, byProvider }] = await Promise.all([
      go.load({ on: 'users', threads: 6, milliseconds: 60_000 }),
      change().finally(() => go.stopLoad()),
    ]);
    assert.deepEqual({ lost, mixed, failures }, { lost: 0, mixed: 0, failures: {} });
    assert.deepEqual(Object.keys(byProvider).sort(), ['v1', 'v2']);
    assert.equal(await whoAnswers('go'), 'v2');
  });

  test('a broken change is refused with its place, and the last good routes stay', async () => {
    await route([STABLE]);
    proxy.replace(ROUTES, routesFor([{ to: { v3: 1 } }]));
    await proxy.until('/stats', (stats) => /config_problems\{severity="error"\} [1-9]/.test(stats));
    assert.equal(await whoAnswers('node'), 'v1');
    await proxy.untilLogged(/routes\.yaml:\d+:\d+/);
  });
});

function routesFor(list: readonly MeshRoute[]): string {
  return SERVICES.map((service) => thriftRoutes(service, list)).join('---\n');
}
