import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { suiteOwner } from './support/owner.ts';
import { Consumer, type Load, type LoadReport, Provider } from './support/peers.ts';
import type { Polywire } from './support/polywire.ts';
import { freePorts } from './support/ports.ts';
import { PUBLISHED_WIRES, publishingPolywire, sessionOf, standing, throughPolywire } from './support/publishing.ts';
import { requireJava } from './support/requirements.ts';
import { LONG_SESSION, ZooKeeper } from './support/zookeeper.ts';

const CALL = 'io.polywire.peers.CallService';
const THREADS = 8;
const LOAD: Load = { on: 'call', threads: THREADS, milliseconds: 600_000, pause: 1 };

for (const { name, module, serialization, layout, properties } of PUBLISHED_WIRES) {
  describe(`several Polywires in ZooKeeper under load, ${name}`, { skip: requireJava() }, () => {
    const owner = suiteOwner();
    let zookeeper: ZooKeeper;
    let consumer: Consumer;
    let first: Polywire;

    before(async () => {
      zookeeper = await ZooKeeper.start(owner, LONG_SESSION);
      const ports = await freePorts(2);
      const exports = ports.map((port, index) => ({ name: `provider${index}`, port, serialization }));
      const registry = throughPolywire(zookeeper);
      [first, consumer] = await Promise.all([
        started(),
        Consumer.start(owner, module, {}, properties(registry)),
        Provider.start(owner, module, { registry: zookeeper.url, exports }),
      ]);
      await standing(first, CALL);
      const service = { service: 'CallService', ...(layout === 'dubbo' ? { registry } : {}) } as const;
      await consumer.refer({ on: 'call', ...service, timeout: 20_000 });
      // Whoever waits for an answer that will not come.
      await consumer.refer({ on: 'hurried', ...service, timeout: 6_000 });
    });

    function started(publish: Readonly<Record<string, unknown>> = {}): Promise<Polywire> {
      return publishingPolywire(owner, zookeeper, { layouts: [layout], ...publish });
    }

    /** Resolves when no node names its address any more. */
    async function withdrawn({ port }: Polywire): Promise<void> {
      const address = new RegExp(`127\\.0\\.0\\.1(?::|%3A)${port}(?:%2F|$)`);
      while ((await zookeeper.tree()).some((path) => address.test(path)));
    }

    async function during(act: () => Promise<void>, on = LOAD.on): Promise<LoadReport> {
      const [report] = await Promise.all([consumer.load({ ...LOAD, on }), act().finally(() => consumer.stopLoad())]);
      return report;
    }

    /** Resolves when a proxy got so many more calls. */
    async function serves(proxy: Polywire, more = 100): Promise<void> {
      const before = okIn(await proxy.get('/stats'));
      await proxy.until('/stats', (page) => okIn(page) >= before + more);
    }

    function assertNothingLost(report: LoadReport): void {
      const { lost, mixed, failures, samples } = report;
      assert.deepEqual({ lost, mixed, failures, samples }, { lost: 0, mixed: 0, failures: {}, samples: [] });
      assert(report.calls >= 200, `${report.calls} calls`);
    }

    test('a second one gets its share, and takes its leave on SIGTERM, and no call is lost', async (t) => {
      const report = await during(async () => {
        await serves(first);
        const second = await started({ grace: '3s' });
        await standing(second, CALL);
        await serves(second);
        const stopped = second.stop();
        await withdrawn(second);
        // Consumers that have not heard of it yet are served, newcomers too.
        await connects(second.port);
        assert.equal(await stopped, 'exit code 0');
        await serves(first);
      });
      assertNothingLost(report);
      t.diagnostic(`${report.calls} calls`);
    });

    test('one that is killed costs no more than the calls that it was working on', async (t) => {
      const report = await during(async () => {
        const second = await started({ sessionTimeout: '2s' });
        await standing(second, CALL);
        await serves(second);
        await second.kill();
        await serves(first, 300);
      }, 'hurried');
      const { lost, mixed, failures } = report;
      assert.deepEqual({ lost, mixed }, { lost: 0, mixed: 0 });
      // Dubbo 3.3 waits for the answers of a connection that is gone, of providers as of proxies.
      const { 'RpcException/NETWORK': network = 0, 'RpcException/TIMEOUT': timedOut = 0, ...others } = failures;
      assert.deepEqual(others, {});
      assert(network + timedOut <= THREADS, `${network} and ${timedOut} calls failed`);
      t.diagnostic(`${network + timedOut} of ${report.calls} calls failed`);
    });

    test('one that loses its session is published again, and no call is lost', async (t) => {
      const report = await during(async () => {
        const second = await started();
        await standing(second, CALL);
        await serves(second);
        const former = await sessionOf(second);
        await zookeeper.expireSession(former);
        await second.until('/publish', (page) => page.includes('published') && !page.includes(former));
        await standing(second, CALL);
        await serves(second);
        assert.equal(await second.stop(), 'exit code 0');
      });
      assertNothingLost(report);
      t.diagnostic(`${report.calls} calls`);
    });
  });
}

async function connects(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}

function okIn(page: string): number {
  const lines = page.split('\n').filter((line) => line.startsWith('polywire_requests_total') && line.includes('outcome="ok"'));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
