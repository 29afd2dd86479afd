import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { suiteOwner } from './support/owner.ts';
import { Polywire } from './support/polywire.ts';
import { ThriftFleet } from './support/thrift-fleet.ts';
import { thriftBootstrap, thriftEntries } from './support/thrift-mesh.ts';
import type { ThriftWire } from './support/thrift-peers.ts';
import { requireThrift } from './support/thrift-requirements.ts';
import { THRIFT_LANGUAGES } from './support/thrift-wires.ts';

// Many callers on few upstream connections. Python sends 0 in every call, the others count from the same number on each connection.

const WIRE: ThriftWire = { transport: 'framed', protocol: 'compact' };
const EXPORT = { ...WIRE, name: 'shared' };
const CALLS = 200;
const PIPELINED = 300;
const SLOW = { calls: 12, threads: 12, slow: 1000 };
/** More than connections are shared. */
const MANY = { calls: 40, threads: 40, slow: 3000 };

describe('Thrift callers that share connections', { skip: requireThrift(...THRIFT_LANGUAGES) }, () => {
  const owner = suiteOwner();
  let peers: ThriftFleet;
  let proxy: Polywire;

  before(async () => {
    peers = await ThriftFleet.start(owner, THRIFT_LANGUAGES, {
      java: [EXPORT, { ...WIRE, name: 'alone' }],
      node: [EXPORT],
      python: [EXPORT],
      go: [EXPORT],
    });
    proxy = await Polywire.start(owner, {
      'polywire.yaml': thriftBootstrap(Object.fromEntries([...THRIFT_LANGUAGES, 'alone'].map((service) => [service, { service }]))),
      'mesh/entries.yaml': thriftEntries([
        ...THRIFT_LANGUAGES.map((service) => ({ service, endpoints: [{ port: peers.provider(service).port('shared') }] })),
        {
          service: 'alone',
          endpoints: [{ port: peers.provider('java').port('alone') }],
          settings: { 'calls-per-connection': 'one' },
        },
      ]),
    });
    for (const client of THRIFT_LANGUAGES) {
      for (const server of THRIFT_LANGUAGES) {
        await peers.consumer(client).open({ ...WIRE, on: server, port: proxy.portOf(server) });
      }
    }
  });

  for (const server of THRIFT_LANGUAGES) {
    // First, while the proxy does not know yet whether the service gives ids back.
    test(`slow calls of one ${server} service do not wait for each other`, async () => {
      for (const client of ['go', 'java'] as const) {
        const { byProvider, milliseconds } = await peers.consumer(client).load({ on: server, ...SLOW });
        assert.deepEqual(byProvider, { shared: SLOW.calls });
        assert(milliseconds < (SLOW.calls * SLOW.slow) / 2, `${SLOW.calls} calls of ${SLOW.slow} ms took ${milliseconds} ms`);
      }
    });

    test(`callers of all languages at once get their own answers from ${server}`, async () => {
      const reports = await Promise.all(
        THRIFT_LANGUAGES.map((client) => peers.consumer(client).load({ on: server, calls: CALLS, threads: 6 })),
      );
      for (const { calls, lost, mixed, byProvider, failures } of reports) {
        assert.deepEqual(
          { calls, lost, mixed, byProvider, failures },
          { calls: CALLS, lost: 0, mixed: 0, byProvider: { shared: CALLS }, failures: {} },
        );
      }
    });

    test(`a caller that does not wait for answers gets each from ${server}`, async () => {
      const node = peers.consumer('node');
      await Promise.all(Array.from({ length: PIPELINED }, (_, at) => node.who(server, {}, `token ${at}`)));
    });
  }

  test('any number of slow calls do not wait for each other where the service is sent one at a time', async () => {
    const go = peers.consumer('go');
    await go.open({ ...WIRE, on: 'alone', port: proxy.portOf('alone') });
    await go.load({ on: 'alone', calls: 20, threads: 2 });
    const { byProvider, milliseconds } = await go.load({ on: 'alone', ...MANY });
    assert.deepEqual(byProvider, { alone: MANY.calls });
    assert(milliseconds < 2 * MANY.slow, `${MANY.calls} calls of ${MANY.slow} ms took ${milliseconds} ms`);
  });
});
