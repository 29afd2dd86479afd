import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import { boltBootstrap, boltEntries, toBolt } from './support/bolt-mesh.ts';
import { type Owner, suiteOwner } from './support/owner.ts';
import { type LoadReport, PeerError } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { SofaConsumer, SofaProvider, type SofaRefer } from './support/sofa-peers.ts';

// What SOFARPC's callers see when the proxy, or the service behind it, cannot answer. No kind of call may wait for what never comes.

const HOWS = ['sync', 'future', 'callback'] as const;
type How = (typeof HOWS)[number];
const SOFA = 'com.alipay.sofa.rpc.core.exception';
const BOLT = 'com.alipay.remoting.rpc.exception';
const VERSIONS = ['1', '2.2'] as const;
const PENDING = 2;

/** What an application of SOFARPC catches. A future has what sofa-bolt makes of a status; SOFARPC makes its own of it for the others. */
interface Seen {
  readonly className: string;
  readonly code?: string;
}

const BUSY: Record<How, Seen> = {
  sync: { className: `${SOFA}.SofaRpcException`, code: 'SERVER_BUSY' },
  future: { className: `${BOLT}.InvokeServerBusyException` },
  callback: { className: `${SOFA}.SofaRpcException`, code: 'SERVER_UNDECLARED_ERROR' },
};
const LATE: Record<How, Seen> = {
  sync: { className: `${SOFA}.SofaTimeOutException`, code: 'CLIENT_TIMEOUT' },
  future: { className: `${BOLT}.InvokeTimeoutException` },
  callback: { className: `${SOFA}.SofaTimeOutException`, code: 'CLIENT_TIMEOUT' },
};
/** Failures that come with the proxy's reason, in the words in which SOFARPC's servers fail. */
const REFUSED: Seen = { className: `${SOFA}.SofaRpcException`, code: 'SERVER_UNDECLARED_ERROR' };

describe('SOFARPC callers when something behind them fails', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let consumer: SofaConsumer;
  let provider: SofaProvider | undefined;
  let port: number;

  before(async () => {
    port = await freePort();
    consumer = await SofaConsumer.start(owner);
  });

  beforeEach(async () => {
    provider ??= await SofaProvider.start(owner, { exports: [{ name: 'one', port }] });
  });

  /** A proxy before the provider. */
  function startProxy(t: Owner, to = port, more: Readonly<Record<string, unknown>> = {}): Promise<Polywire> {
    return Polywire.start(t, {
      'polywire.yaml': boltBootstrap(more),
      'mesh/entries.yaml': boltEntries([{ services: ['CallService', 'NoteService'], endpoints: [{ port: to }] }]),
    });
  }

  /** Refers for as long as the test runs: a reference goes on looking for a proxy that is gone. */
  async function refer(t: Owner, reference: SofaRefer): Promise<void> {
    await consumer.refer(reference);
    t.after(() => consumer.close(reference.on));
  }

  /** As `startProxy`, and the consumer calls it as `call1`, `call2.2` and `note`. */
  async function startCalledProxy(t: Owner, to = port, more: Readonly<Record<string, unknown>> = {}): Promise<Polywire> {
    const proxy = await startProxy(t, to, more);
    for (const bolt of VERSIONS) await refer(t, toBolt(proxy.port, `call${bolt}`, 'CallService', { bolt }));
    await refer(t, toBolt(proxy.port, 'note', 'NoteService', { bolt: '2.2' }));
    return proxy;
  }

  test('a service that nobody knows is named in the failure, whichever way it was called', async (t) => {
    const proxy = await startCalledProxy(t);
    for (const bolt of VERSIONS) {
      const on = `nowhere${bolt}`;
      await refer(t, toBolt(proxy.port, on, 'EchoService', { bolt }));
      for (const how of HOWS) {
        const call = consumer.call({ on, method: 'nothing', how });
        await assertFails(call, REFUSED, /knows io\.polywire\.peers\.EchoService/);
      }
    }
    assert.equal(await proxy.stat('polywire_local_replies_total', 'no-route'), VERSIONS.length * HOWS.length);
    assert.equal((await consumer.who('call1')).provider, 'one');
  });

  test('a service whose endpoints cannot be reached fails with their addresses, and the connection stays', async (t) => {
    const nobody = await freePort();
    const proxy = await startCalledProxy(t, nobody);
    const why = new RegExp(`127\\.0\\.0\\.1:${nobody} could not be reached`);
    for (const how of HOWS) {
      for (const bolt of VERSIONS) await assertFails(consumer.call({ on: `call${bolt}`, method: 'who', args: ['t'], how }), REFUSED, why);
      await assertFails(consumer.call({ on: 'note', method: 'pass', args: [{ token: 't' }], how }), REFUSED, why);
    }
    assert.equal(await proxy.stat('polywire_local_replies_total', 'no-healthy-upstream'), 3 * HOWS.length);
    // Two references of version 2.2 to one address share a connection.
    assert.equal(await proxy.stat('polywire_downstream_connections_total'), VERSIONS.length);
  });

  test('requests and answers over the limit fail with their sizes, and the connections stay', async (t) => {
    const limits = { maxFrameBytes: '64KiB', maxBufferedFrontBytes: '32KiB', relayThresholdBytes: '32KiB' };
    const proxy = await startCalledProxy(t, port, { limits });
    const tooLong = 'x'.repeat(100_000);
    for (const bolt of VERSIONS) {
      const on = `call${bolt}`;
      for (const how of HOWS) {
        const asked = consumer.call({ on, method: 'who', args: [tooLong], how });
        await assertFails(asked, REFUSED, /a request of 100\d+ bytes is over the limit of 65536/);
        const answered = consumer.call({ on, method: 'big', args: [tooLong.length], how });
        await assertFails(answered, REFUSED, /an answer of 100\d+ bytes is over the limit of 65536/);
      }
      assert.equal((await consumer.who(on)).provider, 'one');
    }
    assert.equal(await proxy.stat('polywire_downstream_connections_total'), VERSIONS.length);
    assert.equal(await proxy.stat('polywire_endpoint_connections_total'), VERSIONS.length);
  });

  test('sofa-rpc-node gets the reason with Hessian, and with protobuf loses its connection as to every failed service', async (t) => {
    const proxy = await startProxy(t, await freePort());
    const node = await SofaConsumer.start(t, {}, 'node');
    for (const bolt of VERSIONS) {
      await node.refer(toBolt(proxy.port, 'call', 'CallService', { bolt }));
      await node.refer(toBolt(proxy.port, 'note', 'NoteService', { bolt }));
      await assertFails(node.who('call'), { className: 'Error', code: '01' }, /could not be reached/);
      await assertFails(node.note('note'), { className: 'RpcSocketCloseError', code: '02' }, /closed/);
    }
    assert.equal(await proxy.stat('polywire_local_replies_total', 'no-healthy-upstream'), 2 * VERSIONS.length);
  });

  test('more calls than one connection may have under way are told that the service is busy', async (t) => {
    const proxy = await startCalledProxy(t, port, { limits: { maxPendingPerConnection: PENDING } });
    for (const bolt of VERSIONS) {
      const on = `call${bolt}`;
      await consumer.who(on);
      provider?.signal('SIGSTOP');
      const held = Promise.all(Array.from({ length: PENDING }, (_, i) => consumer.who(on, {}, `held ${i}`)));
      await underWay(proxy, PENDING);
      for (const how of HOWS) {
        await assertFails(consumer.call({ on, method: 'who', args: ['t'], how }), BUSY[how], /Server thread pool busy/);
      }
      provider?.signal('SIGCONT');
      await held;
      assert.equal((await consumer.who(on)).provider, 'one');
    }
    assert.equal(await proxy.stat('polywire_local_replies_total', 'overflow'), VERSIONS.length * HOWS.length);
  });

  test('a frozen provider is a timeout, and when it goes on its late answers reach nobody', async (t) => {
    const proxy = await startCalledProxy(t);
    await consumer.who('call1');
    await consumer.who('call2.2');
    provider?.signal('SIGSTOP');
    const calls = VERSIONS.flatMap((bolt) => HOWS.map((how) => ({ on: `call${bolt}`, method: 'who', args: ['late'], timeout: 300, how })));
    await Promise.all(calls.map((call) => assertFails(consumer.call(call), LATE[call.how], /timeout/i)));
    // Their own timers may be earlier than the proxy's.
    await proxy.until('/stats', (stats) => stats.includes(`reason="timeout"} ${calls.length}\n`));
    provider?.signal('SIGCONT');
    for (const bolt of VERSIONS) await assertClean(consumer.load({ on: `call${bolt}`, calls: 200, threads: 4 }));
    assert.equal(await proxy.stat('polywire_endpoint_connections_total'), VERSIONS.length);
  });

  test('what is under way at a provider that dies fails at once, whichever way it was called', async (t) => {
    const proxy = await startCalledProxy(t);
    await consumer.who('call1');
    await consumer.who('call2.2');
    await consumer.note('note');
    provider?.signal('SIGSTOP');
    const calls = HOWS.flatMap((how) => [
      ...VERSIONS.map((bolt) => consumer.call({ on: `call${bolt}`, method: 'who', args: ['t'], how })),
      consumer.call({ on: 'note', method: 'pass', args: [{ token: 't' }], how }),
    ]);
    const seen = Promise.all(calls.map((call) => assertFails(call, REFUSED, /no answer from the service/)));
    await underWay(proxy, calls.length);
    await killProvider();
    await seen;
    assert.equal(await proxy.stat('polywire_local_replies_total', 'upstream-reset'), calls.length);
  });

  test('a provider killed under load, and started again: every call is answered or fails as SOFARPC does', async (t) => {
    const proxy = await startCalledProxy(t, port, { upstream: { backoff: { initial: '50ms', max: '200ms' } } });
    const names = VERSIONS.map((bolt) => `call${bolt}`);
    const loads = Promise.all(names.map((on) => consumer.load({ on, name: on, threads: 4, milliseconds: 60_000, pause: 1 })));
    const turnOver = async () => {
      while (((await provider?.served())?.['one'] ?? 0) < 200);
      await killProvider();
      await proxy.until('/stats', (stats) => /reason="no-healthy-upstream"\} [1-9]/.test(stats));
      provider = await SofaProvider.start(owner, { exports: [{ name: 'two', port }] });
      while (((await provider.served())['two'] ?? 0) < 200);
    };
    await turnOver().finally(() => Promise.all(names.map((on) => consumer.stopLoad(on))));
    for (const { calls, lost, mixed, byProvider, failures } of await loads) {
      const { 'SofaRpcException/SERVER_UNDECLARED_ERROR': refused = 0, ...others } = failures;
      assert.deepEqual({ lost, mixed, others }, { lost: 0, mixed: 0, others: {} });
      assert.deepEqual(Object.keys(byProvider), ['one', 'two']);
      assert.equal((byProvider['one'] ?? 0) + (byProvider['two'] ?? 0) + refused, calls);
    }
    await killProvider();
  });

  test('a proxy that is told to end answers what is in flight, whichever way it was called', async (t) => {
    const proxy = await startCalledProxy(t);
    await consumer.who('call1');
    await consumer.who('call2.2');
    provider?.signal('SIGSTOP');
    const calls = VERSIONS.flatMap((bolt) =>
      HOWS.map(async (how) => {
        const token = `${bolt} ${how}`;
        const answer = await consumer.call({ on: `call${bolt}`, method: 'who', args: [token], how });
        assert.equal((answer as { token: string }).token, token);
      }),
    );
    await underWay(proxy, calls.length);
    const ended = proxy.stop();
    provider?.signal('SIGCONT');
    await Promise.all(calls);
    assert.equal(await ended, 'exit code 0');
    await assertFails(consumer.who('call1'), { className: `${SOFA}.SofaRouteException`, code: 'CLIENT_ROUTER' }, /./);
  });

  test('a proxy that ends under load: its callers go on with another one, and every call is accounted for', async (t) => {
    const [ending, other] = [await startProxy(t, port, { drain: { timeout: '1s' } }), await startProxy(t)];
    const url = `bolt://127.0.0.1:${ending.port},127.0.0.1:${other.port}`;
    const loads = VERSIONS.map(async (bolt) => {
      await refer(t, toBolt(other.port, `either${bolt}`, 'CallService', { bolt, url }));
      return consumer.load({ on: `either${bolt}`, name: `either${bolt}`, threads: 4, milliseconds: 60_000, pause: 1 });
    });
    const end = async () => {
      await other.until('/stats', (stats) => okCalls(stats) >= 100);
      assert.equal(await ending.stop(), 'exit code 0');
      const before = okCalls(await other.get('/stats'));
      await other.until('/stats', (stats) => okCalls(stats) >= before + 100);
    };
    await end().finally(() => Promise.all(VERSIONS.map((bolt) => consumer.stopLoad(`either${bolt}`))));
    for (const { calls, lost, mixed, byProvider, failures } of await Promise.all(loads)) {
      // The last of a caller that does not stop: the proxy's reason, or SOFARPC's for a connection that is gone.
      const kinds = ['SofaRpcException/SERVER_UNDECLARED_ERROR', 'SofaRpcException/CLIENT_NETWORK', 'SofaRouteException/CLIENT_ROUTER'];
      assert.deepEqual(
        { lost, mixed, others: Object.keys(failures).filter((kind) => !kinds.includes(kind)) },
        { lost: 0, mixed: 0, others: [] },
      );
      assert.equal(
        Object.values({ ...byProvider, ...failures }).reduce((sum, count) => sum + count, 0),
        calls,
      );
    }
  });

  async function killProvider(): Promise<void> {
    await provider?.kill();
    provider = undefined;
  }
});

async function assertFails(call: Promise<unknown>, { className, code }: Seen, message: RegExp): Promise<void> {
  const failure = await call.then(
    (value) => assert.fail(`answered ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  assert(failure instanceof PeerError, String(failure));
  assert.deepEqual({ className: failure.className, code: failure.code }, { className, code }, failure.message);
  assert.match(failure.message, message);
}

async function assertClean(load: Promise<LoadReport>): Promise<void> {
  const { lost, mixed, failures } = await load;
  assert.deepEqual({ lost, mixed, failures }, { lost: 0, mixed: 0, failures: {} });
}

/** Resolves when so many requests wait for an answer of the service. */
function underWay(proxy: Polywire, count: number): Promise<void> {
  return proxy.until('/stats', (stats) => new RegExp(`polywire_endpoint_requests_active\\{.*\\} ${count}\\n`).test(stats));
}

function okCalls(stats: string): number {
  return Number(/polywire_requests_total\{.*outcome="ok"\} (\d+)/.exec(stats)?.[1] ?? 0);
}
