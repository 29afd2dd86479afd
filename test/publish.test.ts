import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { suiteOwner } from './support/owner.ts';
import { Consumer, type Export, PeerError, Provider } from './support/peers.ts';
import type { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { PUBLISHED_WIRES, publishingPolywire, standing, throughPolywire } from './support/publishing.ts';
import { requireJava } from './support/requirements.ts';
import { LONG_SESSION, ZooKeeper } from './support/zookeeper.ts';

const CALL = 'io.polywire.peers.CallService';
const SETTLE_MILLISECONDS = 60_000;

for (const { name, module, serialization, layout, properties } of PUBLISHED_WIRES) {
  describe(`consumers find Polywire in ZooKeeper, ${name}`, { skip: requireJava() }, () => {
    const owner = suiteOwner();
    let zookeeper: ZooKeeper;
    let consumer: Consumer;
    let proxy: Polywire;
    let steady: Provider;

    before(async () => {
      zookeeper = await ZooKeeper.start(owner, LONG_SESSION);
      [proxy, consumer, steady] = await Promise.all([
        publishingPolywire(owner, zookeeper, { layouts: [layout] }),
        Consumer.start(owner, module, {}, properties(throughPolywire(zookeeper))),
        provider('steady', { group: 'g', version: '1.0.0', parameters: { timeout: '4000', 'slow.timeout': '300' } }),
      ]);
      await standing(proxy, `g/${CALL}:1.0.0`);
    });

    async function provider(called: string, more: Partial<Export> = {}): Promise<Provider> {
      const exports = [{ name: called, port: await freePort(), serialization, ...more }];
      return Provider.start(owner, module, { application: `peer-${called}`, registry: zookeeper.url, exports });
    }

    /** The application's own registry is in its properties. */
    const through = () => (layout === 'dubbo' ? { registry: throughPolywire(zookeeper) } : {});

    const requests = (): Promise<number> => proxy.stat('polywire_requests_total', 'outcome="ok"');

    async function refusal(call: Promise<unknown>): Promise<string> {
      const error = await call.then(
        () => assert.fail('it was answered'),
        (reason: unknown) => reason,
      );
      assert(error instanceof PeerError, String(error));
      return error.message;
    }

    test('by a changed registry address, and changed back they are direct again', async () => {
      const service = { service: 'CallService', group: 'g', version: '1.0.0' } as const;
      await consumer.refer({ on: 'through', ...service, ...through(), check: true });
      assert.equal((await consumer.who('through')).provider, 'steady');
      assert.equal(await requests(), 1);
      await consumer.close('through');
      if (layout === 'dubbo') {
        await consumer.refer({ on: 'direct', ...service, registry: zookeeper.url, check: true });
        assert.equal((await consumer.who('direct')).provider, 'steady');
        await consumer.close('direct');
      }
      assert.equal(await requests(), 1);
    });

    test("the timeouts of providers' methods are the consumers'", async () => {
      const service = { service: 'CallService', group: 'g', version: '1.0.0', timeout: 0 } as const;
      await consumer.refer({ on: 'timed', ...service, ...through() });
      assert.match(await refusal(consumer.call({ on: 'timed', method: 'slow', args: [2000, 'late'] })), /TIMEOUT|timeout/i);
      const later = (await consumer.call({ on: 'timed', method: 'later', args: [800, 'in time'] })) as { token: string };
      assert.equal(later.token, 'in time');
      await consumer.close('timed');
    });

    test('services of other groups and versions come with their first provider and go with their last', async () => {
      await consumer.refer({ on: 'v2', service: 'CallService', group: 'g', version: '2.0.0', ...through() });
      assert.match(await refusal(consumer.who('v2')), /FORBIDDEN|No provider/);
      const second = await provider('second', { group: 'g', version: '2.0.0' });
      await answers('v2', 'second');
      await consumer.refer({ on: 'v1', service: 'CallService', group: 'g', version: '1.0.0', ...through() });
      assert.equal((await consumer.who('v1')).provider, 'steady');
      const third = await provider('third', { group: 'g', version: '2.0.0' });
      await second.stop();
      await answers('v2', 'third');
      await third.stop();
      await standing(proxy, `g/${CALL}:2.0.0`, false);
      await isUnknown('v2');
      assert.equal((await consumer.who('v1')).provider, 'steady');
      await steady.served();
    });

    /** Consumers hear of providers when they hear of them. */
    async function answers(on: string, expected: string): Promise<void> {
      for (const deadline = Date.now() + SETTLE_MILLISECONDS; ; ) {
        const got = await consumer.who(on).then(
          (answer) => answer.provider,
          (error: unknown) => String(error),
        );
        if (got === expected) return;
        if (Date.now() > deadline) assert.fail(`${on}: ${got}, not ${expected}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }

    async function isUnknown(on: string): Promise<void> {
      for (const deadline = Date.now() + SETTLE_MILLISECONDS; ; ) {
        const got = await refusal(consumer.who(on));
        if (/FORBIDDEN|No provider/.test(got)) return;
        if (Date.now() > deadline) assert.fail(`${on}: ${got}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  });
}
