import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { ThriftLanguage } from './support/build-thrift.ts';
import { suiteOwner } from './support/owner.ts';
import { Polywire } from './support/polywire.ts';
import { assertAnswers } from './support/thrift-answers.ts';
import { ThriftFleet } from './support/thrift-fleet.ts';
import { thriftBootstrap, thriftEntries, thriftRoutes, thriftSubsets } from './support/thrift-mesh.ts';
import type { ThriftExport, ThriftWire } from './support/thrift-peers.ts';
import { requireThrift } from './support/thrift-requirements.ts';
import { unequalThriftShapes } from './support/thrift-shapes.ts';
import { eachOnBothSides, has, THRIFT_LANGUAGES, wireName, wiresBetween } from './support/thrift-wires.ts';

// Unmodified Thrift on both sides of the proxy: what a caller gets must be what it gets without one (thrift-peers.test.ts).

const PAIRS = eachOnBothSides();
type Pair = (typeof PAIRS)[number];
const LARGE_BYTES = 4 * 1024 * 1024;
const LARGE_WIRES = ['framed binary', 'unframed compact', 'header compact'];

/** Who serves callers that multiplex: all of one name, which routes tell apart by what they speak. */
const MULTIPLEXED: readonly { server: ThriftLanguage; wire: ThriftWire }[] = [
  { server: 'java', wire: { transport: 'unframed', protocol: 'binary', multiplexed: true } },
  { server: 'python', wire: { transport: 'unframed', protocol: 'compact', multiplexed: true } },
  { server: 'node', wire: { transport: 'framed', protocol: 'binary', multiplexed: true } },
  { server: 'go', wire: { transport: 'framed', protocol: 'compact', multiplexed: true } },
  { server: 'python', wire: { transport: 'header', protocol: 'binary', multiplexed: true } },
  { server: 'node', wire: { transport: 'header', protocol: 'compact', multiplexed: true } },
];

describe('Thrift through the proxy', { skip: requireThrift(...THRIFT_LANGUAGES) }, () => {
  const owner = suiteOwner();
  let peers: ThriftFleet;
  let proxy: Polywire;

  before(async () => {
    peers = await ThriftFleet.start(owner, THRIFT_LANGUAGES, {
      java: exportsOf('java'),
      node: exportsOf('node'),
      python: exportsOf('python'),
      go: exportsOf('go'),
    });
    proxy = await Polywire.start(owner, {
      'polywire.yaml': thriftBootstrap({
        ...Object.fromEntries(PAIRS.map((pair) => [listenerOf(pair), settingsOf(pair)])),
        // Go sends one-way calls as ordinary ones.
        multiplexed: { 'oneway-methods': 'Calls:note' },
      }),
      'mesh/pairs.yaml': thriftEntries(
        THRIFT_LANGUAGES.flatMap((language) =>
          exportsOf(language).map(({ name }) => ({
            service: serviceName(language, name),
            endpoints: [{ port: peers.provider(language).port(name) }],
          })),
        ),
      ),
      'mesh/multiplexed.yaml': ['Calls', 'Others'].map((service) => multiplexedMesh(service, peers)).join('---\n'),
    });
  });

  for (const pair of PAIRS) {
    const { client, server, wire } = pair;
    const name = wireName(wire);
    test(`${client} calls ${server}, ${name}`, async () => {
      await assertAsDirectly({ client, server, wire, port: proxy.portOf(listenerOf(pair)) });
    });

    if (LARGE_WIRES.includes(name)) {
      test(`${client} sends ${server} 4 MiB and gets them back, ${name}`, async () => {
        const consumer = peers.consumer(client);
        const on = `large ${server} ${name}`;
        await consumer.open({ ...wire, on, port: proxy.portOf(listenerOf(pair)) });
        for (const type of ['text', 'binary'] as const) {
          assert.deepEqual(await consumer.large(on, LARGE_BYTES, type), { length: LARGE_BYTES, equal: true });
        }
        await consumer.close(on);
      });
    }
  }

  for (const { server, wire } of MULTIPLEXED) {
    for (const client of THRIFT_LANGUAGES.filter((each) => each !== server && has(each, wire))) {
      test(`${client} calls two services of ${server}, ${wireName(wire)}`, async () => {
        await assertAsDirectly({ client, server, wire, port: proxy.portOf('multiplexed') });
        const consumer = peers.consumer(client);
        await consumer.open({ ...wire, on: 'others', port: proxy.portOf('multiplexed'), service: 'Others' });
        assert.equal((await consumer.who('others', {}, 'second')).provider, wireName(wire));
        await consumer.close('others');
      });
    }
  }

  async function assertAsDirectly(between: { client: ThriftLanguage; server: ThriftLanguage; wire: ThriftWire; port: number }) {
    const { client, server, wire, port } = between;
    const consumer = peers.consumer(client);
    const name = wireName(wire);
    const on = `${server} ${name}`;
    await consumer.open({ ...wire, on, port });
    assert.deepEqual(await unequalThriftShapes(consumer, on, between), {});
    await assertAnswers(consumer, { on, name, server, wire });
    const { calls, lost, mixed, byProvider, failures } = await consumer.load({ on, calls: 60, threads: 6 });
    assert.deepEqual(
      { calls, lost, mixed, byProvider, failures },
      { calls: 60, lost: 0, mixed: 0, byProvider: { [name]: 60 }, failures: {} },
    );
    await consumer.close(on);
  }
});

/** What a listener is told, that takes the calls of one language on one wire. */
function settingsOf({ client, server, wire }: Pair): Record<string, string> {
  const service = serviceName(server, wireName(wire));
  // Go sends one-way calls as ordinary ones.
  return client === 'go' ? { service, 'oneway-methods': 'note' } : { service };
}

function listenerOf({ client, server, wire }: Pair): string {
  return `${client}-${serviceName(server, wireName(wire))}`;
}

function serviceName(server: ThriftLanguage, name: string): string {
  return `${server}-${name.replaceAll(' ', '-')}`;
}

function exportsOf(language: ThriftLanguage): ThriftExport[] {
  return wiresBetween(language, language).map((wire) => ({ ...wire, name: wireName(wire) }));
}

function multiplexedMesh(service: string, peers: ThriftFleet): string {
  const versions = MULTIPLEXED.map(({ server, wire }) => ({ server, name: wireName(wire), version: `${wire.transport}-${wire.protocol}` }));
  const endpoints = versions.map(({ server, name, version }) => ({ port: peers.provider(server).port(name), labels: { version } }));
  const routes = MULTIPLEXED.map(({ wire: { transport, protocol } }) => ({
    match: [{ headers: { ':transport': { exact: transport }, ':encoding': { exact: protocol } } }],
    to: { [`${transport}-${protocol}`]: 1 },
  }));
  return [
    thriftEntries([{ service, endpoints }]),
    thriftSubsets(
      service,
      versions.map(({ version }) => version),
    ),
    thriftRoutes(service, routes),
  ].join('---\n');
}
