import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { suiteOwner } from './support/owner.ts';
import { Consumer, PeerError, Provider } from './support/peers.ts';
import { freePort, freePorts } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { unequalShapes } from './support/shapes.ts';
import { direct, WIRES } from './support/wires.ts';
import { ZooKeeper } from './support/zookeeper.ts';

// What the peers do without a proxy between them: the baseline of every test that has one.

for (const wire of WIRES) {
  const { module, serialization } = wire;
  describe(`${module} with ${serialization}, directly`, { skip: requireJava() }, () => {
    const owner = suiteOwner();
    let consumer: Consumer;

    before(async () => {
      const port = await freePort();
      await Provider.start(owner, module, { exports: [{ name: 'one', port, serialization }] });
      consumer = await Consumer.start(owner, module);
      await consumer.refer(direct(wire, port, 'echo', 'EchoService'));
      await consumer.refer(direct(wire, port, 'call', 'CallService'));
      await consumer.refer(direct(wire, port, 'listen', 'ListenService'));
      await consumer.refer(direct(wire, port, 'generic', 'CallService', { generic: true }));
      await consumer.refer(direct(wire, port, 'hurried', 'CallService', { timeout: 300 }));
    });

    test('every argument shape comes back as it was sent', async () => {
      assert.deepEqual(await unequalShapes(consumer, 'echo', wire), {});
    });

    test('a call carries its attachments', async () => {
      const answer = await consumer.who('call', { colour: 'green', 'x-empty': '' });
      assert.equal(answer.provider, 'one');
      assert.equal(answer.attachments['colour'], 'green');
    });

    test('exceptions arrive as themselves', async () => {
      await assert.rejects(consumer.call({ on: 'call', method: 'failUnchecked', args: ['broken'] }), (error) => {
        assert(error instanceof PeerError);
        assert.equal(error.className, 'java.lang.IllegalStateException');
        return true;
      });
    });

    test('a one-way call arrives', async () => {
      await consumer.call({ on: 'call', method: 'tell', args: ['one-way'], how: 'oneWay' });
      // It shares the connection with the next call, but not the provider's thread.
      let told: unknown;
      do told = await consumer.call({ on: 'call', method: 'notified' });
      while (!JSON.stringify(told).includes('one-way'));
    });

    test('asynchronous calls are answered, on both sides', async () => {
      assert.equal(((await consumer.call({ on: 'call', method: 'later', args: [20, 'future'] })) as { token: string }).token, 'future');
      assert.equal(((await consumer.call({ on: 'call', method: 'who', args: ['x'], how: 'async' })) as { token: string }).token, 'x');
    });

    test('a generic call finds its method', async () => {
      const answer = (await consumer.call({ on: 'generic', method: 'who', args: ['g'], types: ['java.lang.String'] })) as { token: string };
      assert.equal(answer.token, 'g');
    });

    test('the provider calls back', async () => {
      assert.equal(await consumer.call({ on: 'listen', method: 'subscribe', args: ['key', 'ear'] }), 'one');
      assert.equal(await consumer.call({ on: 'listen', method: 'publish', args: ['key', 'news'] }), 'ear heard news');
      assert.deepEqual(await consumer.heard('listen'), ['ear news']);
    });

    test('a call that takes too long times out', async () => {
      await assert.rejects(consumer.call({ on: 'hurried', method: 'slow', args: [900, 't'] }), { code: 'TIMEOUT' });
    });

    test('a load is accounted for', async () => {
      const report = await consumer.load({ on: 'call', calls: 400, threads: 4 });
      assert.deepEqual(
        { calls: report.calls, lost: report.lost, mixed: report.mixed, byProvider: report.byProvider, failures: report.failures },
        { calls: 400, lost: 0, mixed: 0, byProvider: { one: 400 }, failures: {} },
      );
    });
  });
}

for (const module of ['dubbo27', 'dubbo3'] as const) {
  describe(`${module} through a registry`, { skip: requireJava() }, () => {
    test('a consumer finds two providers that differ in tag and weight', async (t) => {
      const zookeeper = await ZooKeeper.start(t);
      const [first = 0, second = 0] = await freePorts(2);
      const provider = await Provider.start(t, module, {
        registry: zookeeper.url,
        exports: [
          { name: 'plain', port: first, version: '1.0.0', weight: 50 },
          { name: 'gray', port: second, version: '1.0.0', tag: 'gray' },
        ],
      });
      const nodes = (await zookeeper.tree()).filter((path) => path.startsWith('/dubbo/io.polywire.peers.CallService/providers/'));
      assert.equal(nodes.length, 2);
      for (const node of nodes) assert.match(decodeURIComponent(node), /\/dubbo:\/\/127\.0\.0\.1:\d+\//);

      const consumer = await Consumer.start(t, module);
      await consumer.refer({ on: 'call', service: 'CallService', registry: zookeeper.url, version: '1.0.0', check: true });
      assert.equal((await consumer.who('call', { 'dubbo.tag': 'gray' })).provider, 'gray');
      assert.equal((await consumer.who('call')).provider, 'plain');
      await provider.stop();
      assert.deepEqual(
        (await zookeeper.tree()).filter((path) => path.includes('/providers/')),
        [],
      );
    });
  });
}
