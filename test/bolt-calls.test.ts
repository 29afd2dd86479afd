import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { boltBootstrap, boltEntries, toBolt } from './support/bolt-mesh.ts';
import { type BoltVersion, boltIdOf, boltVersionOf } from './support/bolt-wire.ts';
import { type Owner, suiteOwner } from './support/owner.ts';
import type { LoadReport } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePorts } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { SofaConsumer, type SofaExport, SofaProvider } from './support/sofa-peers.ts';
import { unequalSofaShapes } from './support/sofa-shapes.ts';
import { startTap, type Tap, type TappedFrame } from './support/tap.ts';

// Unmodified SOFARPC on both sides of the proxy: what a caller gets must be what it gets without one (sofa-peers.test.ts).

const VERSIONS: readonly BoltVersion[] = ['1', '2.1', '2.2'];
const HEARTBEAT_MILLISECONDS = 300;
/** A name, and what a caller must ask for to reach it. */
const BLUE = { version: '2.0', uniqueId: 'blue' };
const GREEN = { version: '2.0', uniqueId: 'green' };
const NODE = { version: '3.0' };

describe('SOFARPC through the proxy', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let proxy: Polywire;
  let bluePort: number;
  let java: SofaConsumer;
  let node: SofaConsumer;

  before(async () => {
    const [blue = 0, green = 0, plain = 0, onNode = 0] = await freePorts(4);
    bluePort = blue;
    const exports: SofaExport[] = [
      { name: 'blue', port: blue, ...BLUE },
      { name: 'green', port: green, ...GREEN },
      { name: 'plain', port: plain },
    ];
    [proxy, java, node] = await Promise.all([
      Polywire.start(owner, {
        'polywire.yaml': boltBootstrap(),
        'mesh/entries.yaml': boltEntries([
          { version: '2.0:blue', endpoints: [{ port: blue }] },
          { version: '2.0:green', endpoints: [{ port: green }] },
          { version: '1.0', endpoints: [{ port: plain }] },
          { version: '3.0', endpoints: [{ port: onNode }] },
        ]),
      }),
      SofaConsumer.start(owner, { heartbeat: HEARTBEAT_MILLISECONDS }),
      SofaConsumer.start(owner, {}, 'node'),
      SofaProvider.start(owner, { exports }),
      SofaProvider.start(owner, { exports: [{ name: 'node', port: onNode, ...NODE }] }, 'node'),
    ]);
    for (const bolt of VERSIONS) {
      await java.refer(toBolt(proxy.port, `echo${bolt}`, 'EchoService', { ...BLUE, bolt }));
      for (const consumer of [java, node]) {
        await consumer.refer(toBolt(proxy.port, `call${bolt}`, 'CallService', { ...BLUE, bolt }));
        await consumer.refer(toBolt(proxy.port, `note${bolt}`, 'NoteService', { ...BLUE, bolt }));
      }
      // sofa-rpc-node waits for a checksum in version 2.1 too.
      await java.refer(toBolt(proxy.port, `node call${bolt}`, 'CallService', { ...NODE, bolt, crc: bolt !== '2.1' }));
      await java.refer(toBolt(proxy.port, `node note${bolt}`, 'NoteService', { ...NODE, bolt, crc: bolt !== '2.1' }));
    }
  });

  for (const bolt of VERSIONS) {
    test(`every argument shape comes back as it was sent, 4 MiB among them, in version ${bolt}`, async () => {
      assert.deepEqual(await unequalSofaShapes(java, `echo${bolt}`), {});
    });

    test(`header entries and baggage arrive, and baggage comes back, in version ${bolt}`, async () => {
      const sent = { colour: 'green', 'x-empty': '', 'x-chinese': '你好', 'x-long': 'v'.repeat(5000), 'baggage.user': '안' };
      for (const seen of [await java.who(`call${bolt}`, sent), await java.note(`note${bolt}`, sent)]) {
        for (const [name, value] of Object.entries(sent)) assert.equal(seen.attachments[name], value, name);
      }
      const back = await java.callForBaggage({ on: `call${bolt}`, method: 'who', args: ['t'], attachments: sent });
      assert.deepEqual(back.baggage, { user: '안' });
    });

    test(`synchronous, future, callback and one-way calls in version ${bolt}`, async () => {
      const on = `call${bolt}`;
      for (const how of ['sync', 'future', 'callback'] as const) {
        assert.equal(((await java.call({ on, method: 'who', args: [how], how })) as { token: string }).token, how);
      }
      await java.call({ on, method: 'tell', args: [`one-way ${bolt}`], how: 'oneway' });
      // It shares the connection with the next call, but not the provider's thread.
      let told: unknown;
      do told = await java.call({ on, method: 'notified' });
      while (!JSON.stringify(told).includes(`one-way ${bolt}`));
    });

    test(`exceptions arrive as themselves with Hessian, and as a text with protobuf, in version ${bolt}`, async () => {
      for (const how of ['sync', 'future', 'callback'] as const) {
        await assert.rejects(java.call({ on: `call${bolt}`, method: 'failChecked', args: ['a1'], how }), {
          className: 'io.polywire.peers.AccountException',
        });
        await assert.rejects(java.call({ on: `call${bolt}`, method: 'failUnchecked', args: ['broken'], how }), {
          className: 'java.lang.IllegalStateException',
        });
      }
      const note = java.call({ on: `note${bolt}`, method: 'pass', args: [{ token: 't', fail: 'broken' }] });
      await assert.rejects(note, { code: 'SERVER_UNDECLARED_ERROR', message: /: broken$/ });
    });

    test(`a call from Node is answered by Java as it is directly, in version ${bolt}`, async () => {
      for (const seen of [await node.who(`call${bolt}`, { colour: 'green' }), await node.note(`note${bolt}`, { colour: 'green' })]) {
        assert.deepEqual([seen.provider, seen.attachments['colour']], ['blue', 'green']);
      }
      await assert.rejects(node.call({ on: `call${bolt}`, method: 'failUnchecked', args: ['broken'] }), {
        className: 'java.lang.IllegalStateException',
      });
      assertAllAnswered(await node.load({ on: `call${bolt}`, calls: 200, threads: 4 }), 'blue', 200);
    });

    test(`a call from Java is answered by Node as it is directly, in version ${bolt}`, async () => {
      const seen = await java.who(`node call${bolt}`, { colour: 'green' });
      assert.deepEqual([seen.provider, seen.attachments['colour']], ['node', 'green']);
      assertAllAnswered(await java.load({ on: `node call${bolt}`, calls: 200, threads: 4 }), 'node', 200);
      if (bolt !== '2.1') assert.equal((await java.note(`node note${bolt}`)).provider, 'node');
    });
  }

  test('what Java cannot read of the failures of Node, it cannot read through the proxy either', async () => {
    await assert.rejects(java.call({ on: 'node call1', method: 'failUnchecked', args: ['broken'] }), { code: 'CLIENT_DESERIALIZE' });
    await assert.rejects(java.call({ on: 'node note1', method: 'pass', args: [{ token: 't', fail: 'broken' }] }), {
      code: 'SERVER_UNDECLARED_ERROR',
      message: /: null$/,
    });
  });

  test('a call without the checksum is answered without one', async (t) => {
    const tap = await startTap(t, proxy.port, 'bolt frames');
    await java.refer(toBolt(tap.port, 'unchecked', 'CallService', { ...BLUE, bolt: '2.2', crc: false }));
    assert.equal((await java.who('unchecked')).provider, 'blue');
    const switches = tap.frames.filter((frame) => !isHeartbeat(frame)).map(({ bytes }) => bytes.readUInt8(11));
    assert.deepEqual(switches, [0, 0]);
    await java.close('unchecked');
  });

  test('the version and the uniqueId decide which service it is', async () => {
    await java.refer(toBolt(proxy.port, 'green', 'CallService', { ...GREEN, bolt: '2.2' }));
    await java.refer(toBolt(proxy.port, 'plain', 'CallService'));
    for (let i = 0; i < 3; i++) {
      assert.equal((await java.who('call2.2')).provider, 'blue');
      assert.equal((await java.who('green')).provider, 'green');
      assert.equal((await java.who('plain')).provider, 'plain');
      assert.equal((await java.who('node call1')).provider, 'node');
    }
  });

  test('answers that come in another order go to their calls', async () => {
    const waits = [200, 10, 120, 60, 0];
    const answers = await Promise.all(waits.map((wait, i) => java.call({ on: 'call2.2', method: 'slow', args: [wait, `t${i}`] })));
    assert.deepEqual(
      answers.map((answer) => (answer as { token: string }).token),
      ['t0', 't1', 't2', 't3', 't4'],
    );
  });

  test('callers of all versions at once get their own answers, over one connection for each version', async (t) => {
    const shared = await startBefore(t, bluePort);
    const loads: Promise<void>[] = [];
    for (const [who, consumer] of Object.entries({ java, node })) {
      for (const bolt of VERSIONS) {
        const on = `shared ${who} ${bolt}`;
        await consumer.refer(toBolt(shared.port, on, 'CallService', { ...BLUE, bolt }));
        loads.push(consumer.load({ on, name: on, calls: 500, threads: 4 }).then((report) => assertAllAnswered(report, 'blue', 500)));
      }
    }
    await Promise.all(loads);
    assert.equal(await shared.stat('polywire_endpoint_connections_total'), VERSIONS.length);
    for (const bolt of VERSIONS) {
      await java.close(`shared java ${bolt}`);
      await node.close(`shared node ${bolt}`);
    }
  });

  test('the heartbeats of idle consumers are answered in their version and not passed on', async (t) => {
    const upstream = await startTap(t, bluePort, 'bolt frames');
    const idle = await startBefore(t, upstream.port, { heartbeatInterval: '0s' });
    await Promise.all(
      VERSIONS.map(async (bolt) => {
        const tap = await startTap(t, idle.port, 'bolt frames');
        await java.refer(toBolt(tap.port, `idle ${bolt}`, 'CallService', { ...BLUE, bolt }));
        assert.equal((await java.who(`idle ${bolt}`)).provider, 'blue');
        await assertHeartbeats(tap, bolt);
        assert.equal((await java.who(`idle ${bolt}`)).provider, 'blue');
        await java.close(`idle ${bolt}`);
      }),
    );
    assert.equal(await idle.stat('polywire_downstream_connections_total'), VERSIONS.length);
    assert.deepEqual(upstream.frames.filter(isHeartbeat), []);
  });

  test('an idle provider answers the heartbeats of the proxy in the version of each connection', async (t) => {
    const upstream = await startTap(t, bluePort, 'bolt frames');
    const probing = await startBefore(t, upstream.port, { heartbeatInterval: `${HEARTBEAT_MILLISECONDS}ms` });
    for (const bolt of VERSIONS) {
      await java.refer(toBolt(probing.port, `probed ${bolt}`, 'CallService', { ...BLUE, bolt }));
      await java.who(`probed ${bolt}`);
    }
    await Promise.all(VERSIONS.map((bolt) => assertHeartbeats(upstream, bolt)));
    for (const bolt of VERSIONS) {
      assert.equal((await java.who(`probed ${bolt}`)).provider, 'blue');
      await java.close(`probed ${bolt}`);
    }
    assert.equal(await probing.stat('polywire_endpoint_connections_total'), VERSIONS.length);
  });
});

function startBefore(owner: Owner, port: number, upstream: object = {}): Promise<Polywire> {
  return Polywire.start(owner, {
    'polywire.yaml': boltBootstrap({ upstream }),
    'mesh/entries.yaml': boltEntries([{ endpoints: [{ port }] }]),
  });
}

/** More than the three in a row after which SOFARPC gives up a connection that does not answer. */
async function assertHeartbeats(tap: Tap, version: BoltVersion): Promise<void> {
  for (let beat = 0, from = 0; beat < 4; beat++) {
    const isOfVersion = (frame: TappedFrame) => isHeartbeat(frame) && boltVersionOf(frame.bytes) === version;
    const asked = await tap.find(from, (frame) => frame.direction === 'up' && isOfVersion(frame));
    from = tap.frames.indexOf(asked) + 1;
    const id = boltIdOf(asked.bytes);
    await tap.find(from, (frame) => frame.direction === 'down' && isOfVersion(frame) && boltIdOf(frame.bytes) === id);
  }
}

function assertAllAnswered({ calls, lost, mixed, byProvider, failures, samples }: LoadReport, by: string, expected: number): void {
  assert.deepEqual(
    { calls, lost, mixed, byProvider, failures, samples },
    { calls: expected, lost: 0, mixed: 0, byProvider: { [by]: expected }, failures: {}, samples: [] },
  );
}

/** The command code 0, behind the type. */
function isHeartbeat({ bytes }: TappedFrame): boolean {
  return bytes.readUInt16BE(bytes.readUInt8(0) === 1 ? 2 : 3) === 0;
}
