import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { bootstrap, entries } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, PeerError, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { unequalShapes } from './support/shapes.ts';
import { startTap, type TappedFrame } from './support/tap.ts';
import { direct, WIRES } from './support/wires.ts';

/** The first calls of a Java process take long on a slow machine, and megabytes do. */
const PATIENT = { timeout: 60_000 };

/** One in 200 ms; how late its answer may be is not what is tested. */
const HEARTBEATS = { heartbeat: '200', 'heartbeat.timeout': '60000' };

// Unmodified Dubbo on both sides of the proxy: what a caller gets must be what it gets without one (peers.test.ts).

for (const wire of WIRES) {
  describe(`${wire.module} with ${wire.serialization} through the proxy`, { skip: requireJava() }, () => {
    const owner = suiteOwner();
    let port: number;
    let proxy: Polywire;
    let consumer: Consumer;
    let second: Consumer;

    before(async () => {
      port = await freePort();
      [proxy, consumer, second] = await Promise.all([
        Polywire.start(owner, { 'polywire.yaml': bootstrap(), 'mesh/entries.yaml': entries([{ port }]) }),
        Consumer.start(owner, wire.module),
        Consumer.start(owner, wire.module),
        Provider.start(owner, wire.module, { exports: [{ name: 'one', port, serialization: wire.serialization }] }),
      ]);
      await consumer.refer(direct(wire, proxy.port, 'echo', 'EchoService', PATIENT));
      await consumer.refer(direct(wire, proxy.port, 'call', 'CallService', PATIENT));
      await consumer.refer(direct(wire, proxy.port, 'listen', 'ListenService'));
      await consumer.refer(direct(wire, proxy.port, 'generic', 'CallService', { generic: true, ...PATIENT }));
      await consumer.refer(direct(wire, proxy.port, 'hurried', 'CallService', { timeout: 300 }));
      await second.refer(direct(wire, proxy.port, 'call', 'CallService'));
      await second.refer(direct(wire, proxy.port, 'listen', 'ListenService'));
    });

    test('every argument shape comes back as it was sent', async () => {
      assert.deepEqual(await unequalShapes(consumer, 'echo', wire), {});
    });

    test('attachments arrive as they were sent', async () => {
      const sent = { colour: 'green', 'x-empty': '', 'x-chinese': '你好', 'x-emoji': '😀', 'x-long': 'v'.repeat(5000) };
      const { attachments } = await consumer.who('call', sent);
      for (const [name, value] of Object.entries(sent)) assert.equal(attachments[name], value, name);
    });

    test('exceptions arrive as themselves', async () => {
      await assert.rejects(consumer.call({ on: 'call', method: 'failUnchecked', args: ['broken'] }), {
        className: 'java.lang.IllegalStateException',
      });
      const checked = await consumer.call({ on: 'call', method: 'failChecked', args: ['a1'] }).catch((error: unknown) => error);
      assert(checked instanceof PeerError);
      assert.equal(checked.className, 'io.polywire.peers.AccountException');
      assert.equal(checked.details['account'], 'a1');
    });

    test('a one-way call arrives, and the call after it is answered', async () => {
      await consumer.call({ on: 'call', method: 'tell', args: ['one-way'], how: 'oneWay' });
      let told: unknown;
      do told = await consumer.call({ on: 'call', method: 'notified' });
      while (!JSON.stringify(told).includes('one-way'));
    });

    test('asynchronous calls are answered, on both sides', async () => {
      assert.equal(((await consumer.call({ on: 'call', method: 'later', args: [20, 'future'] })) as { token: string }).token, 'future');
      assert.equal(((await consumer.call({ on: 'call', method: 'who', args: ['x'], how: 'async' })) as { token: string }).token, 'x');
    });

    test('generic calls and the echo of Dubbo itself find their way', async () => {
      const call = { on: 'generic', method: 'who', args: ['g'], types: ['java.lang.String'] } as const;
      assert.equal(((await consumer.call(call)) as { token: string }).token, 'g');
      assert.equal(((await consumer.call({ ...call, how: 'async' })) as { token: string }).token, 'g');
      assert.equal(await consumer.call({ on: 'call', method: '$echo', args: ['hello'] }), 'hello');
    });

    test('the provider calls back the consumer that subscribed, and no other', async () => {
      for (const [each, key] of [
        [consumer, 'first'],
        [second, 'second'],
      ] as const) {
        assert.equal(await each.call({ on: 'listen', method: 'subscribe', args: [key, `${key} ear`] }), 'one');
      }
      // Whoever publishes, the call goes to the one that listens.
      assert.equal(await second.call({ on: 'listen', method: 'publish', args: ['first', 'a'] }), 'first ear heard a');
      assert.equal(await consumer.call({ on: 'listen', method: 'publish', args: ['second', 'b'] }), 'second ear heard b');
      assert.deepEqual(await consumer.heard('listen'), ['first ear a']);
      assert.deepEqual(await second.heard('listen'), ['second ear b']);
    });

    test('answers that come in another order go to their calls', async () => {
      const waits = [200, 10, 120, 60, 0];
      const answers = await Promise.all(waits.map((wait, i) => consumer.call({ on: 'call', method: 'slow', args: [wait, `t${i}`] })));
      assert.deepEqual(
        answers.map((answer) => (answer as { token: string }).token),
        ['t0', 't1', 't2', 't3', 't4'],
      );
    });

    test('two consumers whose calls share a connection get their own answers', async (t) => {
      // Its own proxy: elsewhere callbacks and large frames open connections too.
      const shared = await Polywire.start(t, { 'polywire.yaml': bootstrap(), 'mesh/entries.yaml': entries([{ port }]) });
      const consumers = [consumer, second];
      for (const each of consumers) await each.refer(direct(wire, shared.port, 'shared', 'CallService', { connections: 1 }));
      const reports = await Promise.all(consumers.map((each) => each.load({ on: 'shared', calls: 1500, threads: 8 })));
      for (const { calls, lost, mixed, byProvider, failures, samples } of reports) {
        assert.deepEqual(
          { calls, lost, mixed, byProvider, failures, samples },
          { calls: 1500, lost: 0, mixed: 0, byProvider: { one: 1500 }, failures: {}, samples: [] },
        );
      }
      assert.equal(await shared.stat('polywire_downstream_connections_total'), 2);
      assert.equal(await shared.stat('polywire_endpoint_connections_total'), 1);
      for (const each of consumers) await each.close('shared');
    });

    test('a call that takes too long times out, and its late answer disturbs nobody', async () => {
      const slow = consumer.call({ on: 'hurried', method: 'slow', args: [900, 'late'] });
      await assert.rejects(slow, { code: 'TIMEOUT' });
      // Over the same connection, and not in a hurry.
      const report = await consumer.load({ on: 'call', milliseconds: 1000, threads: 2, pause: 5 });
      assert.deepEqual({ lost: report.lost, mixed: report.mixed, failures: report.failures }, { lost: 0, mixed: 0, failures: {} });
    });

    test('the heartbeats of an idle consumer are answered', async (t) => {
      const tap = await startTap(t, proxy.port);
      await consumer.refer(direct(wire, tap.port, 'idle', 'CallService', { connections: 1, parameters: HEARTBEATS }));
      for (let beat = 0, from = 0; beat < 5; beat++) {
        const asked = await tap.find(from, (frame) => frame.direction === 'up' && isEvent(frame));
        await tap.find(from, (frame) => frame.direction === 'down' && isEvent(frame) && id(frame) === id(asked));
        from = tap.frames.indexOf(asked) + 1;
      }
      assert.equal((await consumer.who('idle')).provider, 'one');
      await consumer.close('idle');
    });
  });
}

function isEvent({ bytes }: TappedFrame): boolean {
  return (bytes.readUInt8(2) & 0x20) !== 0;
}

function id({ bytes }: TappedFrame): bigint {
  return bytes.readBigUInt64BE(4);
}
