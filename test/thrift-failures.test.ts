import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { ThriftLanguage } from './support/build-thrift.ts';
import { PeerError } from './support/command-line.ts';
import { type Owner, suiteOwner } from './support/owner.ts';
import type { LoadReport } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { type ThriftEntry, thriftBootstrap, thriftEntries } from './support/thrift-mesh.ts';
import { ThriftConsumer, ThriftProvider, type ThriftWire } from './support/thrift-peers.ts';
import { requireThrift } from './support/thrift-requirements.ts';
import { eachOnBothSides, THRIFT_LANGUAGES, wireName } from './support/thrift-wires.ts';

// What users of each library see when something goes wrong.

const FRAMED: ThriftWire = { transport: 'framed', protocol: 'binary' };
const UNFRAMED: ThriftWire = { transport: 'unframed', protocol: 'binary' };
const THREADS = 8;
const UNKNOWN_METHOD = 1;
const INTERNAL_ERROR = 6;

describe('Thrift when something fails', { skip: requireThrift(...THRIFT_LANGUAGES) }, () => {
  const owner = suiteOwner();
  const consumers = new Map<ThriftLanguage, ThriftConsumer>();

  before(async () => {
    await Promise.all(THRIFT_LANGUAGES.map(async (language) => consumers.set(language, await ThriftConsumer.start(owner, language))));
  });

  function consumerIn(language: ThriftLanguage): ThriftConsumer {
    const consumer = consumers.get(language);
    if (consumer === undefined) throw new Error(`no consumer in ${language}`);
    return consumer;
  }

  describe('without anybody to answer', () => {
    let proxy: Polywire;
    before(async () => {
      const nobody = { service: 'Nobody', endpoints: [{ port: await freePort() }] };
      proxy = await Polywire.start(owner, {
        'polywire.yaml': thriftBootstrap({ nowhere: { service: 'Nowhere' }, nobody: { service: 'Nobody' } }),
        'mesh/entries.yaml': thriftEntries([nobody]),
      });
    });

    for (const { client, wire } of eachOnBothSides()) {
      test(`${client} is told why, ${wireName(wire)}`, async () => {
        const consumer = consumerIn(client);
        for (const [listener, type, why] of [
          ['nowhere', UNKNOWN_METHOD, /Nowhere/],
          ['nobody', INTERNAL_ERROR, /Nobody.*127\.0\.0\.1/],
        ] as const) {
          await consumer.open({ ...wire, on: listener, port: proxy.portOf(listener) });
          // The second call shows that the connection goes on.
          for (let call = 0; call < 2; call++) {
            const told = await failure(consumer.who(listener));
            assert.deepEqual([told.className, told.details['type']], ['TApplicationException', type]);
            assert.match(told.message, why);
          }
          await consumer.call({ on: listener, method: 'note', args: ['lost'] }).catch(() => undefined);
          await consumer.close(listener);
        }
      });
    }
  });

  for (const client of THRIFT_LANGUAGES) {
    test(`one of two services dies under the load of ${client}: only what it had fails`, async (t) => {
      const [leaves, stays] = await Promise.all([
        // Nobody else may listen there when it is dead.
        ThriftProvider.start(t, 'go', [{ ...FRAMED, name: 'leaves', port: await freePort() }]),
        ThriftProvider.start(t, 'go', [{ ...FRAMED, name: 'stays' }]),
      ]);
      const proxy = await startProxy(t, [
        { service: 'Served', endpoints: [{ port: leaves.port('leaves') }, { port: stays.port('stays') }] },
      ]);
      const consumer = consumerIn(client);
      await consumer.open({ ...FRAMED, on: 'dying', port: proxy.port });
      const die = async () => {
        await served(leaves, 'leaves', 100);
        await leaves.kill();
        const before = (await stays.served())['stays'] ?? 0;
        await served(stays, 'stays', before + 100);
      };
      const [report] = await Promise.all([
        consumer.load({ on: 'dying', threads: THREADS, milliseconds: 60_000, slow: 10 }),
        die().finally(() => consumer.stopLoad()),
      ]);
      assertAccounted(report, THREADS);
      await consumer.close('dying');
    });
  }

  test('a service that comes back is called again', async (t) => {
    const port = await freePort();
    const first = await ThriftProvider.start(t, 'java', [{ ...UNFRAMED, name: 'one', port }]);
    const proxy = await startProxy(t, [{ service: 'Served', endpoints: [{ port }] }]);
    const consumer = consumerIn('python');
    await consumer.open({ ...UNFRAMED, on: 'restarted', port: proxy.port });
    await consumer.who('restarted');
    await first.kill();
    await assert.rejects(consumer.who('restarted'), { className: 'TApplicationException' });
    await ThriftProvider.start(t, 'java', [{ ...UNFRAMED, name: 'two', port }]);
    await proxy.until('/stats', (stats) => /cluster_endpoints_available\{[^}]*\} 1/.test(stats));
    assert.equal((await consumer.who('restarted')).provider, 'two');
    await consumer.close('restarted');
  });

  test('a call after a service closed its idle connections is answered', async (t) => {
    const provider = await ThriftProvider.start(t, 'java', [{ ...FRAMED, name: 'hasty', idle: 500 }]);
    const proxy = await startProxy(t, [{ service: 'Served', endpoints: [{ port: provider.port('hasty') }] }]);
    for (const client of THRIFT_LANGUAGES) {
      const consumer = consumerIn(client);
      await consumer.open({ ...FRAMED, on: 'idle', port: proxy.port });
      for (let pause = 0; pause < 2; pause++) {
        assert.equal((await consumer.who('idle')).provider, 'hasty');
        await proxy.until('/stats', (stats) => /endpoint_connections_active\{[^}]*\} 0/.test(stats));
      }
      await consumer.close('idle');
    }
    assert.equal(await proxy.stat('polywire_local_replies_total'), 0);
  });

  test('a caller that speaks what a service does not costs callers that are connected no call', async (t) => {
    const provider = await ThriftProvider.start(t, 'python', [{ ...FRAMED, name: 'strict' }]);
    const proxy = await startProxy(t, [{ service: 'Served', endpoints: [{ port: provider.port('strict') }] }]);
    const [right, wrong] = [consumerIn('go'), consumerIn('node')];
    await right.open({ ...FRAMED, on: 'right', port: proxy.port });
    await wrong.open({ ...UNFRAMED, on: 'wrong', port: proxy.port });
    await right.load({ on: 'right', calls: 40, threads: 4 });
    const disturb = async () => {
      for (let call = 0; call < 20; call++) await assert.rejects(wrong.who('wrong'), { className: 'TApplicationException' });
    };
    const [report] = await Promise.all([
      right.load({ on: 'right', threads: 4, milliseconds: 60_000 }),
      disturb().finally(() => right.stopLoad()),
    ]);
    assertAccounted(report, 0);
    for (const each of [right, wrong]) await each.close(each === right ? 'right' : 'wrong');
  });

  test('nobody waits for the one-way calls of Go, which are sent as calls, when the listener knows them', async (t) => {
    const provider = await ThriftProvider.start(t, 'go', [{ ...FRAMED, name: 'one' }]);
    const entries: ThriftEntry[] = [{ service: 'Served', endpoints: [{ port: provider.port('one') }] }];
    const proxy = await startProxy(t, entries, { 'oneway-methods': 'other, note' });
    const go = consumerIn('go');
    await go.open({ ...FRAMED, on: 'telling', port: proxy.port });
    await go.call({ on: 'telling', method: 'note', args: ['told'] });
    await go.who('telling');
    assert.equal(await proxy.stat('polywire_requests_total', 'oneway'), 1);
    assert.equal(await proxy.stat('polywire_requests_active'), 0);
    // It may come over another connection than the call behind it.
    let noted: unknown;
    do noted = await go.call({ on: 'telling', method: 'noted' });
    while (JSON.stringify(noted) === '[]');
    assert.deepEqual(noted, ['told']);
    await go.close('telling');
  });

  test('a proxy that is told to end answers what is in flight, and waits for no caller that says nothing', {
    timeout: 180_000,
  }, async (t) => {
    const provider = await ThriftProvider.start(t, 'python', [{ ...UNFRAMED, name: 'one' }]);
    const proxy = await startProxy(t, [{ service: 'Served', endpoints: [{ port: provider.port('one') }] }]);
    for (const client of THRIFT_LANGUAGES) await consumerIn(client).open({ ...UNFRAMED, on: 'ending', port: proxy.port });
    const inFlight = THRIFT_LANGUAGES.map((client) => consumerIn(client).call({ on: 'ending', method: 'slow', args: [4000, client] }));
    await proxy.until('/stats', (stats) => /polywire_requests_active\{[^}]*\} 4/.test(stats));
    const ended = proxy.stop();
    const answers = await Promise.all(inFlight);
    assert.deepEqual(
      answers.map((answer) => (answer as { token: string }).token),
      THRIFT_LANGUAGES,
    );
    assert.equal(await ended, 'exit code 0');
    for (const client of THRIFT_LANGUAGES) {
      await assert.rejects(consumerIn(client).who('ending'), PeerError);
      await consumerIn(client).close('ending');
    }
  });
});

function startProxy(owner: Owner, entries: readonly ThriftEntry[], settings: Readonly<Record<string, string>> = {}): Promise<Polywire> {
  return Polywire.start(owner, {
    'polywire.yaml': thriftBootstrap(
      { calls: { service: 'Served', ...settings } },
      {
        upstream: { balance: 'request', backoff: { initial: '50ms', max: '200ms' } },
        drain: { quiet: '200ms', timeout: '5m' },
      },
    ),
    'mesh/entries.yaml': thriftEntries(entries),
  });
}

async function failure(call: Promise<unknown>): Promise<PeerError> {
  const error = await call.catch((error: unknown) => error);
  assert(error instanceof PeerError);
  return error;
}

/** Resolves when a provider served that many calls. */
async function served(provider: ThriftProvider, name: string, count: number): Promise<void> {
  while (((await provider.served())[name] ?? 0) < count);
}

function assertAccounted({ lost, mixed, failures, samples }: LoadReport, mostFailures: number): void {
  assert.deepEqual({ lost, mixed }, { lost: 0, mixed: 0 });
  const kinds = Object.keys(failures);
  assert.deepEqual(
    kinds.filter((kind) => kind !== `TApplicationException/${INTERNAL_ERROR}`),
    [],
    samples.join('\n'),
  );
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  assert(failed <= mostFailures, `${failed} calls failed: ${samples.join('\n')}`);
}
